package deploy

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// several is a string, or a list of them, as policies have it.
type several []string

func (s *several) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*s = several{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(s))
}

type s3Policy struct {
	Version   string
	Statement []struct {
		Sid, Effect      string
		Action, Resource several
		Condition        map[string]map[string]several
		Principal        any
	}
}

// actions are what a policy allows, with what.
func actions(t *testing.T, file string) []string {
	t.Helper()
	var p s3Policy
	decoder := json.NewDecoder(strings.NewReader(string(read(t, file))))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var all []string
	for _, s := range p.Statement {
		if p.Version != "2012-10-17" || s.Effect != "Allow" {
			t.Errorf("%s: %+v", file, s)
		}
		for _, a := range s.Action {
			for _, r := range s.Resource {
				all = append(all, a+" "+strings.TrimPrefix(r, "arn:aws:s3:::CHANGE-ME"))
			}
			if a == "s3:ListBucket" && !slices.Equal(s.Condition["StringLike"]["s3:prefix"], several{"zookeeper/prod/*"}) {
				t.Errorf("%s lists all of the bucket", file)
			}
		}
	}
	slices.Sort(all)
	return all
}

func TestEachRoleMayDoWhatItNeedsAndNoMore(t *testing.T) {
	const under = " /zookeeper/prod/"
	for role, want := range map[string][]string{
		"shipper":  {"s3:AbortMultipartUpload" + under + "*", "s3:GetObject" + under + "*", "s3:ListBucket ", "s3:PutObject" + under + "*"},
		"restorer": {"s3:GetObject" + under + "*", "s3:ListBucket ", "s3:PutObject" + under + "census/*"},
		"driller":  {"s3:GetObject" + under + "*", "s3:ListBucket ", "s3:PutObject" + under + "drills/*"},
		"pruner":   {"s3:DeleteObject" + under + "*", "s3:GetObject" + under + "*", "s3:ListBucket ", "s3:PutObject" + under + "*"},
	} {
		if got := actions(t, "../iam/s3-"+role+".json"); !slices.Equal(got, want) {
			t.Errorf("%s may %q, want %q", role, got, want)
		}
	}
}

func TestEveryDocumentOfIdentitiesIsJSON(t *testing.T) {
	files, err := filepath.Glob("../iam/*.json")
	if err != nil || len(files) != 6 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, f := range files {
		if !json.Valid(read(t, f)) {
			t.Errorf("%s is not JSON", f)
		}
	}
}

func TestOnlyThePrunerOfCloudStorageMayDelete(t *testing.T) {
	var roles struct {
		Bindings []struct {
			Role    string
			Members []string
		}
	}
	if err := json.Unmarshal(read(t, "../iam/gcs-roles.json"), &roles); err != nil {
		t.Fatal(err)
	}
	for _, b := range roles.Bindings {
		creates := slices.Contains([]string{"roles/storage.objectViewer", "roles/storage.objectCreator"}, b.Role)
		for _, m := range b.Members {
			if creates == strings.Contains(m, "zkark-pruner@") {
				t.Errorf("%s has %s", m, b.Role)
			}
		}
	}
}
