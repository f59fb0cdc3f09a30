package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// pointsVariable is how many random points are restored and booted; a boot takes two seconds of a processor.
const pointsVariable = "ZKARK_E2E_POINTS"

func TestARandomPointOfALongHistoryBootsARealServerThatShowsExactlyThatState(t *testing.T) {
	o := rolling()
	o.JVM = append(o.JVM, "-Dznode.container.checkIntervalMs=300")
	f, members := newReconfigurableFleet(t, o)
	f.longHistory(members)
	conn := f.connect()
	live := f.withoutConfig(f.znodes(conn))
	f.waitArchived()
	f.stopSidecars()
	for _, s := range f.servers {
		f.must(s.Kill())
	}
	f.expectDeadBranch()
	server, txns := f.wholeLog()
	f.expectEveryType(txns)

	points := f.randomPoints(txns)
	last := txns[len(txns)-1].Zxid
	m := f.newModel(server, append(points, last))
	end, err := m.at(last)
	f.must(err)
	expectNone(t, loop.Differences(live, f.withoutConfig(end))) // the model is the ensemble's history, or nothing that follows counts
	began := time.Now()
	f.bootAll(m, points)
	t.Logf("%d of %d transactions restored, booted and compared, in %s", len(points), len(txns), time.Since(began).Round(time.Second))
}

// longHistory has everything in it that a history can have: all kinds of transactions, sessions that come and go, elections, and
// leaders that die with proposals that nobody else has. A leader that died may get a snapshot when it comes back, and then its log has a
// hole; so one of the servers never dies as a leader.
func (f *fleet) longHistory(members []string) {
	f.t.Helper()
	died := map[int]bool{}
	w := f.startWriters("/load", 2)
	for round := range 4 {
		f.more(w, 40)
		f.everyKind(fmt.Sprintf("/ark-%d", round))
		leader := f.leader()
		_, err := f.connect(f.servers[leader]).IncrementalReconfig([]string{members[round%3]}, nil, -1) // it joins as what it is
		f.must(err)
		died[leader] = true
		switch {
		case len(died) == len(f.servers):
			delete(died, leader)
		case round%2 == 0:
			f.orphanProposals(10)
		default:
			f.must(f.servers[leader].Kill())
		}
		f.more(w, 40)
		f.boot()
		f.more(w, 40)
	}
	f.end(w)
}

// everyKind writes znodes of all kinds with a session that ends, and has the ensemble remove a container.
func (f *fleet) everyKind(root string) {
	f.t.Helper()
	conn, err := loop.Connect(f.ctx, f.servers[0].Addr())
	f.must(err)
	defer conn.Close()
	_, err = loop.Write(f.ctx, conn, loop.KindsOf(f.servers[0].Release(), loop.Workload{Root: root, Scale: 64}))
	f.must(err)
	f.must(loop.Create2(f.ctx, f.servers[0].Addr(), root+"/asked", []byte("for its Stat")))
	f.must(loop.MultiOfKinds(f.ctx, f.servers[0].Addr(), root+"/together"))
	if _, err := conn.Create(root, nil, 0, zk.WorldACL(zk.PermAll)); err == nil { // a failure takes a zxid too
		f.t.Errorf("%s was made twice", root)
	}
	box := root + "-box"
	_, err = conn.CreateContainer(box, nil, zk.FlagContainer, zk.WorldACL(zk.PermAll))
	f.must(err)
	_, err = conn.Create(box+"/in", nil, 0, zk.WorldACL(zk.PermAll))
	f.must(err)
	f.must(conn.Delete(box+"/in", -1))
	for there := true; there; {
		there, _, err = conn.Exists(box)
		f.must(err)
		f.must(f.ctx.Err())
	}
}

// wholeLog is a server that has logged every transaction of the history, and all of them.
func (f *fleet) wholeLog() (server int, txns []txnlog.Txn) {
	f.t.Helper()
	for i, s := range f.servers {
		var all []txnlog.Txn
		for _, name := range f.glob(s.LogDir(), zookeeper.VersionDir, "log.*") {
			all = append(all, readLog(f.t, name)...)
		}
		slices.SortStableFunc(all, func(a, b txnlog.Txn) int { return int(int64(a.Zxid) - int64(b.Zxid)) })
		whole := unbroken(all)
		if whole == nil && len(all) > len(txns) {
			server, txns = i, all
		}
		f.t.Logf("server %d has logged %d transactions: %v", i+1, len(all), whole)
	}
	if txns == nil {
		f.t.Fatal("no server has logged the whole history")
	}
	return server, txns
}

func unbroken(txns []txnlog.Txn) error {
	last := zookeeper.MakeZxid(1, 0)
	for _, txn := range txns {
		if next := zookeeper.MakeZxid(txn.Zxid.Epoch(), 1); txn.Zxid != last+1 && txn.Zxid != next {
			return fmt.Errorf("%s follows %s", txn.Zxid, last)
		}
		last = txn.Zxid
	}
	return nil
}

