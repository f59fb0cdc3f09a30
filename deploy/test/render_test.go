package deploy

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	kubernetes = "../kubernetes"
	chartDir   = "../helm/zkark"
)

// rendered is a way to deploy, and the manifests that it comes to.
type rendered struct {
	name    string
	objects []runtime.Object
}

// everything is every way to deploy that there is.
func everything(t *testing.T) []rendered {
	all := []rendered{{"base", kustomize(t, filepath.Join(kubernetes, "base"))}}
	for _, overlay := range overlays(t) {
		all = append(all,
			rendered{overlay, kustomize(t, filepath.Join(kubernetes, "overlays", overlay))},
			rendered{overlay + " with monitoring", kustomize(t, with(t, overlay, "monitoring"))})
		if overlay != "classic" {
			all = append(all, rendered{overlay + " before 1.29", kustomize(t, with(t, overlay, "classic"))})
		}
	}
	for name, values := range chartValues() {
		all = append(all, rendered{"chart, " + name, helm(t, load(t), values)})
	}
	return all
}

func overlays(t *testing.T) (names []string) {
	entries, err := os.ReadDir(filepath.Join(kubernetes, "overlays"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) < 4 {
		t.Fatalf("overlays: %q", names)
	}
	return names
}

func kustomize(t *testing.T, dir string) []runtime.Object {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatalf("kustomize %s: %v", dir, err)
	}
	manifests, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, manifests)
}

// with is the directory of a kustomization of an overlay and a component.
func with(t *testing.T, overlay, component string) string {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(kubernetes)
	if err != nil {
		t.Fatal(err)
	}
	way, err := filepath.Rel(dir, here)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [%s/overlays/%s]\ncomponents: [%[1]s/components/%[3]s]\n",
		way, overlay, component)
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

type values = map[string]any

// chartValues are the ways in which the chart is rendered.
func chartValues() map[string]values {
	monitored := values{"podMonitor": values{"enabled": true}, "prometheusRule": values{"enabled": true}, "dashboard": values{"enabled": true}}
	whole := values{"archive": "s3://backups/zookeeper/prod", "zookeeper": values{"enabled": true}}
	classic := maps.Clone(whole)
	classic["sidecar"] = values{"native": false}
	minio := maps.Clone(monitored)
	maps.Copy(minio, values{
		"archive":          "s3://backups/zk",
		"env":              values{"ZKARK_S3_ENDPOINT": "https://minio:9000", "ZKARK_S3_PATH_STYLE": "true"},
		"shipper":          values{"secret": "zkark-shipper"},
		"pruner":           values{"secret": "zkark-pruner"},
		"driller":          values{"secret": "zkark-driller"},
		"verifier":         values{"secret": "zkark-verifier"},
		"zookeeper":        values{"enabled": true, "replicas": 1, "storage": values{"className": "fast"}},
		"imagePullSecrets": []any{values{"name": "pull"}},
		"sidecar":          values{"args": []any{"--base-interval=1h", "--zk-sync"}},
		"image":            values{"digest": "sha256:" + strings.Repeat("0", 64)},
	})
	return map[string]values{
		"an add-on": {"archive": "gs://backups/zk"}, "an ensemble": whole, "an ensemble before 1.29": classic, "MinIO and everything": minio,
	}
}

func load(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.LoadDir(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func renderChart(c *chart.Chart, v values) (map[string]string, error) {
	return renderChartFor("v1.31.0", c, v)
}

func renderChartFor(release string, c *chart.Chart, v values) (map[string]string, error) {
	kube, err := chartutil.ParseKubeVersion(release)
	if err != nil {
		return nil, err
	}
	caps := chartutil.DefaultCapabilities.Copy()
	caps.KubeVersion = *kube
	all, err := chartutil.ToRenderValues(c, v, chartutil.ReleaseOptions{Name: "zk", Namespace: "data", IsInstall: true}, caps)
	if err != nil {
		return nil, err
	}
	return engine.Render(c, all)
}

func helm(t *testing.T, c *chart.Chart, v values) (objects []runtime.Object) {
	t.Helper()
	files, err := renderChart(c, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		switch filepath.Ext(name) {
		case ".yaml":
			objects = append(objects, decode(t, []byte(files[name]))...)
		case ".txt":
			if !strings.Contains(files[name], v["archive"].(string)) {
				t.Errorf("%s does not tell where the archive is:\n%s", name, files[name])
			}
		}
	}
	return objects
}

func TestTheChartHasNothingThatHelmWarnsOf(t *testing.T) {
	for name, v := range chartValues() {
		linted := lint.AllWithKubeVersion(chartDir, v, "data", &chartutil.KubeVersion{Version: "v1.31.0", Major: "1", Minor: "31"})
		for _, m := range linted.Messages {
			if m.Severity > support.InfoSev || !strings.Contains(m.Err.Error(), "icon is recommended") {
				t.Errorf("%s: %v", name, m)
			}
		}
	}
}

func TestTheChartRefusesValuesThatMeanNothing(t *testing.T) {
	for name, v := range map[string]values{
		"no archive":          {},
		"an archive nowhere":  {"archive": "ftp://x"},
		"an unknown key":      {"archive": "s3://b/p", "replicas": 3},
		"an unknown key deep": {"archive": "s3://b/p", "prune": values{"keep": "7d"}},
		"a number as env":     {"archive": "s3://b/p", "env": values{"ZKARK_S3_PATH_STYLE": true}},
	} {
		if _, err := renderChart(load(t), v); err == nil {
			t.Errorf("%s: was rendered", name)
		}
	}
}

func TestTheChartRefusesNativeSidecarsWhereThereAreNone(t *testing.T) {
	if _, err := renderChartFor("v1.28.9", load(t), chartValues()["an ensemble"]); err == nil || !strings.Contains(err.Error(), "set sidecar.native=false") {
		t.Errorf("on 1.28: %v", err)
	}
	if _, err := renderChartFor("v1.28.9", load(t), chartValues()["an ensemble before 1.29"]); err != nil {
		t.Error(err)
	}
}

func TestAChartThatHasZkarkAsADependencyUsesItsContainers(t *testing.T) {
	template := `apiVersion: v1
kind: Pod
metadata: {name: mine}
spec:
  serviceAccountName: {{ include "zkark.serviceAccountName" (dict "root" .Subcharts.zkark "role" "shipper") }}
  initContainers:
    {{- include "zkark.restoreContainer" .Subcharts.zkark | nindent 4 }}
    {{- include "zkark.sidecarContainer" .Subcharts.zkark | nindent 4 }}
  volumes:
    {{- include "zkark.volumes" .Subcharts.zkark | nindent 4 }}
`
	parent := &chart.Chart{
		Metadata:  &chart.Metadata{APIVersion: "v2", Name: "mine", Version: "1.0.0"},
		Templates: []*chart.File{{Name: "templates/pod.yaml", Data: []byte(template)}},
	}
	parent.AddDependency(load(t))
	files, err := renderChart(parent, values{"zkark": values{"archive": "s3://b/p", "pod": values{
		"data": values{"volume": "mydata", "mountPath": "/zk/data"}, "dataLog": values{"volume": "mylog", "mountPath": "/zk/log"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	pod := files["mine/templates/pod.yaml"]
	decode(t, []byte(pod))
	for _, part := range []string{"restartPolicy: Always", "{name: mydata, mountPath: /zk/data, readOnly: true}", "{name: mylog, mountPath: /zk/log, readOnly: false}", "zk-zkark-shipper"} {
		if !strings.Contains(pod, part) {
			t.Errorf("it lacks %q:\n%s", part, pod)
		}
	}
}
