package archive

// Object is one line of a listing.
type Object struct {
	Key  string // below the timeline: log/… or snapshot/…
	Size int64  // bytes
}

// Catalog is everything that a timeline holds, as one LIST tells it: segments in order of First, then Last; bases in
// order of Start.
type Catalog struct {
	Segments []Segment
	Bases    []Base
	Foreign  []string // keys that zkark did not write
}
