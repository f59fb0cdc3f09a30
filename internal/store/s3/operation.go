package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/zkark/zkark/internal/store"
)

// codeConflict is the answer to a conditional write while another of the same key is under way.
const codeConflict = "ConditionalRequestConflict"

// operation is one call of a Bucket's method, with all its requests.
type operation struct {
	*Bucket
	ctx  context.Context // the caller's
	verb string
	key  string
}

func (b *Bucket) begin(ctx context.Context, verb, key string) (*operation, error) {
	o := &operation{b, ctx, verb, key}
	if err := store.CheckKey(key); err != nil {
		return nil, fmt.Errorf("%s: %w", verb, err)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", o.what(), err)
	}
	return o, nil
}

func (o *operation) what() string { return strings.TrimSpace(o.verb + " " + o.key) }

func (o *operation) name() *string { return new(o.prefix + o.key) }

// failed adds what was done to what, and the store's word for the error.
func (o *operation) failed(err error) error {
	if cause := context.Cause(o.ctx); cause != nil {
		return fmt.Errorf("%s: %w", o.what(), cause)
	}
	word := wordFor(err)
	switch word {
	case store.ErrNoBucket:
		return fmt.Errorf("%s: %w: s3://%s: %s", o.what(), word, o.options.Bucket, sentence(err))
	case store.ErrUnsupported:
		return fmt.Errorf("%s: %w, which is %s: %s", o.what(), word, o.needs(), sentence(err))
	}
	return fmt.Errorf("%s: %w: %s", o.what(), word, sentence(err))
}

// needs names what an operation asks of a store beyond the oldest form of the protocol.
func (o *operation) needs() string {
	if o.verb != "put" {
		return "to " + o.verb + " objects"
	}
	needs := []string{"creating an object only where none is (If-None-Match)", "SHA-256 checksums"}
	for what, asked := range map[string]string{"--s3-storage-class": o.options.StorageClass, "--s3-sse": o.options.SSE, "--s3-tags": o.options.Tags} {
		if asked != "" {
			needs = append(needs, what)
		}
	}
	slices.Sort(needs[2:])
	return strings.Join(needs, ", ")
}

func wordFor(err error) error {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		switch answer.ErrorCode() {
		case "NoSuchBucket":
			return store.ErrNoBucket
		case "NotImplemented":
			return store.ErrUnsupported
		case "ExpiredToken", "ExpiredTokenException", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch",
			"RequestTimeTooSkewed", "AuthorizationHeaderMalformed", "PermanentRedirect":
			return store.ErrDenied
		case "RequestTimeout", "SlowDown", codeConflict, "OperationAborted",
			"NoSuchUpload": // the store has forgotten the parts: another Put can heal it
			return store.ErrUnavailable
		}
	}
	switch status := statusOf(err); {
	case status == http.StatusNotFound:
		return store.ErrNotFound
	case status == http.StatusPreconditionFailed:
		return store.ErrExists
	case status == http.StatusUnauthorized || status == http.StatusForbidden || errors.Is(err, store.ErrDenied):
		return store.ErrDenied
	case status == http.StatusNotImplemented || status == http.StatusMethodNotAllowed:
		return store.ErrUnsupported
	case status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout:
		return store.ErrInvalid
	}
	return store.ErrUnavailable
}

// statusOf is the HTTP status of the store's answer, 0 when it gave none.
func statusOf(err error) int {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) {
		return 0
	}
	return response.HTTPStatusCode()
}

// sentence is what the store answered, or what came in the way, on one line.
func sentence(err error) string {
	said := err.Error()
	var answer smithy.APIError
	var operation *smithy.OperationError
	switch {
	case errors.As(err, &answer):
		said = fmt.Sprintf("the store answered %d %s %s", statusOf(err), answer.ErrorCode(), answer.ErrorMessage())
	case errors.As(err, &operation):
		said = operation.Unwrap().Error()
	}
	const longest = 300
	said = strings.Join(strings.Fields(said), " ")
	if len(said) > longest {
		said = said[:longest] + "…"
	}
	return said
}
