package archive

import "github.com/zkark/zkark/internal/zookeeper"

// Piece is the part of a segment that a plan uses: its records in (After, UpTo].
type Piece struct {
	Segment
	After, UpTo zookeeper.Zxid
}

// Plan rebuilds one point: load Base, then apply the pieces in order. The records of the pieces join up without a hole from
// at most Base.Start+1 to Target.
type Plan struct {
	Base   Base
	Pieces []Piece
	Target zookeeper.Zxid // the zxid that will be restored; Base.Start when there are no pieces
	Bytes  int64          // size of all the objects it reads
}
