package deploy

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

const (
	rulesFile     = "../kubernetes/components/monitoring/prometheusrule.yaml"
	dashboardFile = "../kubernetes/components/monitoring/dashboard.json"
	runbook       = "docs/runbooks/alerts.md"
)

// updateVariable has the copies of the rules and of the dashboard written anew: UPDATE=1 go test -run Copies
const updateVariable = "UPDATE"

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func rule(t *testing.T) *monitoring.PrometheusRule {
	t.Helper()
	return decode(t, read(t, rulesFile))[0].(*monitoring.PrometheusRule)
}

// plainRules is the rules as Prometheus itself reads them.
func plainRules(t *testing.T) []byte {
	t.Helper()
	groups, err := yaml.Marshal(rule(t).Spec)
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("# For a Prometheus without the operator. Made from deploy/"+strings.TrimPrefix(rulesFile, "../")+".\n"), groups...)
}

func TestCopiesOfTheRulesAndOfTheDashboardAreTheSame(t *testing.T) {
	for name, want := range map[string][]byte{
		"../prometheus/zkark.rules.yaml":          plainRules(t),
		"../grafana/zkark.json":                   read(t, dashboardFile),
		"../helm/zkark/files/prometheusrule.yaml": read(t, rulesFile),
		"../helm/zkark/files/dashboard.json":      read(t, dashboardFile),
	} {
		if os.Getenv(updateVariable) != "" {
			if err := os.WriteFile(name, want, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(read(t, name), want) {
			t.Errorf("%s differs: UPDATE=1 go test -run Copies", name)
		}
	}
}

func TestPrometheusTakesTheRules(t *testing.T) {
	groups, errs := rulefmt.Parse(plainRules(t), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if len(errs) == 0 && len(groups.Groups) != 2 {
		t.Errorf("%d groups", len(groups.Groups))
	}
}

func TestEveryAlertHasARunbookAndEveryRunbookAnAlert(t *testing.T) {
	sections := regexp.MustCompile(`(?m)^## (\S+)$`).FindAllStringSubmatch(string(read(t, filepath.Join(repository, runbook))), -1)
	var explained, alerts []string
	for _, s := range sections {
		explained = append(explained, s[1])
	}
	for _, g := range rule(t).Spec.Groups {
		for _, r := range g.Rules {
			alerts = append(alerts, r.Alert)
			want := "https://github.com/zkark/zkark/blob/main/" + runbook + "#" + strings.ToLower(r.Alert)
			if r.Annotations["runbook_url"] != want {
				t.Errorf("%s: its runbook is %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
			}
			if r.Annotations["summary"] == "" || !slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) {
				t.Errorf("%s: %+v", r.Alert, r)
			}
		}
	}
	if !slices.Equal(explained, alerts) {
		t.Errorf("%s explains\n%q, the alerts are\n%q", runbook, explained, alerts)
	}
}

// expressions are those of the rules and of the dashboard, by where they are.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, g := range rule(t).Spec.Groups {
		for _, r := range g.Rules {
			all["alert "+r.Alert] = r.Expr.String()
		}
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr, RefID string }
		}
		Templating struct {
			List []struct{ Name, Type, Query string }
		}
	}
	if err := json.Unmarshal(read(t, dashboardFile), &dashboard); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("$job", ".*", "$__rate_interval", "2m")
	for _, p := range dashboard.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("panel %s shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			all["panel "+p.Title+" "+target.RefID] = fill.Replace(target.Expr)
		}
	}
	for _, v := range dashboard.Templating.List {
		if v.Type == "query" {
			metric, _, ok := strings.Cut(strings.TrimPrefix(v.Query, "label_values("), ",")
			if !ok {
				t.Errorf("variable %s: %s", v.Name, v.Query)
			}
			all["variable "+v.Name] = metric
		}
	}
	return all
}

// metricsOf are the names of metrics in an expression.
func metricsOf(t *testing.T, where, expression string) (names []string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return nil
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			names = append(names, selector.Name)
		}
		return nil
	})
	return names
}

func TestNoTwoPanelsLieOnEachOther(t *testing.T) {
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal(read(t, dashboardFile), &dashboard); err != nil {
		t.Fatal(err)
	}
	taken := map[[2]int]string{}
	for _, p := range dashboard.Panels {
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s lies on %q or outside", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}
