package uploader

import (
	"time"

	"github.com/zkark/zkark/internal/archive"
)

// surveyShare is how much more time passes between two surveys than they take: a large archive is looked at less often.
const surveyShare = 20

// surveyed is the last survey, for as long as nothing was listed or put.
type surveyed struct {
	archive.Survey
	of    uint64 // the version of the view
	since time.Time
	next  time.Time // when another may be made
}

// Survey tells what is known of the archive: as of the last listing, and what was put or seen since. It is not ok before
// the archive was listed. Another server's base may be missing from it for as long as listings are apart.
func (u *Uploader) Survey() (s archive.Survey, cluster string, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.view.known() {
		return archive.Survey{}, "", false
	}
	begun := u.Now()
	if fresh := !u.surveyed.since.IsZero() && u.surveyed.of == u.changes; !fresh && !begun.Before(u.surveyed.next) {
		u.surveyed = surveyed{Survey: archive.NewSurvey(u.view.catalog), of: u.changes, since: begun}
		end := u.Now()
		u.surveyed.next = end.Add(surveyShare * end.Sub(begun))
	}
	return u.surveyed.Survey, u.cluster, true
}
