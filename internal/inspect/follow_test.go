package inspect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

func TestFollowShowsRecordsAsTheyCome(t *testing.T) {
	f := startFollowing(t, nil) // the server has created the file and written nothing yet
	f.write(logOf(t, 1, 2), os.O_APPEND)
	f.wait("0x1", "0x2")
	whole := logOf(t, 1, 2, 3)
	f.write(whole[len(logOf(t, 1, 2)):len(whole)-5], os.O_APPEND) // half a record
	f.write(whole[len(whole)-5:], os.O_APPEND)
	f.wait("0x1", "0x2", "0x3")
	f.stop()
}

func TestFollowSaysThatALogWasTruncatedAndShowsItAgain(t *testing.T) {
	f := startFollowing(t, logOf(t, 1, 2, 3))
	f.wait("0x1", "0x2", "0x3")
	// Truncated and written on, to the same length and at once, as when a follower is told to forget a record.
	f.write(logOf(t, 1, 2, 9), 0)
	f.wait("0x1", "0x2", "0x3", "0x1", "0x2", "0x9")
	f.noted("was truncated or written anew")
	f.stop()
}

func TestFollowGoesOnWithTheLogThatTheServerGoesOnWith(t *testing.T) {
	f := startFollowing(t, logOf(t, 1, 2))
	f.wait("0x1", "0x2")
	if err := os.WriteFile(filepath.Join(filepath.Dir(f.path), "log.4"), logOf(t, 4, 5), 0o666); err != nil {
		t.Fatal(err)
	}
	f.wait("0x1", "0x2", "0x4", "0x5")
	f.noted("the server goes on with log.4")
	f.stop()
}

func TestFollowEndsWhenTheLogIsRemoved(t *testing.T) {
	f := startFollowing(t, logOf(t, 1))
	f.wait("0x1")
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	if err := f.end(); err != nil {
		t.Errorf("the end of following is %v", err)
	}
	f.noted("was removed")
}

// following is a File with Follow under way on a log of its own.
type following struct {
	t      *testing.T
	path   string
	out    *syncBuffer
	notes  *syncBuffer
	cancel context.CancelFunc
	done   chan error
}

func startFollowing(t *testing.T, content []byte) *following {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	f := &following{t: t, path: filepath.Join(t.TempDir(), "log.1"), out: new(syncBuffer), notes: new(syncBuffer), done: make(chan error, 1)}
	f.write(content, os.O_CREATE)
	ctx, cancel := context.WithCancel(t.Context())
	f.cancel = cancel
	t.Cleanup(cancel)
	note := func(s string) { _, _ = io.WriteString(f.notes, s+"\n") }
	go func() { f.done <- File(ctx, f.out, f.path, Options{JSON: true, Follow: true, Note: note}) }()
	return f
}

// write puts data into the log, after what is there with os.O_APPEND, else over it.
func (f *following) write(data []byte, how int) {
	file, err := os.OpenFile(f.path, os.O_WRONLY|how, 0o666)
	if err == nil {
		_, err = file.Write(data)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// wait waits until exactly these zxids were shown.
func (f *following) wait(zxids ...string) {
	f.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		shown := f.out.zxids()
		if strings.Join(shown, " ") == strings.Join(zxids, " ") {
			return
		}
		select {
		case err := <-f.done:
			f.t.Fatalf("following ended: %v; notes: %s", err, f.notes.String())
		case <-deadline:
			f.t.Fatalf("shown %v, want %v; notes: %s", shown, zxids, f.notes.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (f *following) noted(words string) {
	f.t.Helper()
	if !strings.Contains(f.notes.String(), words) {
		f.t.Errorf("notes %q do not say %q", f.notes.String(), words)
	}
}

func (f *following) stop() {
	f.t.Helper()
	f.cancel()
	if err := f.end(); err != nil {
		f.t.Errorf("stopped by the user: %v", err)
	}
}

func (f *following) end() error {
	select {
	case err := <-f.done:
		return err
	case <-time.After(10 * time.Second):
		return errors.New("following does not end")
	}
}

func logOf(t *testing.T, zxids ...zookeeper.Zxid) []byte {
	var b bytes.Buffer
	w, err := txnlog.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range zxids {
		h := txnlog.Header{Zxid: z, Type: txnlog.TypeDelete, Session: 1, Time: 1}
		if err := w.Append(txnlog.Encode(txnlog.Txn{Header: h, Body: txnlog.Delete{Path: "/x"}})); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *syncBuffer) zxids() []string {
	var zxids []string
	for _, part := range strings.Split(b.String(), `"zxid":"`)[1:] {
		zxid, _, _ := strings.Cut(part, `"`)
		zxids = append(zxids, zxid)
	}
	return zxids
}
