package loop

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/zkark/zkark/test/zkserver"
	"golang.org/x/sync/errgroup"
)

// Workload is what Write writes.
type Workload struct {
	Root  string // a new child of /, like /ark
	Scale int    // the number of znodes of the most common kind; others are fewer
	// Containers and TTL ask for znodes that not every release and setting has; KindsOf knows.
	Containers, TTL bool
}

// KindsOf fills in the kinds of znodes that a release has. TTL znodes also need the JVM flag ExtendedTypes.
func KindsOf(r zkserver.Release, w Workload) Workload {
	w.Containers = r.AtLeast(3, 5)
	w.TTL = r.AtLeast(3, 5)
	return w
}

// ExtendedTypes is the JVM flag that makes a server know TTL znodes.
const ExtendedTypes = "-Dzookeeper.extendedTypesEnabled=true"

// Kind is one kind of change, and how many of it were made.
type Kind struct {
	Name  string // plural, like "sequential znodes"
	Count int
}

// Write makes changes of every kind that a client can make, some of them at the same time, and returns what it made. The ephemeral
// znodes that remain belong to conn's session; those of a second session came and went with it.
func Write(ctx context.Context, conn *zk.Conn, w Workload) ([]Kind, error) {
	if _, err := conn.Create(w.Root, []byte("everything below was written by a test"), zk.FlagPersistent, open()); err != nil {
		return nil, fmt.Errorf("create %s: %w", w.Root, err)
	}
	var done []Kind
	for _, step := range w.steps() {
		if step.count == 0 {
			continue
		}
		if err := w.run(ctx, conn, step); err != nil {
			return nil, fmt.Errorf("write %s: %w", step.name, err)
		}
		done = append(done, Kind{Name: step.name, Count: step.count})
	}
	return done, nil
}

// step makes count changes of one kind below a directory of its own.
type step struct {
	name  string
	dir   string
	count int
	do    func(conn *zk.Conn, dir string, i int) error
}

func (w Workload) steps() []step {
	steps := []step{
		{"persistent znodes", "persistent", w.Scale, createPersistent},
		{"sequential znodes", "queue", w.Scale / 4, createSequential},
		{"ephemeral znodes", "live", w.Scale / 8, createEphemeral},
		{"znodes with ACLs", "guarded", w.Scale / 8, createGuarded},
		{"overwritten znodes", "overwritten", w.Scale / 8, overwrite},
		{"deleted znodes", "deleted", w.Scale / 8, createAndDelete},
		{"multi-transactions", "multi", w.Scale / 16, multi},
		{"multi-transactions that failed", "failed", w.Scale / 64, failedMulti},
		{"znodes named in other scripts", "народ-方舟-سفينة", w.Scale / 64, createForeign},
		{"znodes of 200 KB", "large", 3, createLarge},
	}
	if w.Containers {
		steps = append(steps, step{"containers", "containers", w.Scale / 64, createContainer})
	}
	if w.TTL {
		steps = append(steps, step{"znodes with a TTL", "ttl", w.Scale / 64, createTTL})
	}
	return steps
}

// run makes a step's directory and its changes, several at a time: the server then writes them in groups.
func (w Workload) run(ctx context.Context, conn *zk.Conn, s step) error {
	dir := w.Root + "/" + s.dir
	if _, err := conn.Create(dir, nil, zk.FlagPersistent, open()); err != nil {
		return fmt.Errorf("create %s: %w", dir, err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i := range s.count {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return s.do(conn, dir, i)
		})
	}
	return group.Wait()
}

func open() []zk.ACL { return zk.WorldACL(zk.PermAll) }

func createPersistent(conn *zk.Conn, dir string, i int) error {
	data := fmt.Appendf(nil, `{"animal":%d,"name":"pair of number %d","cabin":"deck %d"}`, i, i, i%3)
	_, err := conn.Create(fmt.Sprintf("%s/animal-%05d", dir, i), data[:len(data)*(i%10)/9], zk.FlagPersistent, open())
	return err
}

func createSequential(conn *zk.Conn, dir string, i int) error {
	_, err := conn.Create(dir+"/job-", fmt.Appendf(nil, "job %d", i), zk.FlagSequence, open())
	return err
}

func createEphemeral(conn *zk.Conn, dir string, i int) error {
	flags := int32(zk.FlagEphemeral)
	if i%4 == 0 {
		flags = zk.FlagEphemeralSequential
	}
	_, err := conn.Create(fmt.Sprintf("%s/member-%d-", dir, i), []byte("on board"), flags, open())
	return err
}

