package deploy

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// pod is a pod of a way to deploy, and what else it is deployed with.
type pod struct {
	name    string
	spec    core.PodSpec
	claims  []core.PersistentVolumeClaim
	labels  labels.Set
	objects []runtime.Object
}

func pods(r rendered) (all []pod) {
	for _, s := range find[*apps.StatefulSet](r.objects, nil) {
		all = append(all, pod{r.name + ", " + s.Name, s.Spec.Template.Spec, s.Spec.VolumeClaimTemplates, s.Spec.Template.Labels, r.objects})
	}
	for _, j := range find[*batch.CronJob](r.objects, nil) {
		template := j.Spec.JobTemplate.Spec.Template
		all = append(all, pod{r.name + ", " + j.Name, template.Spec, nil, template.Labels, r.objects})
	}
	return all
}

func (p pod) containers() []core.Container {
	return slices.Concat(p.spec.InitContainers, p.spec.Containers)
}

func isZkark(c core.Container) bool { return strings.Contains(c.Image, "zkark/zkark") }

func (p pod) container(t *testing.T, name string) core.Container {
	t.Helper()
	for _, c := range p.containers() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("%s has no container %s", p.name, name)
	return core.Container{}
}

func mount(c core.Container, path string) (core.VolumeMount, bool) {
	i := slices.IndexFunc(c.VolumeMounts, func(m core.VolumeMount) bool { return m.MountPath == path })
	if i < 0 {
		return core.VolumeMount{}, false
	}
	return c.VolumeMounts[i], true
}

func TestEveryPodIsConfined(t *testing.T) {
	for _, r := range everything(t) {
		for _, p := range pods(r) {
			s := p.spec.SecurityContext
			if !*s.RunAsNonRoot || *s.RunAsUser == 0 || *s.RunAsGroup == 0 || *s.FSGroup == 0 || s.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
				t.Errorf("%s: %+v", p.name, s)
			}
			if p.spec.AutomountServiceAccountToken == nil || *p.spec.AutomountServiceAccountToken {
				t.Errorf("%s mounts the token of its service account", p.name)
			}
			for _, c := range p.containers() {
				s := c.SecurityContext
				if *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) || s.RunAsUser != nil {
					t.Errorf("%s, %s: %+v", p.name, c.Name, s)
				}
				if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
					t.Errorf("%s, %s: resources %+v", p.name, c.Name, c.Resources)
				}
			}
		}
	}
}

func TestWhatAPodRefersToIsDeployedWithIt(t *testing.T) {
	for _, r := range everything(t) {
		for _, p := range pods(r) {
			checkReferences(t, p)
		}
	}
}

func checkReferences(t *testing.T, p pod) {
	configMaps := find[*core.ConfigMap](p.objects, nil)
	hasConfigMap := func(name string) bool {
		return slices.ContainsFunc(configMaps, func(c *core.ConfigMap) bool { return c.Name == name })
	}
	if len(find(p.objects, func(a *core.ServiceAccount) bool { return a.Name == p.spec.ServiceAccountName })) != 1 {
		t.Errorf("%s: there is no service account %q", p.name, p.spec.ServiceAccountName)
	}
	var volumes []string
	for _, v := range p.spec.Volumes {
		volumes = append(volumes, v.Name)
		if v.ConfigMap != nil && !hasConfigMap(v.ConfigMap.Name) {
			t.Errorf("%s: there is no ConfigMap %q", p.name, v.ConfigMap.Name)
		}
	}
	for _, c := range p.claims {
		volumes = append(volumes, c.Name)
	}
	for _, c := range p.containers() {
		for _, m := range c.VolumeMounts {
			if !slices.Contains(volumes, m.Name) {
				t.Errorf("%s, %s: there is no volume %q", p.name, c.Name, m.Name)
			}
		}
		for _, e := range c.EnvFrom {
			if e.ConfigMapRef != nil && !hasConfigMap(e.ConfigMapRef.Name) {
				t.Errorf("%s, %s: there is no ConfigMap %q", p.name, c.Name, e.ConfigMapRef.Name)
			}
		}
	}
}

