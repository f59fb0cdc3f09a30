#!/bin/sh
# Stops the services when the package goes, and not when a newer one replaces it: deb says "remove", rpm 0.
set -e
case "$1" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now zkark.service zkark-prune.timer zkark-drill.timer zkark-verify.timer
	fi
	;;
esac
