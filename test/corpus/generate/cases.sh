# The cases: each is a function case_NAME RELEASE, run in an empty directory, that leaves stopped servers.

LIVE="-Dzookeeper.extendedTypesEnabled=true -Dznode.container.checkIntervalMs=300"
SMALL="-Dzookeeper.preAllocSize=1024" # KB; a log grows by 1 MiB instead of 64

case_ops() { # every operation, a restart, and a little more
  configure 1
  start 1; serving 1
  load 1 ops
  stop 1
  start 1; serving 1
  load 1 write after-restart 10
  crash 1
}

case_light() { # a few hundred changes from two sessions, then a restart
  configure 1
  start 1; serving 1
  load 1 burst light 2 300
  stop 1
  start 1; serving 1
  load 1 write more 5
  stop 1
}

case_charset() {
  configure 1
  start 1; serving 1
  load 1 charset
  stop 1
  start 1; serving 1
  load 1 write more 3
  stop 1
}

case_fuzzy() { # snapshots while four sessions write
  configure 1
  start 1; serving 1
  load 1 burst fuzzy 4 4800
  load 1 write after 5
  crash 1
}

case_torn() { # killed in the middle of a batch, restarted, used again
  configure 1
  start 1; serving 1
  load 1 write before 3
  load 1 flood torn 700 600 &
  local client=$!
  sleep 2.5
  crash 1
  wait $client || true # it ends with its server
  if [ "${RESTART:-}" ]; then
    start 1; serving 1
    load 1 write after 3
    stop 1
  fi
}

case_cut() { # a sound log, cut inside its last record by hand
  case_light
  local log end
  log=$(ls -tr 1/data/version-2/log.* | tail -1)
  end=$(LC_ALL=C grep -obUaP '[^\x00]' "$log" | tail -1 | cut -d: -f1)
  truncate -s $((end - 20)) "$log"
}

case_hole() { # records larger than preAllocSize on 3.9
  configure 1
  start 1; serving 1
  load 1 flood hole 10000 400 &
  local client=$!
  sleep 2.5
  stop 1
  wait $client || true
}

ensemble() {
  configure 1 2 3
  start 1 2 3; serving 1 2 3
}

case_election() { # the leader hangs, the others elect without restarting, it returns
  ensemble
  local l rest
  l=$(leader 1 2 3); rest=$(others "$l")
  load "$l" write first 10
  signal STOP "$l"
  sleep 6
  # shellcheck disable=SC2086
  { serving $rest; load ${rest%%[!0-9]*} write second 10; }
  signal CONT "$l"
  serving 1 2 3
  load "$l" write third 5
  caught_up 1 2 3
  stop 1 2 3
}

# dead_proposals leaves the ensemble with a crashed leader, in $DEAD, whose log ends in proposals that nobody
# else has ever read, and with the two others running again.
dead_proposals() {
  ensemble
  local rest
  DEAD=$(leader 1 2 3); rest=$(others "$DEAD")
  load "$DEAD" write common 8
  caught_up 1 2 3
  coproc ORPHANS { load "$DEAD" orphans dead 5; }
  local client=$ORPHANS_PID
  read -r -u "${ORPHANS[0]}"
  caught_up 1 2 3
  # shellcheck disable=SC2086
  signal STOP $rest
  echo >&"${ORPHANS[1]}"
  sleep 1
  crash "$DEAD"
  # shellcheck disable=SC2086
  { crash $rest; wait "$client" || true; start $rest; serving $rest; }
}

case_trunc() { # the old leader returns before the new epoch has a transaction: TRUNC
  dead_proposals
  start "$DEAD"; serving "$DEAD"
  load "$DEAD" write later 8
  caught_up 1 2 3
  stop 1 2 3
}

case_phantom() { # it returns after: SNAP, and the dead proposals stay in its log
  dead_proposals
  load "$(others "$DEAD" | head -1)" write meanwhile 8
  start "$DEAD"; serving "$DEAD"
  load "$DEAD" write later 8
  caught_up 1 2 3
  stop 1 2 3
}

case_reconfig() { # a follower leaves and comes back as an observer
  ensemble
  local l f
  l=$(leader 1 2 3); f=$(others "$l" | head -1)
  load "$l" write first 5
  load "$l" reconfig "$f" -
  load "$l" write second 5
  load "$l" reconfig - "$(member "$f" | sed 's/participant/observer/')"
  load "$l" write third 5
  sleep 1
  stop 1 2 3
}

case_mixed() { # servers with different flags write the same transactions differently; 3 leads
  configure 1 2 3
  start 3; start 1 2; serving 1 2 3
  [ "$(leader 1 2 3)" = 3 ]
  local l
  l=$(leader 1 2 3)
  load "$l" burst mixed 2 120
  caught_up 1 2 3
  stop 1 2 3
  start 1 2 3; serving 1 2 3
  load 1 write after 5
  caught_up 1 2 3
  stop 1 2 3
}
