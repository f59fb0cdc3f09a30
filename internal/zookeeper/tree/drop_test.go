package tree

import (
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

func TestMembersAreForgottenAndTheDigestDoesNotNotice(t *testing.T) {
	tree := New()
	members := "server.1=a:2888:3888:participant;0.0.0.0:2181\nversion=100000000"
	reconfig := txnlog.Txn{Header: txnlog.Header{Zxid: 1, Type: txnlog.TypeReconfig},
		Body: txnlog.SetData{Path: configPath, Data: []byte(members), Version: -1}}
	if err := tree.Apply(reconfig); err != nil {
		t.Fatal(err)
	}
	digest := tree.Digest()
	if got := tree.Members(); got != members {
		t.Errorf("members %q", got)
	}
	tree.ForgetMembers()
	if got := tree.Members(); got != "" || tree.Digest() != digest {
		t.Errorf("members %q, digest %d and %d", got, digest, tree.Digest())
	}
}

func TestDroppingSessionsKeepsTTLNodesAndContainersAndItsOwnDigest(t *testing.T) {
	tree := New()
	steps := []txnlog.Txn{
		{Header: txnlog.Header{Zxid: 1, Session: 7, Type: txnlog.TypeCreateSession}, Body: txnlog.CreateSession{Timeout: 1}},
		{Header: txnlog.Header{Zxid: 2, Session: 7, Type: txnlog.TypeCreate}, Body: txnlog.Create{Path: "/e", Ephemeral: true, ParentCversion: 1}},
		{Header: txnlog.Header{Zxid: 3, Session: 8, Type: txnlog.TypeCreate}, Body: txnlog.Create{Path: "/orphan", Ephemeral: true, ParentCversion: 2}},
		{Header: txnlog.Header{Zxid: 4, Session: 7, Type: txnlog.TypeCreateContainer}, Body: txnlog.Create{Path: "/c", ParentCversion: 3}},
		{Header: txnlog.Header{Zxid: 5, Session: 7, Type: txnlog.TypeCreateTTL}, Body: txnlog.Create{Path: "/t", TTL: 1000, ParentCversion: 4}},
	}
	for _, s := range steps {
		if err := tree.Apply(s); err != nil {
			t.Fatal(err)
		}
	}
	want := tree.DigestsWithout([]string{"/e", "/orphan"}, 9)
	sessions, paths := tree.DropSessions(9)
	if len(sessions) != 1 || sessions[0].ID != 7 || len(paths) != 2 || paths[0] != "/e" || paths[1] != "/orphan" {
		t.Errorf("dropped %v, %v", sessions, paths)
	}
	if got := tree.Children("/"); len(got) != 3 || got[0] != "c" || got[1] != "t" {
		t.Errorf("left: %v", got)
	}
	if root, _ := tree.Get("/"); root.Stat.Pzxid != zookeeper.Zxid(9) || tree.Digests() != want {
		t.Errorf("pzxid %s, digests %v, want %v", root.Stat.Pzxid, tree.Digests(), want)
	}
}
