# Jars of each ZooKeeper release. Source this; it needs JARS, a directory that is kept between runs.

# debian_classpath prints the class path of the Debian package "zookeeper".
debian_classpath() {
  local jar=/usr/share/java
  echo "$jar/zookeeper.jar:$jar/slf4j-nop.jar"
}

# release_pom RELEASE prints a Maven project whose only use is its dependencies. The exclusions are what a
# server does not need and what Maven Central does not have; the additions are "provided" or optional upstream.
release_pom() {
  local extra=
  case $1 in
  3.4.*) ;;
  3.5.*) extra='
    <dependency><groupId>commons-cli</groupId><artifactId>commons-cli</artifactId><version>1.5.0</version></dependency>' ;;
  *) extra='
    <dependency><groupId>io.dropwizard.metrics</groupId><artifactId>metrics-core</artifactId><version>4.1.12.1</version></dependency>
    <dependency><groupId>org.xerial.snappy</groupId><artifactId>snappy-java</artifactId><version>1.1.10.5</version></dependency>
    <dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-core</artifactId><version>2.15.2</version></dependency>
    <dependency><groupId>commons-cli</groupId><artifactId>commons-cli</artifactId><version>1.5.0</version></dependency>' ;;
  esac
  cat <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>corpus</groupId><artifactId>jars</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.zookeeper</groupId><artifactId>zookeeper</artifactId><version>$1</version>
      <exclusions>
        <exclusion><groupId>com.github.spotbugs</groupId><artifactId>*</artifactId></exclusion>
        <exclusion><groupId>jline</groupId><artifactId>*</artifactId></exclusion>
        <exclusion><groupId>com.sun.jdmk</groupId><artifactId>*</artifactId></exclusion>
        <exclusion><groupId>com.sun.jmx</groupId><artifactId>*</artifactId></exclusion>
        <exclusion><groupId>javax.jms</groupId><artifactId>*</artifactId></exclusion>
        <exclusion><groupId>log4j</groupId><artifactId>*</artifactId></exclusion>
        <exclusion><groupId>ch.qos.logback</groupId><artifactId>*</artifactId></exclusion>
        <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-log4j12</artifactId></exclusion>
      </exclusions>
    </dependency>$extra
  </dependencies>
</project>
POM
}

# prepare RELEASE fetches the jars and compiles the client and the oracle against them, once.
# "debian" stands for the installed Debian package, release 3.8.0.
prepare() {
  local dir=$JARS/$1
  mkdir -p "$dir/classes" "$dir/lib"
  if [ "$1" = debian ]; then
    debian_classpath >"$dir/classpath"
  else
    release_pom "$1" >"$dir/pom.new"
    if ! cmp -s "$dir/pom.new" "$dir/pom.xml"; then
      mvn -q -B -Dstyle.color=never -f "$dir/pom.new" dependency:copy-dependencies -DoutputDirectory="$dir/lib" >"$dir/maven" || { cat "$dir/maven"; return 1; }
      mv "$dir/pom.new" "$dir/pom.xml"
    fi
    echo "$dir/lib/*" >"$dir/classpath"
  fi
  javac -nowarn -encoding UTF-8 -d "$dir/classes" -cp "$(cat "$dir/classpath")" "$HERE/Load.java" "$HERE/Oracle.java" 2>"$dir/javac" ||
    { cat "$dir/javac"; return 1; }
}

# classpath RELEASE prints what prepare put together.
classpath() { echo "$JARS/$1/classes:$(cat "$JARS/$1/classpath")"; }
