package zkserver

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// writeConfig writes zoo.cfg, myid and the configuration of the loggers. The admin server stays off: its port is fixed.
func (s *Server) writeConfig(members []string) error {
	lines := []string{
		"tickTime=1000", "initLimit=20", "syncLimit=10",
		"maxSessionTimeout=120000",
		"clientPortAddress=127.0.0.1", "clientPort=" + strconv.Itoa(s.port),
		"dataDir=" + s.DataDir(),
		"admin.enableServer=false", "4lw.commands.whitelist=*",
	}
	if s.options.SeparateLogDir {
		lines = append(lines, "dataLogDir="+s.LogDir())
	}
	lines = append(lines, members...)
	lines = append(lines, s.options.Config...)
	files := map[string]string{
		s.ConfigFile(): strings.Join(lines, "\n") + "\n",
		filepath.Join(s.dir, "conf", "log4j.properties"): log4jConfig,
		filepath.Join(s.dir, "conf", "logback.xml"):      logbackConfig,
	}
	if s.id > 0 {
		files[filepath.Join(s.DataDir(), "myid")] = strconv.Itoa(s.id) + "\n"
	}
	for _, dir := range []string{filepath.Join(s.dir, "conf"), s.DataDir(), s.LogDir()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("prepare a ZooKeeper server: %w", err)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			return fmt.Errorf("prepare a ZooKeeper server: %w", err)
		}
	}
	return nil
}

// The loggers of release tarballs (log4j up to 3.7, logback since), made to print like the one that install.sh puts beside
// the releases that it gets.
const (
	log4jConfig = `log4j.rootLogger=INFO, OUT
log4j.appender.OUT=org.apache.log4j.ConsoleAppender
log4j.appender.OUT.layout=org.apache.log4j.PatternLayout
log4j.appender.OUT.layout.ConversionPattern=%d [%t] %p %c - %m%n
`
	logbackConfig = `<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d [%t] %p %c - %m%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
`
)

// command runs the server in a small JVM that starts fast.
func (s *Server) command() *exec.Cmd {
	args := []string{
		"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dzookeeper.jmx.log4j.disable=true", // 3.4 to 3.7 fail without log4j otherwise
		"-Dorg.slf4j.simpleLogger.showDateTime=true",
		"-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS",
	}
	args = append(args, s.options.JVM...)
	cp := filepath.Dir(s.ConfigFile()) + string(os.PathListSeparator) + s.release.ClassPath
	args = append(args, "-cp", cp, "org.apache.zookeeper.server.quorum.QuorumPeerMain", s.ConfigFile())
	return exec.Command(s.release.Java, args...)
}

// freePorts finds n ports that nobody listens on. Somebody else may take one before the server does; then the server
// does not start, and says so.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() // only when all are found, so that they differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
