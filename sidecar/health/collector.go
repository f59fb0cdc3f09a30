package health

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/sidecar"
)

// subjectCollector asks the sidecar whenever somebody asks for the metrics.
type subjectCollector struct{ Subject }

// Describe tells nothing beforehand: what is collected is described as it comes.
func (subjectCollector) Describe(chan<- *prometheus.Desc) {}

// Collect turns the sidecar's status into metrics.
func (c subjectCollector) Collect(out chan<- prometheus.Metric) {
	st := c.Status()
	gauge := func(name, help string, value float64) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, value)
	}
	zxid := func(name, what string, z zookeeper.Zxid) {
		gauge(name+"_epoch", "Epoch of "+what+".", float64(z.Epoch()))
		gauge(name+"_counter", "Counter of "+what+".", float64(z.Counter()))
	}
	zxid("zkark_logged", "the last record in the server's logs", st.Logged)
	zxid("zkark_archived", "the last record of the server's logs up to which nothing is lacking in the archive", st.Archived)
	gauge("zkark_pending_records", "Records that are logged and not archived.", float64(st.PendingRecords))
	gauge("zkark_pending_bytes", "Bytes of log, roughly, that are not archived.", float64(st.PendingBytes))
	gauge("zkark_stalled_seconds", "Time since something was last archived, while something is pending; else 0.", st.Stalled.Seconds())
	gauge("zkark_lag_seconds", "Age of the oldest record that is logged and not archived, by the leader's clock; 0 for none.", st.Lag.Seconds())
	gauge("zkark_held_files", "Logs that the server has deleted and the sidecar holds open, because not all of them is archived.", float64(st.HeldFiles))
	gauge("zkark_failing", "1 while something that is tried again and again fails.", truth(st.LastError != nil))
	gauge("zkark_alive", "1 while every part of the sidecar was seen lately.", truth(c.Alive() == nil))
	collectZooKeeper(st.ZooKeeper, gauge, zxid)
	gauge("zkark_archive_listed", "1 once the archive was listed: before, nothing is known of it.", truth(st.Listed))
	if st.Listed {
		collectArchive(st, gauge, zxid)
	}
	if st.Drill != nil {
		gauge("zkark_drill_time_seconds", "When the archive was last proven restorable by a drill, since 1970.", float64(st.Drill.Time.UnixMilli())/1000)
		zxid("zkark_drill", "the point that the last drill restored", st.Drill.Target)
	}
	turns := prometheus.NewDesc("zkark_turns_total", "Turns by how they went.", []string{"result"}, nil)
	for result, n := range st.Turns {
		out <- prometheus.MustNewConstMetric(turns, prometheus.CounterValue, float64(n), string(result))
	}
	panics := prometheus.NewDesc("zkark_panics_total", "How often a part of the sidecar broke down and was started again.", []string{"part"}, nil)
	for part, n := range st.Panics {
		out <- prometheus.MustNewConstMetric(panics, prometheus.CounterValue, float64(n), part)
	}
}

// collectArchive tells what a restore would find, as of the last listing.
func collectArchive(st sidecar.Status, gauge func(name, help string, value float64), zxid func(name, what string, z zookeeper.Zxid)) {
	s := st.Archive
	gauge("zkark_restorable", "1 when the newest record in the archive can be restored.", truth(s.Restorable))
	if latest, ok := s.Latest(); ok {
		zxid("zkark_restorable", "the newest point that can be restored", latest.Last())
		if !latest.LastTime.IsZero() {
			gauge("zkark_restorable_time_seconds", "When the newest point that can be restored was made, since 1970, by the leader's clock.", float64(latest.LastTime.UnixMilli())/1000)
		}
	}
	gauge("zkark_gaps", "Places where the archive lacks records, or the proof that it lacks none.", float64(len(s.Gaps)))
	unbridged := 0
	for _, g := range s.Gaps {
		if !g.Bridged {
			unbridged++
		}
	}
	gauge("zkark_gaps_unbridged", "Gaps behind which no base makes the points restorable.", float64(unbridged))
	gauge("zkark_lost_ranges", "Ranges of records that are neither archived nor in the server's logs any more.", float64(len(st.Lost)))
	gauge("zkark_lost_records", "Records in those ranges.", records(st.Lost))
	gauge("zkark_dead_records", "Records in the archive that were logged and never committed.", records(s.Dead))
	gauge("zkark_diverged", "Records that servers tell different things of.", float64(len(s.Diverged)))
}

func records(ranges []archive.Range) float64 {
	n := 0.0
	for _, r := range ranges {
		n += float64(r.Last-r.First) + 1
	}
	return n
}

// collectZooKeeper leaves out what ZooKeeper did not tell.
func collectZooKeeper(seen sidecar.Seen, gauge func(name, help string, value float64), zxid func(name, what string, z zookeeper.Zxid)) {
	if seen.Time.IsZero() {
		return
	}
	gauge("zkark_zookeeper_serves", "1 when the server said so when it was last asked.", truth(seen.Own.Serves()))
	gauge("zkark_zookeeper_leads", "1 when the server leads its ensemble.", truth(seen.Own.Role == probe.Leader))
	if seen.Own.Serves() {
		zxid("zkark_committed", "the last transaction that the server has applied", seen.Own.Zxid)
	}
	if seen.Leader != nil {
		zxid("zkark_leader", "the last transaction that the leader has applied", seen.Leader.Zxid)
	}
	if n, known := seen.Behind(); known {
		gauge("zkark_behind_leader", "Transactions that the leader had applied and the server had not.", float64(n))
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
