// Package throttle is a bucket in front of another that bounds how fast the bodies of objects pass, up and down together, so
// that a backup leaves room on the network. Requests themselves, listings among them, are not counted.
package throttle
