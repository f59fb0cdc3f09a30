#!/usr/bin/env bash
# Gets what the tests run: ZooKeeper servers, Debian's package where apt-get can and releases from Maven Central, zstd, and what reads units and packages.
#
#   test/zkserver/install.sh DIR RELEASE...
#
# puts each release's jars in DIR/RELEASE/lib: the layout of a release tarball, so DIR/RELEASE is a ZOOKEEPER_HOME.
# What is there already is left alone. With no RELEASE it only sees to zstd, Java and Debian's package.
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: $0 DIR [RELEASE...]" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift

say() { echo "zookeeper: $*" >&2; }

# apt_install PACKAGE... as root on Debian and its kin; elsewhere it says what to install and fails.
apt_install() {
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		say "please install: $* (on Debian: apt-get install $*)"
		return 1
	fi
	say "apt-get install $*"
	apt-get -qq update >/dev/null || say "apt-get update failed, going on with the lists at hand"
	DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

# dependency GROUP ARTIFACT VERSION [EXCLUDED-GROUP:EXCLUDED-ARTIFACT]... prints one dependency of a pom.
dependency() {
	echo "<dependency><groupId>$1</groupId><artifactId>$2</artifactId><version>$3</version><exclusions>"
	shift 3
	for x in "$@"; do
		echo "<exclusion><groupId>${x%:*}</groupId><artifactId>${x#*:}</artifactId></exclusion>"
	done
	echo "</exclusions></dependency>"
}

# pom RELEASE prints a project that depends on a release's server, on what its tarball has beside it (its own pom calls
# that "provided"), and on one and the same logger, so that every release's log looks alike. Left out are the other
# loggers, and what a server does not load and Maven no longer finds (3.4.14).
pom() {
	cat <<-POM
		<project xmlns="http://maven.apache.org/POM/4.0.0">
		<modelVersion>4.0.0</modelVersion>
		<groupId>zkark</groupId><artifactId>zookeeper-$1</artifactId><version>1</version><packaging>pom</packaging>
		<dependencies>
	POM
	dependency org.apache.zookeeper zookeeper "$1" ch.qos.logback:logback-classic ch.qos.logback:logback-core \
		org.slf4j:slf4j-log4j12 log4j:log4j com.github.spotbugs:spotbugs-annotations jdiff:jdiff \
		com.sun.jmx:jmxri com.sun.jdmk:jmxtools javax.jms:jms
	dependency org.slf4j slf4j-api 2.0.13
	dependency org.slf4j slf4j-simple 2.0.13
	dependency commons-cli commons-cli 1.5.0
	dependency io.dropwizard.metrics metrics-core 4.1.12.1
	dependency com.fasterxml.jackson.core jackson-core 2.15.2
	dependency org.xerial.snappy snappy-java 1.1.10.5
	echo "</dependencies></project>"
}

fetch() {
	local release=$1 work
	work=$(mktemp -d "$dir/.fetch-$release-XXXXXX")
	pom "$release" >"$work/pom.xml"
	say "$release from Maven Central"
	if ! mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$work/lib" >"$work/mvn.log" 2>&1; then
		cat "$work/mvn.log" >&2
		rm -rf "$work"
		say "cannot get $release from Maven Central"
		return 1
	fi
	rm -rf "${dir:?}/$release"
	chmod 755 "$work"
	mv "$work" "$dir/$release" # whole or not at all
}

command -v zstd >/dev/null || apt_install zstd
for tool in systemd-analyze:systemd rpm:rpm; do
	command -v "${tool%:*}" >/dev/null || apt_install "${tool#*:}" || say "going on without ${tool#*:}"
done
command -v java >/dev/null || apt_install zookeeper
[ -e /usr/share/java/zookeeper.jar ] || apt_install zookeeper || say "going on without Debian's package"
for release in "$@"; do
	[ -d "$dir/$release/lib" ] && continue
	command -v mvn >/dev/null || apt_install maven
	fetch "$release"
done
