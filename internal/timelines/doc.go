// Package timelines finds the timelines of an archive, and opens new ones.
//
// A timeline is one continuous history of one ensemble. Another one begins where a server's records contradict the archive although both
// have the same past: a standalone server lost the end of its log and used its zxids again, or somebody put old data back by hand. The old
// timeline stays as it is. Sidecars enter the newest one when they start, and when their own contradicts them.
package timelines
