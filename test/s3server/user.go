package s3server

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// User makes an account with the access key name, which may do the actions, as s3:GetObject, in the bucket, and nothing else. Its
// secret is SecretKey.
func (s *Server) User(t testing.TB, name, bucket string, actions ...string) {
	t.Helper()
	create := exec.Command(s.program, "admin", "--access", AccessKey, "--secret", SecretKey, "--endpoint-url", s.Endpoint(),
		"create-user", "--access", name, "--secret", SecretKey, "--role", "user")
	if said, err := create.CombinedOutput(); err != nil {
		t.Fatalf("make the user %s: %v: %s", name, err, said)
	}
	s.users[bucket] = append(s.users[bucket], statement{Effect: "Allow", Principal: map[string]string{"AWS": name}, Action: actions,
		Resource: []string{"arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*"}})
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": s.users[bucket]})
	if err != nil {
		t.Fatal(err)
	}
	client := s3.New(s3.Options{BaseEndpoint: aws.String(s.Endpoint()), Region: "us-east-1", UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, "")})
	if _, err := client.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: aws.String(string(policy))}); err != nil {
		t.Fatalf("say what %s may do: %v", name, err)
	}
}

// statement is one of a bucket's policy.
type statement struct {
	Effect    string
	Principal map[string]string
	Action    []string
	Resource  []string
}
