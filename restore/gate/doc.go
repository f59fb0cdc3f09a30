// Package gate decides whether one server of an ensemble may come back with restored data.
//
// A voter that has forgotten what it acknowledged can help to elect a leader without it. It is safe to come back when nothing depends on
// what it has forgotten: somebody leads, the leader is at or past all that the archive holds, and the other voters that have caught up
// with the leader are a majority of the whole ensemble without this server. Whatever this server ever acknowledged is then with a
// majority that does not need it. Observers acknowledge nothing and are safe in any case.
//
// Decide is a pure function of what was asked and answered. Watch asks again until the answer is final or the time is up.
package gate
