package cli

import (
	"log/slog"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/restore"
)

// progressEvery is how often the log tells of a long restore.
const progressEvery = 10 * time.Second

// progress shows how far a restore has come.
type progress interface {
	restore.Observer
	end(done bool)
}

// newProgress is a bar on a terminal, else a line in the log now and then.
func (s *session) newProgress() progress {
	terminal, ok := s.Stderr.(*os.File)
	if ok && s.logForm.value != formatJSON && cwriter.IsTerminal(int(terminal.Fd())) {
		return &barProgress{out: terminal}
	}
	return &logProgress{log: s.log, now: time.Now}
}

// barProgress draws a bar on a terminal.
type barProgress struct {
	out  *os.File
	bars *mpb.Progress
	bar  *mpb.Bar
}

// Planned begins the bar, anew when there was one.
func (p *barProgress) Planned(plan archive.Plan) {
	p.end(false)
	p.bars = mpb.New(mpb.WithOutput(p.out), mpb.WithWidth(48))
	p.bar = p.bars.AddBar(plan.Bytes,
		mpb.PrependDecorators(decor.Name("reading "+plan.Target.String()+" ")),
		mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f "), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "")))
}

// Fetched moves it.
func (p *barProgress) Fetched(n int) { p.bar.IncrBy(n) }

// Proving replaces it: how long a proof takes is not known.
func (p *barProgress) Proving() {
	p.bar.SetTotal(-1, true)
	p.bars.Wait()
	p.bars = mpb.New(mpb.WithOutput(p.out), mpb.WithWidth(48))
	p.bar = p.bars.New(0, mpb.SpinnerStyle(), mpb.PrependDecorators(decor.Name("proving by replay "), decor.Elapsed(decor.ET_STYLE_GO)),
		mpb.BarRemoveOnComplete())
}

func (p *barProgress) end(done bool) {
	if p.bars == nil {
		return
	}
	if done {
		p.bar.SetTotal(-1, true)
	} else {
		p.bar.Abort(false)
	}
	p.bars.Wait()
}

// logProgress tells the log.
type logProgress struct {
	log     *slog.Logger
	now     func() time.Time
	told    time.Time
	fetched int64
	total   int64
}

// Planned tells what is going to be read.
func (p *logProgress) Planned(plan archive.Plan) {
	p.fetched, p.total, p.told = 0, plan.Bytes, p.now()
	p.log.Info("reading the archive", "target", plan.Target, "base", plan.Base.Start, "segments", len(plan.Pieces), "bytes", plan.Bytes)
}

// Fetched tells every ten seconds how much was read.
func (p *logProgress) Fetched(n int) {
	p.fetched += int64(n)
	if now := p.now(); now.Sub(p.told) >= progressEvery {
		p.told = now
		p.log.Info("reading the archive", "read", p.fetched, "of", p.total)
	}
}

// Proving tells that everything was read.
func (p *logProgress) Proving() {
	p.log.Info("replaying what was built, to prove it", "read", p.fetched)
}

func (p *logProgress) end(bool) {}
