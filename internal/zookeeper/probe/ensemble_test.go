package probe

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
)

func TestEveryMemberIsAskedAndOneThatIsDownIsNoHindrance(t *testing.T) {
	members := []Member{
		{ID: 1, Address: answering(t, map[string]string{"srvr": srvr("follower", "0x100000005")})},
		{ID: 2, Address: "127.0.0.1:1"},
		{ID: 3, Address: answering(t, map[string]string{"srvr": srvr("leader", "0x100000005")})},
		{ID: 4, Address: answering(t, map[string]string{"srvr": srvr("observer", "0x100000004")}), Observer: true},
	}
	results := Ensemble(t.Context(), members, Options{})
	var roles []Role
	for i, r := range results {
		roles = append(roles, r.Role)
		if r.Member != members[i] || (r.Err != nil) != (r.ID == 2) {
			t.Errorf("member %d: %+v", members[i].ID, r)
		}
	}
	if diff := cmp.Diff([]Role{Follower, Unknown, Leader, Observer}, roles); diff != "" {
		t.Error(diff)
	}
	h := Judge(results)
	if h.Leader == nil || h.Leader.ID != 3 || !h.Quorum {
		t.Errorf("%+v, want server 3 to lead a quorum", h)
	}
}

func TestJudgement(t *testing.T) {
	voter := func(id int64, role Role, z zookeeper.Zxid) Result {
		return Result{Member: Member{ID: id}, Server: Server{Role: role, Zxid: z}}
	}
	observer := voter(9, Observer, 0x1ffffffff)
	observer.Observer = true
	down := func(id int64) Result {
		return Result{Member: Member{ID: id}, Server: Server{Role: Unknown}, Err: errors.New("down")}
	}
	for _, tc := range []struct {
		name     string
		results  []Result
		leader   int64 // 0 for none
		quorum   bool
		caughtUp []int64
		newest   zookeeper.Zxid
		silent   []int64
	}{
		{name: "nobody was asked"},
		{"all is well", []Result{voter(1, Follower, 0x100000007), voter(2, Leader, 0x100000007), voter(3, Follower, 0x100000006)},
			2, true, []int64{1, 2}, 0x100000007, nil},
		{"one is down", []Result{voter(1, Leader, 0x100000007), voter(2, Follower, 0x100000008), down(3)},
			1, true, []int64{1, 2}, 0x100000008, []int64{3}},
		{"a leader whose followers do not answer", []Result{voter(1, Leader, 0x100000007), down(2), down(3)},
			1, false, []int64{1}, 0x100000007, []int64{2, 3}},
		{"no leader", []Result{voter(1, Looking, 0), voter(2, Looking, 0), down(3)}, 0, false, nil, 0, []int64{1, 2, 3}},
		{"an observer does not vote", []Result{voter(1, Leader, 0x100000007), down(2), observer},
			1, false, []int64{1}, 0x1ffffffff, []int64{2}},
		{"a leader that is being deposed", []Result{voter(1, Leader, 0x1000000ff), voter(2, Leader, 0x200000001), voter(3, Follower, 0x200000001)},
			2, true, []int64{2, 3}, 0x200000001, nil},
		{"a new leader without a transaction", []Result{voter(1, Leader, 0x200000000), voter(2, Follower, 0x100000007), voter(3, Follower, 0x100000007)},
			1, true, []int64{1}, 0x200000000, nil},
		{"read-only does not serve", []Result{voter(1, ReadOnly, 0x300000007), down(2)}, 0, false, nil, 0x300000007, []int64{1, 2}},
		{"alone", []Result{voter(0, Standalone, 0x7)}, 0, true, []int64{0}, 0x7, nil},
	} {
		h := Judge(tc.results)
		if alone := tc.name == "alone"; h.Leader == nil && (tc.leader != 0 || alone) || h.Leader != nil && h.Leader.ID != tc.leader {
			t.Errorf("%s: the leader is %+v, want server %d", tc.name, h.Leader, tc.leader)
		}
		if diff := cmp.Diff(tc.caughtUp, h.CaughtUp) + cmp.Diff(tc.silent, h.Silent); diff != "" || h.Quorum != tc.quorum || h.Newest != tc.newest {
			t.Errorf("%s: quorum %v, newest %s\n%s", tc.name, h.Quorum, h.Newest, diff)
		}
	}
}
