package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/recovery"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/restore"
)

type recoverFlags struct {
	archive     archiveFlags
	at          string
	timeline    int
	scope       recovery.Scope
	servers     []string
	deleteExtra bool
	dryRun      bool
	undo        string // to apply
	undoFile    string // to write
	maxRequest  byteSize
	identity    zooKeeperFlags
	identities  []string
	scratch     string
	output      *choice
}

func newRecover(s *session) *cobra.Command {
	f := recoverFlags{maxRequest: recovery.DefaultRequest, identity: zooKeeperFlags{sync: true}}
	cmd := &cobra.Command{
		Use:   "recover --archive URL --path PATH --servers HOST:PORT,… | recover --undo FILE --servers HOST:PORT,…",
		Short: "Bring a subtree from the archive back into a live ensemble",
		Long: "recover makes a subtree of a live ensemble, or one znode, what it was at a point of the archive, as a client. It changes\n" +
			"only what differs, in requests that hold only if nobody else has changed those znodes meanwhile, and first writes a file\n" +
			"that undoes it. Ephemeral znodes and /zookeeper are left alone. After an interruption, the same command does what is left.",
		Example: "  zkark recover --archive file:///backup/zk --at before-delete:/app/config --path /app --servers zk1:2181,zk2:2181 --dry-run\n" +
			"  zkark recover --undo zkark-undo-20260102T150405.000Z.jsonl --servers zk1:2181",
		Args: noArgs,
	}
	f.archive.add(cmd)
	f.output = outputFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.at, "at", "latest", "the `POINT` to recover from: "+archive.PointForms)
	timelineFlag(flags, &f.timeline)
	flags.StringVar(&f.scope.Path, "path", "", "the `PATH` of the znode at the top of the subtree")
	flags.BoolVar(&f.scope.Only, "only", false, "recover the znode alone and nothing below it")
	flags.StringSliceVar(&f.servers, "servers", nil, "the `HOST:PORT` of one or more servers of the live ensemble")
	flags.BoolVar(&f.deleteExtra, "delete-extra", false, "delete znodes that were not there at the point")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would be changed and change nothing")
	flags.StringVar(&f.undo, "undo", "", "undo what a recover did, by the `FILE` that it wrote")
	flags.StringVar(&f.undoFile, "undo-file", "", "the new `FILE` to write what undoes this (default zkark-undo-TIME.jsonl in the working directory)")
	flags.Var(&f.maxRequest, "max-request", "the most that one request may take, as `SIZE`; below the servers' jute.maxbuffer")
	flags.StringVar(&f.scratch, "scratch", "", "the `DIRECTORY` in which the archived state is built, and removed again (default the system's for temporary files)")
	flags.StringSliceVar(&f.identities, "identity", nil, "`FILE` with age identities to read encrypted objects with; may be repeated")
	f.identity.addIdentity(cmd, "the digest identity to read and write as")
	require(cmd, "servers")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.check(); err != nil {
			return err
		}
		if f.undo != "" {
			return s.runUndo(cmd.Context(), f)
		}
		return s.runRecover(cmd.Context(), f)
	}
	return cmd
}

func (f recoverFlags) check() error {
	for _, server := range f.servers {
		if _, _, err := net.SplitHostPort(server); err != nil {
			return usageError("--servers %q: want HOST:PORT", server)
		}
	}
	switch {
	case f.maxRequest < recovery.MinRequest || f.maxRequest > recovery.MaxRequest:
		return usageError("--max-request: want %s to %s", size(recovery.MinRequest), size(recovery.MaxRequest))
	case f.undo != "" && (f.archive.url != "" || f.scope.Path != "" || f.undoFile != "" || f.deleteExtra || f.scope.Only):
		return usageError("--undo takes all it needs from its file: leave out --archive, --path, --only, --delete-extra and --undo-file")
	case f.undo != "":
		return nil
	case f.archive.url == "" || f.scope.Path == "":
		return usageError("recover needs --archive and --path, or --undo")
	case f.scope.Only && f.deleteExtra:
		return usageError("--only and --delete-extra: nothing below the znode is looked at, so nothing can be deleted")
	}
	if err := f.scope.Check(); err != nil {
		return usageError("--path: %w", err)
	}
	return nil
}

func (f recoverFlags) connect(ctx context.Context) (*zk.Conn, error) {
	config, err := f.identity.tls()
	if err != nil {
		return nil, err
	}
	auth, err := f.identity.readAuth()
	if err != nil {
		return nil, err
	}
	return recovery.Connect(ctx, f.servers, config, auth)
}