func (f *fleet) expectEveryType(txns []txnlog.Txn) {
	f.t.Helper()
	count, nested := map[txnlog.Type]int{}, map[txnlog.Type]int{}
	for _, txn := range txns {
		count[txn.Type]++
		if multi, ok := txn.Body.(txnlog.Multi); ok {
			for _, op := range multi.Ops {
				nested[op.Type]++
			}
		}
	}
	for _, want := range []txnlog.Type{
		txnlog.TypeCreate, txnlog.TypeCreateContainer, txnlog.TypeCreateTTL, txnlog.TypeDelete, txnlog.TypeDeleteContainer,
		txnlog.TypeSetData, txnlog.TypeSetACL, txnlog.TypeMulti, txnlog.TypeCreateSession, txnlog.TypeCloseSession, txnlog.TypeError,
		txnlog.TypeCreate2, txnlog.TypeReconfig,
	} {
		if count[want] == 0 {
			f.t.Errorf("the history has no transaction of type %v: the test proves little", want)
		}
	}
	for _, want := range []txnlog.Type{
		txnlog.TypeCreate, txnlog.TypeCreateContainer, txnlog.TypeCreateTTL, txnlog.TypeDelete, txnlog.TypeSetData, txnlog.TypeCheck, txnlog.TypeError,
	} {
		if nested[want] == 0 {
			f.t.Errorf("the history has no multi with an operation of type %v: the test proves little", want)
		}
	}
	f.t.Logf("%d transactions, in epochs %d to %d: %v, in multis %v", len(txns), txns[0].Zxid.Epoch(), txns[len(txns)-1].Zxid.Epoch(), count, nested)
}

// randomPoints are different ones, as many as the environment says; the first and the last of each epoch are always among them.
func (f *fleet) randomPoints(txns []txnlog.Txn) []zookeeper.Zxid {
	f.t.Helper()
	want := 20
	if text := os.Getenv(pointsVariable); text != "" {
		var err error
		want, err = strconv.Atoi(text)
		f.must(err)
	}
	var points []zookeeper.Zxid
	for i, txn := range txns {
		if i == len(txns)-1 || txns[i+1].Zxid.Epoch() != txn.Zxid.Epoch() || txn.Zxid.Counter() == 1 {
			points = append(points, txn.Zxid)
		}
	}
	for _, i := range rand.Perm(len(txns)) {
		if len(points) < want && !slices.Contains(points, txns[i].Zxid) {
			points = append(points, txns[i].Zxid)
		}
	}
	return points
}

// bootAll goes through the points, two at a time, in each of the forms that a restore has.
func (f *fleet) bootAll(m model, points []zookeeper.Zxid) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 15*time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	var booted atomic.Int32
	for i, point := range points {
		group.Go(func() error {
			b := pointBoot{f: f, dir: filepath.Join(f.dir, "point-"+point.String()), point: point}
			if err := b.run(ctx, m, i%3); err != nil {
				return fmt.Errorf("%s (form %d): %w", point, i%3, err)
			}
			booted.Add(1)
			return os.RemoveAll(b.dir)
		})
	}
	if err := group.Wait(); err != nil {
		f.t.Errorf("after %d points: %v", booted.Load(), err)
	}
}

// pointBoot restores one point into a directory of its own and boots a server there.
type pointBoot struct {
	f     *fleet
	dir   string
	point zookeeper.Zxid
}

func (b pointBoot) run(ctx context.Context, m model, form int) (err error) {
	want, err := m.at(b.point)
	if err != nil {
		return err
	}
	s, err := zkserver.New(b.f.servers[0].Release(), b.dir, zkserver.Options{JVM: []string{loop.ExtendedTypes}})
	if err != nil {
		return err
	}
	if err := b.restore(ctx, s, form); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Kill()) }()
	if err := s.Start(ctx); err != nil {
		return err
	}
	conn, err := loop.Connect(ctx, s.Addr())
	if err != nil {
		return err
	}
	defer conn.Close()
	got, err := loop.ReadAll(ctx, conn)
	if err != nil {
		return err
	}
	wrong := loop.Differences(b.f.withoutConfig(want), b.f.withoutConfig(got))
	complaints, err := s.Complaints()
	if wrong = append(wrong, complaints...); len(wrong) > 0 {
		err = errors.Join(err, errors.New(strings.Join(wrong[:min(5, len(wrong))], "\n")))
	}
	return err
}

// restore makes what a member of an ensemble gets, a base and logs; or the one snapshot that a standalone server gets, which goes on above all
// that was seen; or the one that a member gets when asked for it.
func (b pointBoot) restore(ctx context.Context, s *zkserver.Server, form int) error {
	config, args := filepath.Join(b.dir, "member.cfg"), []string{"--at", b.point.String(), "--rejoin=force"}
	member := fmt.Sprintf("dataDir=%s\nclientPort=1\nserver.1=127.0.0.1:2:3\nserver.2=127.0.0.1:4:5\nserver.3=127.0.0.1:6:7\n", s.DataDir())
	if err := os.WriteFile(config, []byte(member), 0o644); err != nil {
		return err
	}
	switch form {
	case 1:
		config = s.ConfigFile()
	case 2:
		args = append(args, "--crisp")
	}
	if config != s.ConfigFile() {
		if err := os.WriteFile(filepath.Join(s.DataDir(), "myid"), []byte("1\n"), 0o644); err != nil {
			return err
		}
	}
	_, err := b.f.zkarkFor(config).Restore(ctx, args...)
	return err
}
