package sidecar

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTurnsOfAnEnsembleComeOneAfterTheOtherAndAtTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		servers := rapid.IntRange(1, 9).Draw(t, "servers")
		rate := rapid.SampledFrom([]float64{0.1, 0.5, 1, 3, 10}).Draw(t, "R")
		start := time.Unix(rapid.Int64Range(1.7e9, 1.8e9).Draw(t, "now"), 12345)
		var ids []int
		for id := range servers {
			ids = append(ids, 10*id+3)
		}
		const seconds = 200
		turns := map[int64]bool{}
		for _, id := range ids {
			p := placeOf(ids, id)
			for at := p.nextTurn(start, rate); at.Before(start.Add(seconds * time.Second)); at = p.nextTurn(at, rate) {
				if turns[at.UnixNano()] {
					t.Errorf("two turns at %v", at)
				}
				turns[at.UnixNano()] = true
			}
		}
		if want := seconds * rate; float64(len(turns)) > want+1 || float64(len(turns)) < want-1 {
			t.Errorf("%d turns in %d s, want %v", len(turns), seconds, want)
		}
	})
}

func TestEverySidecarHasAPlace(t *testing.T) {
	for name, c := range map[string]struct {
		ids  []int
		self int
		want place
	}{
		"standalone":               {nil, 0, place{0, 1}},
		"one server in a quorum":   {[]int{7}, 7, place{0, 1}},
		"in order of ids":          {[]int{30, 1, 2}, 30, place{2, 3}},
		"named twice":              {[]int{1, 1, 2}, 2, place{1, 2}},
		"not in the configuration": {[]int{1, 2, 3}, 9, place{0, 3}},
	} {
		if got := placeOf(c.ids, c.self); got != c.want {
			t.Errorf("%s: place %+v, want %+v", name, got, c.want)
		}
	}
}

func TestATurnIsAlwaysAheadAndNoFurtherThanThePeriod(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 9).Draw(t, "of")
		p := place{rank: rapid.IntRange(0, of-1).Draw(t, "rank"), of: of}
		rate := rapid.Float64Range(0.01, 100).Draw(t, "R")
		now := time.Unix(0, rapid.Int64Range(1.7e18, 1<<61).Draw(t, "now"))
		next := p.nextTurn(now, rate)
		if d := next.Sub(now); d <= 0 || d > p.period(rate) {
			t.Errorf("the next turn is %v away, the period is %v", d, p.period(rate))
		}
	})
}
