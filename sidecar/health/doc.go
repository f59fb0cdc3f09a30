// Package health tells the outside how a sidecar does, over HTTP: /metrics for Prometheus, /livez, /readyz, and /status as JSON.
//
// A process is live while each of its parts was seen lately, and ready once it has looked at ZooKeeper's directories. Neither
// depends on the store or on ZooKeeper: a store that is down must not become a ZooKeeper that is down.
//
// A zxid does not fit a float64, so metrics give epoch and counter apart. Alert on zkark_stalled_seconds, which is 0 while there is
// nothing to ship; an idle ensemble is silent and well.
package health
