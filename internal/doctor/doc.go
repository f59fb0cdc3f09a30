// Package doctor looks at everything that a sidecar will need, by trying it, and says what to change.
//
// A check has a name, does one thing and returns findings. What it looks at and what it makes of that are apart: functions that look return
// facts, functions that judge take facts and do nothing else.
//
// Nothing of ZooKeeper's is changed. In the store one object of a few bytes, archive.ProbeKey, is created, and removed again where the identity
// may do that; it is the same in every examination.
package doctor
