// Package probe looks at a live ZooKeeper server, or at all servers of an ensemble, from outside: by four-letter words, and by
// the sync request of a session.
//
// # Four-letter words
//
// Ask and Ensemble cost the server nothing but a line in its log: no session, no transaction. From ZooKeeper 3.5.3 on only srvr is
// allowed by default, whatever else 4lw.commands.whitelist says it stays allowed, and it is all that they need. What mntr and conf add
// is left out where they are not allowed.
//
// # Sessions
//
// A Session asks for sync, which is no transaction: the server answers once it has applied all that the leader had committed when
// asked. But a session itself is two transactions, createSession and closeSession, written to the logs of all servers (ZooKeeper
// 3.5 has sessions without them only with localSessionsEnabled=true, which is off by default). So a Session is opened once and kept. A
// broken connection is made again within the same session; only a server that was away for longer than the session's timeout costs
// two more. Neither a Session nor anything else here reads or writes a znode.
//
// Whatever a server answers, or whoever answers in its place, is bounded in time and bytes and checked before it is believed.
package probe
