package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestWhatTheDocsTellToAddToAPodIsWhatKubernetesAndZkarkTake decodes the recipes for charts and operators.
func TestWhatTheDocsTellToAddToAPodIsWhatKubernetesAndZkarkTake(t *testing.T) {
	text := string(read(t, filepath.Join(repository, "docs/kubernetes.md")))
	checked := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(text, -1) {
		if strings.Contains(block[1], "{{-") {
			continue // a template of a chart, which another test renders
		}
		var spec core.PodSpec
		if err := yaml.UnmarshalStrict(podOf(t, block[1]), &spec); err != nil {
			t.Errorf("%v in\n%s", err, block[1])
		}
		for _, c := range spec.InitContainers {
			if !isZkark(c) {
				continue
			}
			checked++
			args := append(c.Args, "--archive="+c.Env[0].Value, "--help")
			if said, err := exec.CommandContext(t.Context(), zkark(), args...).CombinedOutput(); err != nil {
				t.Errorf("zkark %q: %v: %s", args, err, said)
			}
			if data, ok := mount(c, c.VolumeMounts[0].MountPath); c.Args[0] == "sidecar" && (!ok || !data.ReadOnly) {
				t.Errorf("the sidecar can write to the data: %+v", c.VolumeMounts)
			}
		}
	}
	if checked != 4 {
		t.Errorf("%d containers were checked", checked)
	}
}

// podOf is what a recipe says of the pod: all of it, or what is below podOverrides.
func podOf(t *testing.T, recipe string) []byte {
	t.Helper()
	var stackable struct {
		Spec struct {
			Servers struct{ PodOverrides struct{ Spec map[string]any } }
		}
	}
	if err := yaml.Unmarshal([]byte(recipe), &stackable); err != nil {
		t.Fatal(err)
	}
	spec := stackable.Spec.Servers.PodOverrides.Spec
	if spec == nil {
		return []byte(recipe)
	}
	data, err := yaml.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestLinksLeadSomewhere(t *testing.T) {
	pages, err := filepath.Glob("../*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, "../helm/zkark/README.md", filepath.Join(repository, runbook), filepath.Join(repository, "docs/kubernetes.md"))
	for _, page := range pages {
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`).FindAllStringSubmatch(string(read(t, page)), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}
