package zkserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// HomeVariable is the environment variable that names a ZooKeeper to run instead of Debian's.
const HomeVariable = "ZOOKEEPER_HOME"

const debianJars = "/usr/share/java"

// Release is a ZooKeeper that can be run on this machine.
type Release struct {
	Version string // as in its jar's name, like 3.8.0
	From    string // the directory it was found in
	Java    string // the java command
	// ClassPath is what `java -cp` needs to run a server, or a tool that comes with it.
	ClassPath string
}

// NotFoundError says that there is no ZooKeeper to run, and what to do about it.
type NotFoundError struct {
	Missing string // what is not there
	Advice  string // a sentence: what to install, or to set
}

// Error is two clauses: what is missing, and the advice.
func (e *NotFoundError) Error() string { return e.Missing + ": " + e.Advice }

// Find finds a ZooKeeper to run: the one that ZOOKEEPER_HOME names, else the one of Debian's package. It fails with
// *NotFoundError.
func Find() (Release, error) {
	if home := os.Getenv(HomeVariable); home != "" {
		return FindIn(home)
	}
	return findDebian()
}

// FindIn finds the ZooKeeper in a directory laid out like a release tarball: jars in lib, and, up to 3.4, in the
// directory itself. It fails with *NotFoundError.
func FindIn(home string) (Release, error) {
	home, err := filepath.Abs(home)
	if err != nil {
		return Release{}, fmt.Errorf("find ZooKeeper in %s: %w", home, err)
	}
	lib := filepath.Join(home, "lib")
	version := newestJar(lib)
	if version == "" {
		version = newestJar(home)
	}
	if version == "" {
		return Release{}, &NotFoundError{
			Missing: "no ZooKeeper in " + home,
			Advice:  "it has no zookeeper-VERSION.jar, neither in lib nor in itself; unpack a release tarball there, or run test/zkserver/install.sh",
		}
	}
	java, err := findJava()
	cp := filepath.Join(lib, "*") + string(os.PathListSeparator) + filepath.Join(home, "*")
	return Release{Version: version, From: home, Java: java, ClassPath: cp}, err
}

// findDebian finds Debian's package, whose jar names what else it needs in its manifest, but for a logger and two jars that only a
// TLS port needs.
func findDebian() (Release, error) {
	jar := filepath.Join(debianJars, "zookeeper.jar")
	if _, err := os.Stat(jar); err != nil {
		return Release{}, &NotFoundError{
			Missing: "no ZooKeeper on this machine",
			Advice:  "on Debian: apt-get install zookeeper; elsewhere unpack a release and set " + HomeVariable + " to its directory",
		}
	}
	java, err := findJava()
	cp := jar
	for _, forgotten := range []string{"slf4j-simple.jar", "netty-codec.jar", "netty-resolver.jar"} {
		cp += string(os.PathListSeparator) + filepath.Join(debianJars, forgotten)
	}
	return Release{Version: newestJar(debianJars), From: debianJars, Java: java, ClassPath: cp}, err
}

// newestJar is the version in the name of the last zookeeper-VERSION.jar in a directory, or "".
func newestJar(dir string) string {
	jars, err := filepath.Glob(filepath.Join(dir, "zookeeper-[0-9]*.jar"))
	if err != nil || len(jars) == 0 {
		return ""
	}
	name := filepath.Base(jars[len(jars)-1])
	return strings.TrimSuffix(strings.TrimPrefix(name, "zookeeper-"), ".jar")
}

func findJava() (string, error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		if java := filepath.Join(home, "bin", "java"); isFile(java) {
			return java, nil
		}
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return "", &NotFoundError{
			Missing: "no Java on this machine",
			Advice:  "on Debian: apt-get install default-jre-headless; elsewhere install Java 11 or later, or set JAVA_HOME",
		}
	}
	return java, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// AtLeast tells whether the release is not older than a version of two numbers.
func (r Release) AtLeast(major, minor int) bool {
	var x, y int
	if _, err := fmt.Sscanf(r.Version, "%d.%d", &x, &y); err != nil {
		return false
	}
	return x > major || x == major && y >= minor
}

// Require is Find for a test: it skips the test, saying what to install, when there is no ZooKeeper.
func Require(t testing.TB) Release {
	t.Helper()
	r, err := Find()
	if err != nil {
		t.Skipf("SKIPPED, needs a real ZooKeeper server: %v", err)
	}
	return r
}
