# Jars of each ZooKeeper release. Source this; it needs JARS, a directory that is kept between runs.

# debian_classpath prints the class path of the Debian package "zookeeper".
debian_classpath() {
  local jar=/usr/share/java
  echo "$jar/zookeeper.jar:$jar/slf4j-nop.jar"
}

# prepare RELEASE gets the jars and compiles the client and the oracle against them, once.
# "debian" stands for the installed Debian package, release 3.8.0.
prepare() {
  local dir=$JARS/$1
  mkdir -p "$dir/classes"
  if [ "$1" = debian ]; then
    debian_classpath >"$dir/classpath"
  else
    "$HERE/../../zkserver/install.sh" "$JARS/releases" "$1"
    echo "$JARS/releases/$1/lib/*" >"$dir/classpath"
  fi
  javac -nowarn -encoding UTF-8 -d "$dir/classes" -cp "$(cat "$dir/classpath")" "$HERE/Load.java" "$HERE/Oracle.java" 2>"$dir/javac" ||
    { cat "$dir/javac"; return 1; }
}

# classpath RELEASE prints what prepare put together.
classpath() { echo "$JARS/$1/classes:$(cat "$JARS/$1/classpath")"; }
