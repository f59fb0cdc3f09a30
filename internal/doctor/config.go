package doctor

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
)

func (e *examination) readConfig(context.Context) []Finding {
	cfg, err := zoocfg.Read(e.ZooCfg)
	if err == nil {
		e.settings, err = zoocfg.Settings(e.ZooCfg)
	}
	if err != nil {
		return []Finding{failure("%v", err).by("give --zoo-cfg the file that the server is started with, and mend it")}
	}
	e.cfg, e.known[aConfig] = cfg, true
	return []Finding{ok("%s is read: %s", e.ZooCfg, membership(cfg))}
}

func membership(cfg zoocfg.Config) string {
	if cfg.Standalone() {
		return "a standalone server"
	}
	return "an ensemble of " + strconv.Itoa(len(cfg.Servers)) + ", " + strconv.Itoa(cfg.Voters()) + " of whom vote"
}

func (e *examination) checkMyID(context.Context) []Finding {
	id, err := e.cfg.MyID()
	return judgeMyID(e.cfg, id, err)
}

func judgeMyID(cfg zoocfg.Config, id int, err error) []Finding {
	known := slices.ContainsFunc(cfg.Servers, func(s zoocfg.Server) bool { return s.ID == int64(id) })
	switch {
	case err != nil:
		return []Finding{failure("%v", err).by("write the number N of this server's line server.N=… into %s/myid, readable by zkark's user", cfg.DataDir)}
	case !known && !cfg.Standalone():
		return []Finding{failure("myid says %d, and %s has no server.%d", id, cfg.Path, id).by("give the server its own number in %s/myid", cfg.DataDir)}
	}
	return []Finding{ok("the server is number %d", id)}
}

func (e *examination) checkPurge(context.Context) []Finding { return judgePurge(e.settings) }

// judgePurge knows the defaults of ZooKeeper QuorumPeerConfig: no purge, and 3 snapshots, fewer than which it does not keep.
func judgePurge(settings map[string]string) []Finding {
	hours, _ := strconv.Atoi(settings["autopurge.purgeInterval"])
	keep, err := strconv.Atoi(settings["autopurge.snapRetainCount"])
	if err != nil {
		keep = 3
	}
	switch {
	case hours <= 0:
		return []Finding{warning("autopurge is off: unless something else removes old logs and snapshots, they fill the disk, and then ZooKeeper stops").
			by("set autopurge.purgeInterval=24 (hours) and autopurge.snapRetainCount=3 or more in zoo.cfg, and restart ZooKeeper")}
	case keep < 3:
		return []Finding{warning("autopurge.snapRetainCount=%d is less than ZooKeeper takes: it keeps 3", keep).by("set autopurge.snapRetainCount=3 or more in zoo.cfg")}
	}
	return []Finding{ok("ZooKeeper purges every %d h and keeps %d snapshots; the sidecar holds open what it has not shipped", hours, keep)}
}

func (e *examination) checkBuffer(context.Context) []Finding { return judgeBuffer(e.settings) }

// judgeBuffer knows that ZooKeeper makes system properties of unknown keys, but puts zookeeper. before them, and reads this one without.
func judgeBuffer(settings map[string]string) []Finding {
	value, there := settings["jute.maxbuffer"]
	if there {
		return []Finding{warning("jute.maxbuffer=%s in zoo.cfg has no effect: ZooKeeper reads it as a system property", value).
			by("remove it there and start the servers, and clients, with -Djute.maxbuffer=%s", value)}
	}
	return []Finding{ok("zkark reads records of any size, whatever jute.maxbuffer is")}
}

func (e *examination) checkDigests(context.Context) []Finding {
	off := strings.EqualFold(e.settings["digest.enabled"], "false") || slices.Contains(e.jvm, "-Dzookeeper.digest.enabled=false")
	return judgeDigests(off, e.data)
}

func judgeDigests(off bool, d data) []Finding {
	const proof = "a restore can then prove that it replayed everything, and not that the tree is the one the server had"
	switch {
	case off:
		return []Finding{warning("ZooKeeper records no digests, because zookeeper.digest.enabled is false: %s", proof).
			by("remove digest.enabled=false from zoo.cfg or the JVM's flags, and restart ZooKeeper")}
	case d.records && !d.digest:
		return []Finding{warning("ZooKeeper's newest transaction has no digest: %s", proof).by("use ZooKeeper 3.6 or later, with digests left on")}
	case !d.records:
		return []Finding{note("no transaction is logged yet, so that it is not seen whether ZooKeeper records digests")}
	}
	return []Finding{ok("ZooKeeper records a digest of the tree with each transaction: restores are proven against it")}
}
