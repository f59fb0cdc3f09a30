package deploy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// finalStage is the Dockerfile's last stage, word for word.
func finalStage(t *testing.T) string {
	t.Helper()
	text := string(read(t, filepath.Join(repository, "Dockerfile")))
	at := strings.LastIndex(text, "\nFROM ")
	if at < 0 || strings.Count(text, "\nFROM ") != 2 {
		t.Fatal("the Dockerfile does not have two stages")
	}
	return text[at+1:]
}

// buildah runs the builder, with a store of images of its own.
func buildah(t *testing.T, store string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "buildah", append([]string{"--root", filepath.Join(store, "root"), "--runroot", filepath.Join(store, "run"), "--storage-driver", "vfs"}, args...)...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("buildah %q: %v: %s", args, err, said.String())
	}
	return strings.TrimSpace(string(out))
}

// TestTheImageIsOneBinaryThatRunsAsNobodyWithoutWriting builds the Dockerfile's final stage from a build stage that needs no network: its
// result is the binary of these tests.
func TestTheImageIsOneBinaryThatRunsAsNobodyWithoutWriting(t *testing.T) {
	if _, err := exec.LookPath("buildah"); err != nil {
		t.Skip("SKIPPED, needs a builder of images: on Debian: apt-get install buildah")
	}
	needMounts(t)
	root := unpack(t)
	var files []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, root))
		}
		return err
	})
	if want := []string{"/etc/ssl/certs/ca-certificates.crt", "/zkark"}; err != nil || !slices.Equal(files, want) {
		t.Errorf("in the image are %q, %v; want %q", files, err, want)
	}
	script := `mount --bind ` + root + ` ` + root + `; mount -o remount,bind,ro ` + root + `; exec setpriv --no-new-privs chroot --userspec=65532:65532 --groups= ` + root + ` "$@"`
	inside := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "unshare", append([]string{"--mount", "--propagation", "private", "--net", "sh", "-euc", script, "sh"}, args...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "ZKARK_LISTEN=127.0.0.1:9141"}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if said, err := inside("/zkark", "--version"); err != nil || !strings.HasPrefix(said, "zkark ") {
		t.Errorf("--version: %v: %s", err, said)
	}
	if said, err := inside("/zkark", "healthcheck"); err == nil || !strings.Contains(said, "the sidecar at 127.0.0.1:9141 does not answer") {
		t.Errorf("healthcheck of nobody: %v: %s", err, said)
	}
}

// unpack builds the image, looks at its configuration and returns a directory with its files.
func unpack(t *testing.T) string {
	dir, err := os.MkdirTemp("", "zkark-image-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx := filepath.Join(dir, "context")
	for _, d := range []string{filepath.Join(ctx, "out/tmp"), filepath.Join(dir, "root")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(ctx, "out/zkark"), string(read(t, zkark())))
	if err := os.Chmod(filepath.Join(ctx, "out/zkark"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(ctx, "ca-certificates.crt"), "certificates\n")
	write(t, filepath.Join(ctx, "Dockerfile"), "FROM scratch AS build\nCOPY ca-certificates.crt /etc/ssl/certs/\nCOPY out /out\n\n"+finalStage(t))
	store := filepath.Join(dir, "store")
	buildah(t, store, "bud", "--isolation", "chroot", "--format", "docker", "--tag", "zkark", ctx)
	checkConfig(t, buildah(t, store, "inspect", "--type", "image", "zkark"))
	container := buildah(t, store, "from", "--pull-never", "zkark")
	mounted := buildah(t, store, "mount", container)
	root := filepath.Join(dir, "rootfs")
	if said, err := exec.Command("cp", "-a", mounted, root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return root
}

func checkConfig(t *testing.T, inspected string) {
	var image struct {
		Docker struct {
			Config struct {
				User        string
				Entrypoint  []string
				Env         []string
				Labels      map[string]string
				Healthcheck struct{ Test []string }
			} `json:"config"`
		}
	}
	if err := json.Unmarshal([]byte(inspected), &image); err != nil {
		t.Fatal(err)
	}
	c := image.Docker.Config
	if c.User != "65532:65532" || !slices.Equal(c.Entrypoint, []string{"/zkark"}) || !slices.Contains(c.Env, "ZKARK_LISTEN=127.0.0.1:9141") {
		t.Errorf("%+v", c)
	}
	if want := []string{"CMD", "/zkark", "healthcheck"}; !slices.Equal(c.Healthcheck.Test, want) {
		t.Errorf("the health check is %q, want %q", c.Healthcheck.Test, want)
	}
	for _, label := range []string{"title", "description", "source", "licenses", "version", "revision"} {
		if c.Labels["org.opencontainers.image."+label] == "" {
			t.Errorf("there is no label %s: %q", label, c.Labels)
		}
	}
}

func TestTheBinaryIsCompiledForBothProcessors(t *testing.T) {
	text := string(read(t, filepath.Join(repository, "Dockerfile")))
	for _, want := range []string{"FROM --platform=$BUILDPLATFORM ", "GOOS=$TARGETOS GOARCH=$TARGETARCH", "CGO_ENABLED=0"} {
		if !strings.Contains(text, want) {
			t.Errorf("the Dockerfile lacks %q", want)
		}
	}
}
