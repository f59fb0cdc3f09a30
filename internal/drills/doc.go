// Package drills keeps in an archive when it was last proven restorable. A drill that went well leaves a report, sidecars and `zkark status`
// read the newest. Nothing depends on a report being there.
package drills
