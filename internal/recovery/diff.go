package recovery

import (
	"fmt"
	"maps"
	"path"
	"slices"
)

// Op is one kind of change.
type Op string

// The changes there are.
const (
	Create  Op = "create"
	SetData Op = "set"
	SetACL  Op = "acl"
	Delete  Op = "delete"
)

// Change is one change of one znode.
type Change struct {
	Op   Op
	Path string
	Was  Node // what it finds, with versions; nothing for Create
	Now  Node // what it makes; nothing for Delete
}

// Difference is what has to be changed, in an order in which it can be, and what is left alone although it differs.
type Difference struct {
	Changes []Change
	Notes   []string // sentences; paths are quoted
}

// Diff compares. Live has the scope and those of its ancestors that exist. Znodes that are only live are deleted if deleteExtra
// says so. Creates come parents first, then data, then ACLs, then deletes, children first.
func Diff(want, live Subtree, s Scope, deleteExtra bool) Difference {
	d := differ{want: want, live: live, scope: s, blocked: map[string]bool{}}
	paths := slices.Sorted(maps.Keys(want))
	for _, p := range paths {
		d.bring(p)
	}
	d.extra(deleteExtra)
	return Difference{Changes: slices.Concat(d.creates, d.data, d.acls, d.deletes), Notes: d.notes}
}

type differ struct {
	want, live                   Subtree
	scope                        Scope
	blocked                      map[string]bool // paths below which nothing can be created
	creates, data, acls, deletes []Change
	notes                        []string
}

func (d *differ) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// bring makes one znode what it was. It is called in order of paths, so parents come before their children.
func (d *differ) bring(p string) {
	want := d.want[p]
	have, ok := d.live[p]
	switch {
	case p != "/" && d.blocked[path.Dir(p)]:
		d.blocked[p] = true
		d.note("%q is left out: it would be below an ephemeral znode", p)
	case !ok:
		d.creates = append(d.creates, Change{Op: Create, Path: p, Now: want})
	case have.Kind == Ephemeral:
		d.blocked[p] = true
		d.note("%q is left alone: it is ephemeral now", p)
	case d.scope.holds(p):
		d.update(want, have)
	}
}

func (d *differ) update(want, have Node) {
	if !want.sameKind(have) {
		d.note("%q stays a %s znode: it was %s, and that can only be changed by deleting it", want.Path, describe(have), describe(want))
	}
	now := want
	now.Kind, now.TTL = have.Kind, have.TTL
	if string(want.Data) != string(have.Data) {
		d.data = append(d.data, Change{Op: SetData, Path: want.Path, Was: have, Now: now})
	}
	switch {
	case have.Masked:
		d.note("the ACL of %q is left alone: the servers show it only to who may administer the znode", want.Path)
	case !want.sameACL(have):
		d.acls = append(d.acls, Change{Op: SetACL, Path: want.Path, Was: have, Now: now})
	}
}

func describe(n Node) string {
	if n.Kind == TTL {
		return fmt.Sprintf("ttl (%s)", n.TTL)
	}
	return string(n.Kind)
}

// extra goes through what is only live, children first.
func (d *differ) extra(remove bool) {
	if d.scope.Only {
		return
	}
	kept := map[string]bool{} // znodes that cannot go because something below them stays
	paths := slices.Sorted(maps.Keys(d.live))
	slices.Reverse(paths)
	count := 0
	for _, p := range paths {
		have := d.live[p]
		if _, wanted := d.want[p]; wanted || p == "/" || !d.scope.holds(p) {
			continue
		}
		switch {
		case have.Kind == Ephemeral:
			kept[path.Dir(p)] = true
			continue
		case !remove:
			count++
			continue
		case kept[p]:
			d.note("%q stays: there are ephemeral or protected znodes below it", p)
		case have.Masked:
			d.note("%q stays: its ACL could not be brought back, because the servers show it only to who may administer the znode", p)
		default:
			d.deletes = append(d.deletes, Change{Op: Delete, Path: p, Was: have})
			continue
		}
		kept[path.Dir(p)] = true
	}
	if len(d.deletes) > 0 {
		d.note("an undo brings back what is deleted as persistent znodes: servers do not show clients which were containers or TTL znodes")
	}
	if count > 0 {
		d.note("znodes that were not there then are left alone: %d; give --delete-extra to delete them", count)
	}
}
