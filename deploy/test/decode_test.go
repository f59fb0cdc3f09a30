package deploy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// decode reads documents of YAML as an API server does that refuses unknown and repeated fields.
func decode(t *testing.T, manifests []byte) []runtime.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, batch.AddToScheme, core.AddToScheme, networking.AddToScheme, policy.AddToScheme, monitoring.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifests)))
	var objects []runtime.Object
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		object, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		objects = append(objects, object)
	}
}

// find is the objects of one type that are as wanted; all of them when nothing is wanted.
func find[T runtime.Object](objects []runtime.Object, wanted func(T) bool) (found []T) {
	for _, object := range objects {
		if o, ok := object.(T); ok && (wanted == nil || wanted(o)) {
			found = append(found, o)
		}
	}
	return found
}

func TestADecoderThatIsStrictIsWhatTheseTestsRestOn(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := core.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	for _, wrong := range []string{"automountServiceaccountToken: false", "unknown: 1", "metadata: {name: b}"} {
		if _, _, err := decoder.Decode([]byte("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n"+wrong+"\n"), nil, nil); err == nil {
			t.Errorf("%q was accepted", wrong)
		}
	}
}