func createGuarded(conn *zk.Conn, dir string, i int) error {
	name := fmt.Sprintf("%s/secret-%d", dir, i)
	acl := append(zk.DigestACL(zk.PermAll, "ark", "noah"), zk.ACL{Perms: zk.PermRead, Scheme: "ip", ID: fmt.Sprintf("10.0.0.%d", i%50)})
	if _, err := conn.Create(name, []byte("two by two"), zk.FlagPersistent, acl); err != nil {
		return err
	}
	if i%2 == 0 {
		return nil
	}
	_, err := conn.SetACL(name, append(zk.WorldACL(zk.PermRead), acl...), 0)
	return err
}

func overwrite(conn *zk.Conn, dir string, i int) error {
	name := fmt.Sprintf("%s/log-%d", dir, i)
	if _, err := conn.Create(name, nil, zk.FlagPersistent, open()); err != nil {
		return err
	}
	for version := range int32(1 + i%5) {
		if _, err := conn.Set(name, fmt.Appendf(nil, "day %d of forty", version), version); err != nil {
			return err
		}
	}
	return nil
}

func createAndDelete(conn *zk.Conn, dir string, i int) error {
	name := fmt.Sprintf("%s/dove-%d", dir, i)
	if _, err := conn.Create(name, []byte("flies away"), zk.FlagPersistent, open()); err != nil {
		return err
	}
	return conn.Delete(name, 0)
}

func multi(conn *zk.Conn, dir string, i int) error {
	name := fmt.Sprintf("%s/deck-%d", dir, i)
	_, err := conn.Multi(
		&zk.CreateRequest{Path: name, Data: []byte("empty"), Acl: open()},
		&zk.CreateRequest{Path: name + "/bow", Data: []byte("lion"), Acl: open()},
		&zk.CreateRequest{Path: name + "/stern", Data: []byte("lamb"), Acl: open(), Flags: zk.FlagEphemeral},
		&zk.SetDataRequest{Path: name, Data: []byte("full"), Version: 0},
		&zk.CheckVersionRequest{Path: name, Version: 1},
		&zk.DeleteRequest{Path: name + "/bow", Version: 0},
	)
	return err
}

// failedMulti makes a transaction that changes nothing but is in the log all the same.
func failedMulti(conn *zk.Conn, dir string, i int) error {
	_, err := conn.Multi(
		&zk.CreateRequest{Path: fmt.Sprintf("%s/raven-%d", dir, i), Data: []byte("never lands"), Acl: open()},
		&zk.CheckVersionRequest{Path: dir, Version: 12345},
	)
	if err == nil {
		return fmt.Errorf("a multi-transaction below %s with a wrong version went through", dir)
	}
	return nil
}

// createForeign has letters of two and three bytes in names. ZooKeeper refuses those of four there, not in data.
func createForeign(conn *zk.Conn, dir string, i int) error {
	_, err := conn.Create(fmt.Sprintf("%s/鳥-%d", dir, i), []byte("Ἀρχαῖα ὀνόματα 🕊"), zk.FlagPersistent, open())
	return err
}

func createLarge(conn *zk.Conn, dir string, i int) error {
	_, err := conn.Create(fmt.Sprintf("%s/elephant-%d", dir, i), bytes.Repeat([]byte("trunk "), 200_000/6), zk.FlagPersistent, open())
	return err
}

// createContainer gives each container a child: a server deletes those that had one and lost it.
func createContainer(conn *zk.Conn, dir string, i int) error {
	name := fmt.Sprintf("%s/hold-%d", dir, i)
	if _, err := conn.CreateContainer(name, []byte("hay"), zk.FlagContainer, open()); err != nil {
		return err
	}
	_, err := conn.Create(name+"/bale", nil, zk.FlagPersistent, open())
	return err
}

func createTTL(conn *zk.Conn, dir string, i int) error {
	flags := int32(zk.FlagTTL)
	if i%2 == 0 {
		flags = zk.FlagPersistentSequentialWithTTL
	}
	_, err := conn.CreateTTL(fmt.Sprintf("%s/forty-days-%d-", dir, i), []byte("rain"), flags, open(), 40*24*time.Hour)
	return err
}

// ComeAndGo opens a session that makes ephemeral znodes below a new znode and closes: its last transaction deletes them.
func ComeAndGo(ctx context.Context, addr, dir string, ephemerals int) error {
	conn, err := Connect(ctx, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Create(dir, nil, zk.FlagPersistent, open()); err != nil {
		return fmt.Errorf("create %s: %w", dir, err)
	}
	for i := range ephemerals {
		if err := createEphemeral(conn, dir, i); err != nil {
			return fmt.Errorf("create an ephemeral znode in %s: %w", dir, err)
		}
	}
	return nil
}
