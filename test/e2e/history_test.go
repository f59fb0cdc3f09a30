package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// expectOneHistory expects that nobody disagrees on any transaction, neither two segments nor the archive and a server, and
// that the archive lacks nothing that a server has in its logs.
func (f *fleet) expectOneHistory() {
	f.t.Helper()
	archived := map[zookeeper.Zxid]string{}
	for _, name := range f.glob(f.archive, "timelines", "*", "log", "*") {
		f.agree(archived, f.readSegment(name), name)
	}
	all := len(archived)
	for _, s := range f.servers {
		for _, name := range f.glob(s.LogDir(), zookeeper.VersionDir, "log.*") {
			f.agree(archived, readLog(f.t, name), name)
		}
	}
	if more := len(archived) - all; more > 0 {
		f.t.Errorf("the archive holds %d transactions, and the servers have %d more in their logs", all, more)
	}
	if forks := f.glob(f.archive, "timelines", "*"); len(forks) != 1 {
		f.t.Errorf("the archive of one history has the timelines %q", forks)
	}
}

// agree adds transactions to what is known, and fails the test where they are not what they were elsewhere.
func (f *fleet) agree(known map[zookeeper.Zxid]string, txns []txnlog.Txn, where string) {
	f.t.Helper()
	var wrong []string
	for _, txn := range txns {
		got := meaning(txn)
		want, ok := known[txn.Zxid]
		if ok && got != want {
			wrong = append(wrong, fmt.Sprintf("%s is %x in %s, and elsewhere %x", txn.Zxid, got, where, want))
		}
		known[txn.Zxid] = got
	}
	expectNone(f.t, wrong)
}

// meaning is what two servers have to agree on. They need not record digests alike, nor list the znodes that a session leaves,
// nor what was in a group that failed.
func meaning(txn txnlog.Txn) string {
	txn.Digest = nil
	if txn.Type == txnlog.TypeCloseSession {
		txn.Body = txnlog.CloseSession{}
	}
	if group, ok := txn.Body.(txnlog.Multi); ok && slices.ContainsFunc(group.Ops, func(op txnlog.Op) bool { return op.Type == txnlog.TypeError }) {
		txn.Body = txnlog.Error{}
	}
	return string(txnlog.Encode(txn))
}

// readSegment reads the transactions of an object.
func (f *fleet) readSegment(name string) []txnlog.Txn {
	f.t.Helper()
	object, err := os.Open(name)
	f.must(err)
	defer object.Close()
	decoder, err := archive.NewDecoder(object)
	f.must(err)
	defer decoder.Close()
	log, err := io.ReadAll(decoder)
	f.must(err)
	return readTxns(f.t, bytes.NewReader(log), name)
}

func (f *fleet) glob(elem ...string) []string {
	f.t.Helper()
	names, err := filepath.Glob(filepath.Join(elem...))
	f.must(err)
	if len(names) == 0 {
		f.t.Errorf("there is no %s", filepath.Join(elem...))
	}
	return names
}

// readLog reads the transactions of a log that nobody writes to any more.
func readLog(t testing.TB, name string) []txnlog.Txn {
	t.Helper()
	log, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	return readTxns(t, log, name)
}

// readTxns reads up to the end, or up to where a server was killed while it wrote.
func readTxns(t testing.TB, log io.ReaderAt, name string) []txnlog.Txn {
	t.Helper()
	var txns []txnlog.Txn
	reader := txnlog.NewReader(log, name)
	for {
		record, err := reader.Next()
		var torn *txnlog.TornError
		if errors.Is(err, io.EOF) || errors.As(err, &torn) {
			return txns
		}
		if err != nil {
			t.Fatal(err)
		}
		txn, err := record.Decode()
		if err != nil {
			t.Fatal(err)
		}
		txns = append(txns, txn)
	}
}