func (s *session) runRecover(ctx context.Context, f recoverFlags) error {
	live, err := f.connect(ctx)
	if err != nil {
		return err
	}
	defer live.Close()
	archived, err := s.archivedTree(ctx, f)
	if err != nil {
		return withKeyAdvice(fmt.Errorf("recover %q: %w", f.scope.Path, err))
	}
	want, err := recovery.Select(archived, f.scope)
	if err != nil {
		return &codedError{exitNothing, fmt.Errorf("recover: %w", err)}
	}
	diff, err := f.differ(ctx, live, want)
	if err != nil {
		return err
	}
	shown := newRecovered(f.scope.Path, archived.LastZxid(), diff)
	batches, err := recovery.Batches(diff.Changes, int(f.maxRequest))
	if err != nil || f.dryRun || len(batches) == 0 {
		return errors.Join(s.printRecovered(shown, f.output.value), err)
	}
	if err := s.printRecovered(shown, f.output.value); err != nil { // what it is about to do, while somebody can still stop it
		return err
	}
	if f.undoFile == "" {
		f.undoFile = "zkark-undo-" + time.Now().UTC().Format("20060102T150405.000Z") + ".jsonl"
	}
	if err := recovery.WriteUndo(f.undoFile, f.scope, diff.Changes); err != nil {
		return err
	}
	shown.UndoFile = f.undoFile
	shown.Applied, err = recovery.Apply(ctx, live, batches)
	if err == nil {
		err = f.nothingLeft(ctx, live, want)
	}
	shown.done(err)
	return errors.Join(s.printRecovered(shown, f.output.value), err)
}

func (f recoverFlags) differ(ctx context.Context, live *zk.Conn, want recovery.Subtree) (recovery.Difference, error) {
	have, err := recovery.Read(ctx, live, f.scope)
	if err != nil {
		return recovery.Difference{}, err
	}
	return recovery.Diff(want, have, f.scope, f.deleteExtra), nil
}

// nothingLeft reads the subtree again: done is only what can be seen to be.
func (f recoverFlags) nothingLeft(ctx context.Context, live *zk.Conn, want recovery.Subtree) error {
	left, err := f.differ(ctx, live, want)
	if err != nil {
		return fmt.Errorf("read again what was recovered: %w", err)
	}
	if n := len(left.Changes); n > 0 {
		return &codedError{exitTemporary, fmt.Errorf("everything was applied, and already %d changes are needed again, the first at %q: "+
			"other clients write there", n, left.Changes[0].Path)}
	}
	return nil
}

// archivedTree rebuilds the state at the point, in a directory that is gone afterwards.
func (s *session) archivedTree(ctx context.Context, f recoverFlags) (t *tree.Tree, err error) {
	to, err := parsePoint(f.at)
	if err != nil {
		return nil, err
	}
	bucket, err := f.archive.open(ctx)
	if err != nil {
		return nil, err
	}
	defer bucket.Close()
	dir, err := os.MkdirTemp(f.scratch, "zkark-recover-")
	if err != nil {
		return nil, usageError("--scratch: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	config := restore.Config{Bucket: bucket, DataDir: dir, To: to, Timeline: f.timeline, Now: time.Now}
	if config.Identities, err = s.readIdentities(f.identities); err != nil {
		return nil, err
	}
	progress := s.newProgress()
	config.Observe = progress
	t, _, err = restore.Tree(ctx, config)
	progress.end(err == nil)
	return t, err
}

func (s *session) runUndo(ctx context.Context, f recoverFlags) error {
	changes, err := recovery.ReadUndo(f.undo)
	if err != nil {
		return configError(err)
	}
	live, err := f.connect(ctx)
	if err != nil {
		return err
	}
	defer live.Close()
	have, err := recovery.ReadPaths(ctx, live, changes)
	if err != nil {
		return err
	}
	back, err := recovery.Undo(changes, have)
	if err != nil {
		return err
	}
	shown := newRecovered(f.undo, zookeeper.Zxid(0), recovery.Difference{Changes: back})
	batches, err := recovery.Batches(back, int(f.maxRequest))
	if err != nil || f.dryRun || len(batches) == 0 {
		return errors.Join(s.printRecovered(shown, f.output.value), err)
	}
	if err := s.printRecovered(shown, f.output.value); err != nil {
		return err
	}
	shown.Applied, err = recovery.Apply(ctx, live, batches)
	shown.done(err)
	return errors.Join(s.printRecovered(shown, f.output.value), err)
}
