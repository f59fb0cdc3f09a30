package tail_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/sidecar/tail"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

func TestProposalsThatAFollowerIsSentTwiceCountOnce(t *testing.T) {
	for name, between := range map[string]func(*tail.Tail){
		"seen at once":   func(*tail.Tail) {},
		"seen piecemeal": func(tl *tail.Tail) { look(t, tl) },
	} {
		t.Run(name, func(t *testing.T) {
			d := tailtest.New(t)
			tl := start(t, d)
			l := d.Log(1, 5)
			between(tl)
			l.Append(3, 4)
			between(tl)
			l.Append(5, 7)
			between(tl)
			l.Append(6, 7) // and once more
			between(tl)
			l.Raw(tailtest.Repeat(t, 8)) // a write that failed has a zxid of its own
			l.Append(7, 7)
			l.Raw(tailtest.Repeat(t, 8))
			l.Append(9, 9)
			if report := look(t, tl); len(report.Troubles) > 0 {
				t.Errorf("troubles: %v", report.Troubles)
			}
			want(t, tl, "0x1-0x5<0x0", "0x6-0x7<0x5", "0x8-0x8<0x7", "0x9-0x9<0x8")
			var all []zookeeper.Zxid
			for _, r := range tl.Runs() {
				all = append(all, zxids(t, tl, r, r.First)...)
			}
			if diff := cmp.Diff([]zookeeper.Zxid{1, 2, 3, 4, 5, 6, 7, 8, 9}, all); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFailedGroupThatWasAppliedBeforeItIsLoggedAgainCountsOnce(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	l := d.Log(1, 3)
	group := tailtest.Txn(4, 0)
	group.Type = txnlog.TypeMulti
	for _, typ := range []txnlog.Type{txnlog.TypeDelete, txnlog.TypeError} {
		path := txnlog.Op{Type: typ, Body: txnlog.Delete{Path: "/a"}}
		group.Body = txnlog.Multi{Ops: []txnlog.Op{path, {Type: txnlog.TypeError, Body: txnlog.Error{Code: -101}}}}
		l.Raw(tailtest.Frame(t, txnlog.Encode(group)))
	}
	l.Append(5, 6)
	if report := look(t, tl); len(report.Troubles) > 0 {
		t.Errorf("troubles: %v", report.Troubles)
	}
	want(t, tl, "0x1-0x4<0x0", "0x5-0x6<0x4")
}

func TestEchoesInLogsThatRollMeanwhileCountOnce(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	d.Log(1, 9)
	rolled := d.Log(10, 12)
	look(t, tl)
	rolled.Append(5, 7) // what it was sent again
	d.Log(8, 12)        // rolled: the name goes back
	look(t, tl)
	rolled.Append(8, 8)
	d.Log(13, 15)
	for range 3 {
		if report := look(t, tl); len(report.Troubles) > 0 {
			t.Errorf("troubles: %v", report.Troubles)
		}
	}
	want(t, tl, "0x1-0x9<0x0", "0xa-0xc<0x9", "0xa-0xc<0x9", "0xd-0xf<0xc")
}

func TestARepeatThatIsTheLastRecordOfARolledLogIsNoTrouble(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	l := d.Log(1, 3)
	look(t, tl)
	l.Raw(tailtest.Repeat(t, 3))
	look(t, tl)
	d.Log(4, 5)
	if report := look(t, tl); len(report.Troubles) > 0 {
		t.Errorf("troubles: %v", report.Troubles)
	}
	want(t, tl, "0x1-0x3<0x0", "0x4-0x5<0x3")
}
