#!/bin/sh
# Creates the user, and lets it read what ZooKeeper's group can read. Starts nothing.
set -e
systemd-sysusers zkark.conf
if getent group zookeeper >/dev/null; then
	usermod -a -G zookeeper zkark
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
