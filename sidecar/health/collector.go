package health

import (
	"github.com/prometheus/client_golang/prometheus"

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
	gauge("zkark_failing", "1 while something that is tried again and again fails.", truth(st.LastError != nil))
	gauge("zkark_alive", "1 while every part of the sidecar was seen lately.", truth(c.Alive() == nil))
	collectZooKeeper(st.ZooKeeper, gauge, zxid)
	panics := prometheus.NewDesc("zkark_panics_total", "How often a part of the sidecar broke down and was started again.", []string{"part"}, nil)
	for part, n := range st.Panics {
		out <- prometheus.MustNewConstMetric(panics, prometheus.CounterValue, float64(n), part)
	}
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
