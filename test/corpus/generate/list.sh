# Every case of the corpus. make NAME RELEASE RECIPE COVERS [VARIABLE=VALUE…]

EVERY="every operation that the release has, also inside multis, ok and refused; quotas, ACLs, ephemerals, a large node, a restart"
make ops-3.4.14 3.4.14 ops "$EVERY; default preallocation of 64 MiB; 3.4 writes no snapshot when it starts, so snapCount is small" \
  FLAGS="$LIVE -Dzookeeper.snapCount=40"
make ops-3.5.10 3.5.10 ops "$EVERY" FLAGS="$LIVE $SMALL"
make ops-3.6.4 3.6.4 ops "$EVERY" FLAGS="$LIVE $SMALL"
make ops-3.7.2 3.7.2 ops "$EVERY; separate dataLogDir" FLAGS="$LIVE $SMALL" LOGDIR=log
make ops-3.8.0 debian ops "$EVERY; default preallocation of 64 MiB" FLAGS="$LIVE"
make ops-3.8.6 3.8.6 ops "$EVERY" FLAGS="$LIVE $SMALL"
make ops-3.9.3 3.9.3 ops "$EVERY; separate dataLogDir" FLAGS="$LIVE $SMALL" LOGDIR=log
make ops-3.9.5 3.9.5 ops "$EVERY" FLAGS="$LIVE $SMALL"

LIGHT="creates, deletes, setData, setACL, ephemerals, multis from two sessions, a restart"
D=-Dzookeeper.digest.enabled=false
L=-Dzookeeper.serializeLastProcessedZxid.enabled=false
C=-Dzookeeper.closeSessionTxn.enabled=false
Z=-Dzookeeper.snapshot.compression.method
make gz-3.6.4 3.6.4 light "$LIGHT; gzip snapshots" FLAGS="$SMALL $Z=gz"
make gz-3.9.5 3.9.5 light "$LIGHT; gzip snapshots" FLAGS="$SMALL $Z=gz"
make snappy-3.8.0 debian light "$LIGHT; snappy snapshots" FLAGS="$SMALL $Z=snappy"
make snappy-3.9.5 3.9.5 light "$LIGHT; snappy snapshots" FLAGS="$SMALL $Z=snappy"
make no-digest-3.8.6 3.8.6 light "$LIGHT; digest off" FLAGS="$SMALL $D"
make no-digest-3.9.5 3.9.5 light "$LIGHT; digest off, last zxid on" FLAGS="$SMALL $D"
make no-last-zxid-3.9.5 3.9.5 light "$LIGHT; digest on, last zxid off" FLAGS="$SMALL $L"
make bare-3.9.5 3.9.5 light "$LIGHT; digest and last zxid off" FLAGS="$SMALL $D $L"
make close-session-3.8.6 3.8.6 light "$LIGHT; closeSession without the list of paths, with digest" FLAGS="$SMALL $C"
make close-session-3.9.5 3.9.5 light "$LIGHT; closeSession without the list of paths, without digest" FLAGS="$SMALL $C $D"

make charset-3.8.0 debian charset "non-ASCII paths; the server's charset is US-ASCII, so its digests take every other character for a question mark" \
  FLAGS="$SMALL" ENCODING= LOCALE=POSIX
FUZZY="several snapshots taken while four sessions write: each holds effects of transactions after its name"
make fuzzy-3.5.10 3.5.10 fuzzy "$FUZZY; no trailers" FLAGS="$SMALL -Dzookeeper.snapCount=900" JIT=-Xint
make fuzzy-3.8.0 debian fuzzy "$FUZZY; digest trailer" FLAGS="$SMALL -Dzookeeper.snapCount=900" JIT=-Xint
make fuzzy-3.9.5 3.9.5 fuzzy "$FUZZY; both trailers" FLAGS="$SMALL -Dzookeeper.snapCount=900" JIT=-Xint

DELAY="-Dzookeeper.flushDelay=2000 -Dzookeeper.maxBatchSize=1000"
make torn-3.8.0 debian torn "killed with kill -9 in a batch: the log ends in part of a record; restarted, so a newer log follows" \
  FLAGS="$SMALL $DELAY" RESTART=yes
make torn-3.9.5 3.9.5 torn "killed with kill -9 in a batch: the log ends in part of a record, left as it was" FLAGS="$SMALL $DELAY"
make cut-3.9.5 3.9.5 cut "a real log cut inside its last record by hand" FLAGS="$SMALL"
make hole-3.9.5 3.9.5 hole "records larger than preAllocSize: 3.9 puts a zero byte into records it wrote; it does not start again" \
  FLAGS="-Dzookeeper.preAllocSize=5"

QUICK="-Dzookeeper.preAllocSize=1024"
make election-3.4.14 3.4.14 election "three servers; the leader hangs, an election without a restart, the same log goes on in the new epoch; logs without any snapshot" FLAGS="$QUICK"
make election-3.8.0 debian election "three servers; the leader hangs, an election without a restart, the same log goes on in the new epoch" FLAGS="$QUICK"
make trunc-3.8.0 debian trunc "three servers; a leader with five dead proposals returns and is sent TRUNC" FLAGS="$QUICK"
make trunc-3.9.5 3.9.5 trunc "three servers; a leader with five dead proposals returns and is sent TRUNC" FLAGS="$QUICK"
make phantom-3.8.0 debian phantom "three servers; a leader with five dead proposals returns and is sent SNAP: they stay in its old log" FLAGS="$QUICK"
make phantom-3.9.5 3.9.5 phantom "three servers; a leader with five dead proposals returns and is sent SNAP: they stay in its old log" FLAGS="$QUICK"
RECONF=$'reconfigEnabled=true\nskipACL=yes\nstandaloneEnabled=false\n'
make reconfig-3.5.10 3.5.10 reconfig "three servers; one leaves and comes back as an observer" FLAGS="$QUICK" CFG="$RECONF" DYNAMIC=yes
make reconfig-3.9.5 3.9.5 reconfig "three servers; one leaves and comes back as an observer" FLAGS="$QUICK" CFG="$RECONF" DYNAMIC=yes
make mixed-3.9.5 3.9.5 mixed "three servers with different flags: followers without the list of paths in closeSession (1) and without digest (2)" \
  FLAGS="$QUICK" FLAGS_1="$C" FLAGS_2="$D"
make mixed-leader-3.9.5 3.9.5 mixed "three servers with different flags: the leader (3) without the list of paths in closeSession, 2 without digest" \
  FLAGS="$QUICK" FLAGS_3="$C" FLAGS_2="$D"
