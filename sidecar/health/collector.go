package health

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/zkark/zkark/internal/zookeeper"
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
	panics := prometheus.NewDesc("zkark_panics_total", "How often a part of the sidecar broke down and was started again.", []string{"part"}, nil)
	for part, n := range st.Panics {
		out <- prometheus.MustNewConstMetric(panics, prometheus.CounterValue, float64(n), part)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
