#!/usr/bin/env bash
# Regenerates the corpus: run.sh [CASE…]; without arguments every case. Needs a JDK (17 or later is what was used),
# Maven with access to Maven Central, the Debian package "zookeeper" 3.8.0, GNU tar and zstd.
# Servers listen on 127.0.0.1 only and are stopped at the end. Not byte-reproducible: times, session ids and
# elections differ from run to run.
set -euo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
OUT=$(dirname "$HERE")/testdata
CACHE=${CORPUS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/zkark-corpus}
JARS=$CACHE/jars
WORK=$(mktemp -d)
export TZ=UTC

# shellcheck source=/dev/null
{ . "$HERE/jars.sh"; . "$HERE/servers.sh"; . "$HERE/pack.sh"; . "$HERE/cases.sh"; }
trap '[ -n "${KEEP:-}" ] || rm -rf "$WORK"' EXIT

mkdir -p "$OUT"
only=" $* "
FAILED=

# make NAME RELEASE RECIPE COVERS [VARIABLE=VALUE…] runs one case in a shell of its own.
make() {
  local name=$1 recipe=$3
  case $only in "  " | *" $name "*) ;; *) return 0 ;; esac
  echo "$(date +%T) $name"
  set +e # a subshell on the left of || would ignore errors inside
  (
    set -e
    RELEASE=$2 COVERS=$4 FLAGS= CFG=
    shift 4
    local setting
    for setting in "$@"; do eval "${setting%%=*}=\${setting#*=}"; done
    trap stop_all EXIT
    case $RELEASE in 3.4.*) prepare 3.5.10 ;; esac
    prepare "$RELEASE"
    mkdir -p "$WORK/$name" && cd "$WORK/$name"
    "case_$recipe"
    pack "$name"
  )
  [ $? -eq 0 ] || { FAILED="$FAILED $name"; tail -20 "$WORK/$name"/*.out "$WORK/$name"/load.err; }
  set -e
  PORT=$((PORT + 40))
}

. "$HERE/list.sh"

du -ch "$OUT"/*.zst | tail -1
[ -z "$FAILED" ] || { echo "failed:$FAILED" >&2; exit 1; }
