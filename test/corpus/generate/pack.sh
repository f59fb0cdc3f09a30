# Packs a case: its directories as they are, what ZooKeeper reads in them, and a line of the manifest.

TAR="tar --sort=name --owner=0 --group=0 --numeric-owner --sparse --format=gnu"

# tool N CLASS ARGUMENT… runs a tool of the release with the flags of server N.
tool() {
  local n=$1
  shift
  # shellcheck disable=SC2046 # the flags are words
  LC_ALL=${LOCALE:-C.UTF-8} java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC $(java_flags "$n") -cp "$(classpath "$RELEASE")" "$@"
}

# printed DIR N OUT writes what ZooKeeper's own tools print for each log and snapshot. A tool that gives up
# (a torn log) has printed what comes before.
printed() {
  local ENCODING=-Dfile.encoding=UTF-8 LOCALE=C.UTF-8 # the tools print in the charset they run with
  local f base log=org.apache.zookeeper.server.persistence.TxnLogToolkit data=-d
  case $RELEASE in 3.4.*) log=org.apache.zookeeper.server.LogFormatter data= ;; esac
  for f in "$1"/version-2/log.* "$1"/version-2/snapshot.*; do
    [ -e "$f" ] || continue
    base=$(basename "$f")
    case $base in
    log.*) tool "$2" $log "$f" >"$3/$base.txt" 2>/dev/null || true ;;
    *.snappy | snapshot.*) tool "$2" org.apache.zookeeper.server.SnapshotFormatter $data "$f" >"$3/$base.txt" 2>/dev/null || true ;;
    esac
  done
}

# account N OUT writes the exact account of server N, from a copy, and prints its part of the manifest.
account() {
  local copy logs=data
  [ -z "${LOGDIR:-}" ] || logs=$LOGDIR
  copy=$(mktemp -d)
  cp -r --sparse=always "$1/." "$copy"
  mkdir -p "$2"
  printed "$copy/data" "$1" "$2"
  [ "$logs" = data ] || printed "$copy/$logs" "$1" "$2"
  printf '{"id":%s,"data":"%s/data","log":"%s/%s","flags":"%s",%s}' "$1" "$1" "$1" "$logs" \
    "$(java_flags "$1" | tr -s ' ')" "$(tool "$1" Oracle "$copy/data" "$copy/$logs" "$2" 2>"$1.oracle")"
  rm -r "$copy"
}

# pack NAME writes NAME.tar.zst and NAME.expect.tar.zst into OUT. It runs in the case's directory.
pack() {
  local n servers= sep= release=$RELEASE
  [ "$release" != debian ] || release=3.8.0
  rm -rf expect
  for n in $SERVERS; do
    servers="$servers$sep$(account "$n" "expect/$n")"
    sep=,
  done
  # shellcheck disable=SC2086
  { $TAR -cf - $SERVERS | zstd -q -19 --long=27 -f -o "$OUT/$1.tar.zst"
    $TAR -cf - -C expect . | zstd -q -19 --long=27 -f -o "$OUT/$1.expect.tar.zst"; }
  printf '{"name":"%s","release":"%s","covers":"%s","servers":[%s],"files":[%s]}\n' \
    "$1" "$release" "$COVERS" "$servers" "$(listing)" >"$1.json"
  enlist "$1"
}

# enlist NAME puts the line of a case into the manifest, or replaces it.
enlist() {
  local manifest=$OUT/manifest.json
  touch "$manifest"
  { grep '^{"name"' "$manifest" | grep -vF "{\"name\":\"$1\"," | sed 's/,$//' || true
    cat "$1.json"; } | LC_ALL=C sort | sed '$!s/$/,/' >manifest.lines
  { echo '{"cases":['; cat manifest.lines; echo ']}'; } >"$manifest"
}

listing() {
  # shellcheck disable=SC2086
  find $SERVERS -type f -printf '{"path":"%p","size":%s}\n' | LC_ALL=C sort | paste -sd,
}
