package s3

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/patient"
)

// Options is where a bucket is and how objects are written to it. Only Bucket has to be there.
type Options struct {
	Bucket       string
	Prefix       string        // what all objects' names begin with, as zookeeper/prod; a / follows it
	Region       string        // empty: as the environment has it, or us-east-1 with an Endpoint
	Endpoint     string        // URL of another store than Amazon's; empty: Amazon's, or as the environment has it
	PathStyle    bool          // the bucket in the path, not in the host name; stores at an address need it
	StorageClass string        // as STANDARD_IA; empty: the bucket's default
	SSE          string        // AES256 or aws:kms; empty: the bucket's default
	KMSKey       string        // for aws:kms; empty: the account's default
	Tags         string        // of new objects, as team=data&kept=yes
	PartSize     int64         // bytes sent in one request, and held in memory for it; 0: 8 MiB
	Patience     time.Duration // how long nothing may move on a connection; 0: 30 s
	Attempts     int           // of one request; 0: 6
}

const (
	defaultPartSize = 8 << 20
	defaultPatience = 30 * time.Second
	defaultAttempts = 6
	maxParts        = 10_000 // of one object, by Amazon's rules
	maxBackoff      = 5 * time.Second
)

// Bucket is a prefix in a bucket of S3.
type Bucket struct {
	options   Options
	prefix    string // empty, or ends in /
	client    *s3.Client
	transport *http.Transport
}

// Open makes a bucket, without asking the store whether it is there. The error wraps store.ErrInvalid when an option or the
// environment's configuration is malformed.
func Open(ctx context.Context, o Options) (*Bucket, error) {
	b := &Bucket{options: o.withDefaults()}
	if err := b.setPrefix(); err != nil {
		return nil, fmt.Errorf("open s3://%s/%s: %w", o.Bucket, o.Prefix, err)
	}
	cfg, err := config.LoadDefaultConfig(ctx, b.settings()...)
	if err != nil {
		return nil, fmt.Errorf("open s3://%s: %w configuration: %w", o.Bucket, store.ErrInvalid, err)
	}
	b.ownTransport(&cfg)
	cfg.Credentials = credentials{cfg.Credentials}
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // what stores at an endpoint take, and where Amazon tells the right one
	}
	b.client = s3.NewFromConfig(cfg, func(s *s3.Options) {
		s.UsePathStyle = o.PathStyle
		if o.Endpoint != "" {
			s.BaseEndpoint = &o.Endpoint
		}
		s.DisableLogOutputChecksumValidationSkipped = true
	})
	return b, nil
}

func (o Options) withDefaults() Options {
	if o.PartSize == 0 {
		o.PartSize = defaultPartSize
	}
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	if o.Attempts == 0 {
		o.Attempts = defaultAttempts
	}
	return o
}

func (b *Bucket) settings() []func(*config.LoadOptions) error {
	settings := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient()), // to which the configuration may add certificates
		config.WithLogger(logging.Nop{}),                    // whatever matters comes as an error
		config.WithRetryer(func() aws.Retryer { return b.retryer() }),
		// Every request that carries a body declares its SHA-256. What the client adds otherwise not every store takes.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
	}
	if b.options.Region != "" {
		settings = append(settings, config.WithRegion(b.options.Region))
	}
	return settings
}

// ownTransport takes the transport that the configuration has made, to be patient and to be closed.
func (b *Bucket) ownTransport(cfg *aws.Config) {
	b.transport = awshttp.NewBuildableClient().GetTransport()
	if made, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		b.transport = made.GetTransport()
	}
	patient.Make(b.transport, b.options.Patience)
	cfg.HTTPClient = &http.Client{Transport: b.transport}
}

// retryer tries again what may heal, after pauses drawn at random from a range that doubles.
func (b *Bucket) retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = b.options.Attempts
		o.MaxBackoff = min(maxBackoff, b.options.Patience)
		o.RateLimiter = ratelimit.None // its quota is for clients that ask all the time
		// Somebody else is creating the same key; soon the answer is whether he has.
		o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{codeConflict: {}}})
	})
}

func (b *Bucket) setPrefix() error {
	o := b.options
	switch {
	case o.Bucket == "" || strings.Contains(o.Bucket, "/"):
		return fmt.Errorf("%w bucket name %q", store.ErrInvalid, o.Bucket)
	case o.PartSize < 0 || o.Patience < 0 || o.Attempts < 0:
		return fmt.Errorf("%w options: part size %d, patience %s, %d attempts", store.ErrInvalid, o.PartSize, o.Patience, o.Attempts)
	case o.SSE != "" && o.SSE != "AES256" && o.SSE != "aws:kms":
		return fmt.Errorf("%w encryption %q: want AES256 or aws:kms", store.ErrInvalid, o.SSE)
	}
	prefix := strings.Trim(o.Prefix, "/")
	if prefix == "" {
		return nil
	}
	b.prefix = prefix + "/"
	return store.CheckKey(prefix)
}

// credentials says of a failure to find any that access is denied.
type credentials struct{ aws.CredentialsProvider }

func (c credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		return found, fmt.Errorf("%w: no credentials: %w", store.ErrDenied, err)
	}
	return found, err
}

// Close closes the connections that nobody uses.
func (b *Bucket) Close() error {
	b.transport.CloseIdleConnections()
	return nil
}