func TestTheServersPodRestoresThenShipsThenServes(t *testing.T) {
	for _, r := range everything(t) {
		for _, s := range find[*apps.StatefulSet](r.objects, nil) {
			if s.Spec.PodManagementPolicy != apps.ParallelPodManagement {
				t.Errorf("%s: a lost ensemble restores itself only when its servers start together", r.name)
			}
			p := pods(rendered{r.name, []runtime.Object{s}})[0]
			p.objects = r.objects
			checkOrder(t, p)
			checkSidecar(t, p)
			if len(find(r.objects, func(b *policy.PodDisruptionBudget) bool { return selects(b.Spec.Selector.MatchLabels, p) })) != 1 {
				t.Errorf("%s: there is no budget for disruptions", r.name)
			}
			for _, m := range find[*monitoring.PodMonitor](r.objects, nil) {
				if !selects(m.Spec.Selector.MatchLabels, p) || *m.Spec.PodMetricsEndpoints[0].Port != "zkark" {
					t.Errorf("%s: the PodMonitor does not see the sidecar", r.name)
				}
			}
		}
	}
}

func selects(want map[string]string, p pod) bool {
	return labels.SelectorFromSet(want).Matches(p.labels)
}

func checkOrder(t *testing.T, p pod) {
	var order []string
	for _, c := range p.containers() {
		what := c.Name
		if isZkark(c) {
			what = c.Args[0]
		}
		order = append(order, what)
	}
	want := []string{"myid", "restore", "sidecar", "zookeeper"}
	if len(p.spec.InitContainers) == 2 { // before 1.29
		want = []string{"myid", "restore", "zookeeper", "sidecar"}
	} else if policy := p.spec.InitContainers[2].RestartPolicy; policy == nil || *policy != core.ContainerRestartPolicyAlways {
		t.Errorf("%s: the sidecar is an init container that has to end", p.name)
	}
	if !slices.Equal(order, want) {
		t.Errorf("%s: %q", p.name, order)
	}
}

func checkSidecar(t *testing.T, p pod) {
	c := p.container(t, "zkark")
	if data, ok := mount(c, "/data"); !ok || !data.ReadOnly {
		t.Errorf("%s: the sidecar can write to ZooKeeper's data: %+v", p.name, c.VolumeMounts)
	}
	if c.LivenessProbe.HTTPGet.Path != "/livez" || c.ReadinessProbe.HTTPGet.Path != "/readyz" || c.StartupProbe != nil {
		t.Errorf("%s: probes of the sidecar", p.name)
	}
	grace := *p.spec.TerminationGracePeriodSeconds
	if grace < 20+30 { // the sidecar's own, and ZooKeeper's
		t.Errorf("%s: %d s to end in", p.name, grace)
	}
}

func TestOnlyWhatPrunesMayHaveKeysThatDelete(t *testing.T) {
	for _, r := range everything(t) {
		users := map[string][]string{}
		for _, p := range pods(r) {
			users[p.spec.ServiceAccountName] = append(users[p.spec.ServiceAccountName], p.name)
			for _, c := range p.containers() {
				for _, e := range c.EnvFrom {
					if e.SecretRef != nil && strings.Contains(e.SecretRef.Name, "pruner") != (isZkark(c) && c.Args[0] == "prune") {
						t.Errorf("%s, %s has the keys of %s", p.name, c.Name, e.SecretRef.Name)
					}
				}
			}
		}
		for account, who := range users {
			if len(who) > 1 {
				t.Errorf("%s is shared by %q", account, who)
			}
		}
	}
}

// TestZkarkTakesEveryArgument has the binary parse each container's arguments and environment, and then only tell its help.
func TestZkarkTakesEveryArgument(t *testing.T) {
	checked := map[string]bool{}
	for _, r := range everything(t) {
		for _, p := range pods(r) {
			for _, c := range p.containers() {
				if !isZkark(c) {
					continue
				}
				args := slices.Concat(c.Args, p.environment(c), []string{"--help"})
				if line := strings.Join(args, " "); !checked[line] {
					checked[line] = true
					cmd := exec.CommandContext(t.Context(), zkark(), args...)
					cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
					if said, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("%s, %s: zkark %s: %v: %s", p.name, c.Name, line, err, said)
					}
				}
			}
		}
	}
	if len(checked) < 10 {
		t.Errorf("only %d command lines were checked", len(checked))
	}
}

// environment is a container's ZKARK_ variables, as the flags that they stand for.
func (p pod) environment(c core.Container) (flags []string) {
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef == nil {
			continue
		}
		for _, m := range find(p.objects, func(m *core.ConfigMap) bool { return m.Name == from.ConfigMapRef.Name }) {
			for name, value := range m.Data {
				if flag, ok := strings.CutPrefix(name, "ZKARK_"); ok {
					flags = append(flags, "--"+strings.ReplaceAll(strings.ToLower(flag), "_", "-")+"="+value)
				}
			}
		}
	}
	slices.Sort(flags)
	return flags
}
