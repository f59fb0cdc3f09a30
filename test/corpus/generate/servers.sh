# Real servers on loopback. Source this after jars.sh. A case sets RELEASE, FLAGS (JVM properties of every
# server), CFG (lines of zoo.cfg); FLAGS_n adds to server n.

declare -A PID=()
PORT=${PORT:-27100}

client_port() { echo $((PORT + $1)); }

# java_flags N prints the JVM properties of server N and of the tools that read its files.
java_flags() {
  local own="FLAGS_$1"
  echo "${ENCODING--Dfile.encoding=UTF-8} -Duser.timezone=UTC -Duser.language=en -Duser.country=US -Djute.maxbuffer=2097152 $FLAGS ${!own:-}"
}

# configure N… writes the configuration of the servers of one case; more than one make an ensemble.
configure() {
  local n m
  PORT=$((PORT + 40))
  for n in "$@"; do
    mkdir -p "$n/data"
    {
      echo "tickTime=500"
      echo "initLimit=20"
      echo "syncLimit=10"
      echo "maxSessionTimeout=120000"
      echo "dataDir=./$n/data"
      echo "admin.enableServer=false"
      echo "4lw.commands.whitelist=*"
      [ -z "${LOGDIR:-}" ] || echo "dataLogDir=./$n/$LOGDIR"
      printf '%s' "${CFG:-}"
      if [ $# -gt 1 ]; then
        for m in "$@"; do member "$m"; done
      fi
      [ -n "${DYNAMIC:-}" ] || echo "clientPort=$(client_port "$n")"
      [ -n "${DYNAMIC:-}" ] || echo "clientPortAddress=127.0.0.1"
    } >"$n/zoo.cfg"
    [ -z "${LOGDIR:-}" ] || mkdir -p "$n/$LOGDIR"
    [ $# -eq 1 ] || echo "$n" >"$n/data/myid"
  done
  SERVERS="$*"
}

# member N prints the line of server N; DYNAMIC asks for the form with the client's address.
member() {
  local line="server.$1=127.0.0.1:$((PORT + 10 + $1)):$((PORT + 20 + $1))"
  [ -z "${DYNAMIC:-}" ] || line="$line:participant;127.0.0.1:$(client_port "$1")"
  echo "$line"
}

# start N… starts servers; serving waits for them.
start() {
  local n
  for n in "$@"; do
    # shellcheck disable=SC2046 # the flags are words
    LC_ALL=${LOCALE:-C.UTF-8} java -Xmx400m -XX:+UseSerialGC ${JIT--XX:TieredStopAtLevel=1} $(java_flags "$n") -Dzookeeper.jmx.log4j.disable=true \
      -cp "$(classpath "$RELEASE")" org.apache.zookeeper.server.quorum.QuorumPeerMain "$n/zoo.cfg" >>"$n.out" 2>&1 &
    PID[$n]=$!
  done
}

# ask N WORD sends a four-letter word.
ask() {
  timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$(client_port "$1") && printf $2 >&3 && cat <&3" 2>/dev/null
}

serving() {
  local n i
  for n in "$@"; do
    for i in $(seq 300); do
      if ask "$n" srvr | grep -q '^Zxid:'; then continue 2; fi
      sleep 0.1
    done
    echo "server $n does not serve" >&2
    return 1
  done
}

# mode N prints leader, follower or standalone; leader N… prints which one leads.
mode() { ask "$1" srvr | sed -n 's/^Mode: //p'; }
leader() {
  local n
  for n in "$@"; do
    if [ "$(mode "$n")" = leader ]; then echo "$n"; return; fi
  done
  return 1
}

others() {
  local n
  for n in $SERVERS; do
    if [ "$n" != "$1" ]; then echo "$n"; fi
  done
}

signal() { # SIGNAL N…
  local n sig=$1
  shift
  for n in "$@"; do kill "-$sig" "${PID[$n]}"; done
}

gone() { # N… waits for the end of processes
  local n
  for n in "$@"; do
    wait "${PID[$n]}" 2>/dev/null || true
    unset "PID[$n]"
  done
}

stop() { signal TERM "$@"; gone "$@"; }
crash() { signal KILL "$@"; gone "$@"; }

stop_all() {
  if [ ${#PID[@]} -gt 0 ]; then crash "${!PID[@]}"; fi
}

# load N COMMAND… runs the client against server N.
load() {
  local n=$1 client=$RELEASE old=false
  shift
  case $RELEASE in 3.4.*) client=3.5.10 old=true ;; esac
  LC_ALL=C.UTF-8 java -Dcorpus.server34=$old -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dfile.encoding=UTF-8 -Djute.maxbuffer=2097152 -Dzookeeper.sasl.client=false -cp "$(classpath "$client")" \
    Load "127.0.0.1:$(client_port "$n")" "$@" 2>>load.err
}

# caught_up N… waits until the servers report the same zxid.
caught_up() {
  local i n seen
  for i in $(seq 200); do
    seen=$(for n in "$@"; do ask "$n" srvr | sed -n 's/^Zxid: //p'; done | sort | uniq -c | awk '{print $1}')
    if [ "$seen" = $# ]; then return; fi
    sleep 0.1
  done
  echo "servers $* do not agree" >&2
  return 1
}
