package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/test/child"
	"github.com/zkark/zkark/test/s3server"
)

// faulty stands before the server. Meddle may answer a request itself, and then returns true; lost is asked after a request
// took effect, whether the response is to be thrown away.
type faulty struct {
	proxy  *httputil.ReverseProxy
	meddle func(w http.ResponseWriter, r *http.Request) bool
	lost   func(r *http.Request) bool
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.meddle != nil && f.meddle(w, r) {
		return
	}
	if f.lost != nil && f.lost(r) {
		f.proxy.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	f.proxy.ServeHTTP(w, r)
}

// behind opens a bucket behind f, with parts of the smallest size.
func behind(t *testing.T, f *faulty) *Bucket {
	t.Helper()
	server := s3server.Start(t)
	server.CreateBucket(t, "archive")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	f.proxy = &httputil.ReverseProxy{
		Transport:    transport,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		// The signature covers the host that the client asked.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: server.Address})
			r.Out.Host = r.In.Host
		},
	}
	front := httptest.NewServer(f)
	t.Cleanup(front.Close)
	return open(t, front.URL, Options{Bucket: "archive", PartSize: part})
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// wantKeys wants exactly these objects, and no parts of others.
func wantKeys(t *testing.T, b *Bucket, want ...string) {
	t.Helper()
	if got := storetest.Keys(t, b, "", ""); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("keys %q, want %q", got, want)
	}
	out, err := b.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b.options.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(out.Uploads); n > 0 {
		t.Errorf("%d unfinished uploads stay", n)
	}
}

func wantData(t *testing.T, b *Bucket, key string, want []byte) {
	t.Helper()
	r, err := b.Get(t.Context(), key, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, %v; want the %d that were put", key, len(got), err, len(want))
	}
}

func large() []byte { return bytes.Repeat([]byte("0123456789abcdef"), 2*part/16+100) }

func bodies() map[string][]byte {
	return map[string][]byte{"in one request": []byte("hello"), "in parts": large()}
}

func isUpload(r *http.Request) bool { return r.Method == http.MethodPut || r.Method == http.MethodPost }

func isCompletion(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
}

func TestALargeBodyIsSentInPartsAndIsCreatedOnce(t *testing.T) {
	var requests atomic.Int32
	b := behind(t, &faulty{meddle: func(_ http.ResponseWriter, r *http.Request) bool {
		if isUpload(r) {
			requests.Add(1)
		}
		return false
	}})
	body := store.BytesBody(large())
	if err := b.Put(t.Context(), "k", body); err != nil {
		t.Fatal(err)
	}
	if n := requests.Load(); n != 5 {
		t.Errorf("%d requests, want one to begin, three parts and one to complete", n)
	}
	wantErr(t, "second put", b.Put(t.Context(), "k", body), store.ErrExists)
	wantData(t, b, "k", large())
	wantKeys(t, b, "k")
}

func TestABodyThatBreaksOffCreatesNothing(t *testing.T) {
	for name, data := range bodies() {
		half := int64(len(data) / 2)
		for how, reader := range map[string]func() io.Reader{
			"ends early":     func() io.Reader { return bytes.NewReader(data[:half]) },
			"cannot be read": func() io.Reader { return io.MultiReader(bytes.NewReader(data[:half]), failing{}) },
			"is different":   func() io.Reader { return bytes.NewReader(append(data[:len(data)-1:len(data)-1], 'x')) },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				b := behind(t, &faulty{})
				body := store.BytesBody(data)
				body.Open = func() (io.ReadCloser, error) { return io.NopCloser(reader()), nil }
				if err := b.Put(t.Context(), "k", body); err == nil || errors.Is(err, store.ErrUnavailable) {
					t.Errorf("put: error %v, want one about the body", err)
				}
				wantKeys(t, b)
			})
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAnUploadThatIsCancelledCreatesNothing(t *testing.T) {
	for name, data := range bodies() {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			b := behind(t, &faulty{meddle: func(_ http.ResponseWriter, r *http.Request) bool {
				number := r.URL.Query().Get("partNumber")
				if r.Method == http.MethodPut && (number == "" || number == "2") {
					cancel()
					panic(http.ErrAbortHandler)
				}
				return false
			}})
			wantErr(t, "put", b.Put(ctx, "k", store.BytesBody(data)), context.Canceled)
			wantKeys(t, b)
		})
	}
}

func TestAStormOfFailuresIsSatOut(t *testing.T) {
	for code, status := range map[string]int{"SlowDown": 503, "InternalError": 500, "ConditionalRequestConflict": 409, "RequestTimeout": 400} {
		t.Run(code, func(t *testing.T) {
			var requests atomic.Int32
			b := behind(t, &faulty{meddle: func(w http.ResponseWriter, _ *http.Request) bool {
				bad := requests.Add(1)%3 != 0
				if bad {
					refuse(w, status, code)
				}
				return bad
			}})
			if err := b.Put(t.Context(), "k", store.BytesBody([]byte("hello"))); err != nil {
				t.Fatal(err)
			}
			wantData(t, b, "k", []byte("hello"))
			if err := b.Delete(t.Context(), "k"); err != nil {
				t.Error(err)
			}
		})
	}
}

// refuse answers as S3 does.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>`+code+`</Code><Message>no</Message></Error>`)
}

func TestALostResponseLeavesOneWholeObject(t *testing.T) {
	for name, data := range bodies() {
		t.Run(name, func(t *testing.T) {
			var last atomic.Int32
			b := behind(t, &faulty{lost: func(r *http.Request) bool {
				publishes := isCompletion(r) || r.Method == http.MethodPut && !r.URL.Query().Has("partNumber")
				return publishes && last.Add(1) == 1
			}})
			// A store may also remember that it has completed an upload.
			if err := b.Put(t.Context(), "k", store.BytesBody(data)); err != nil || name == "in one request" {
				wantErr(t, "put", err, store.ErrExists)
			}
			if last.Load() < 2 {
				t.Error("the request was not repeated")
			}
			wantData(t, b, "k", data)
			wantKeys(t, b, "k")
		})
	}
}

// short passes a response on and breaks the connection after n bytes of its body.
type short struct {
	http.ResponseWriter
	n int
}

func (s *short) Write(p []byte) (int, error) {
	if len(p) > s.n {
		s.ResponseWriter.Write(p[:s.n])
		s.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	s.n -= len(p)
	return s.ResponseWriter.Write(p)
}

func TestADownloadThatBreaksIsResumed(t *testing.T) {
	f := &faulty{}
	var gets atomic.Int32
	f.meddle = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || r.URL.Query().Has("list-type") || gets.Add(1) > 2 {
			return false
		}
		f.proxy.ServeHTTP(&short{w, 3}, r)
		return true
	}
	b := behind(t, f)
	if err := b.Put(t.Context(), "k", store.BytesBody([]byte("0123456789"))); err != nil {
		t.Fatal(err)
	}
	wantData(t, b, "k", []byte("0123456789"))
	if n := gets.Load(); n != 3 {
		t.Errorf("%d requests, want three", n)
	}
}

// everyOperation runs them all and wants the same error.
func everyOperation(t *testing.T, b *Bucket, want error) {
	t.Helper()
	wantErr(t, "put", b.Put(t.Context(), "k", store.BytesBody([]byte("hello"))), want)
	wantErr(t, "large put", b.Put(t.Context(), "k", store.BytesBody(large())), want)
	_, err := b.Get(t.Context(), "k", 0)
	wantErr(t, "get", err, want)
	wantErr(t, "delete", b.Delete(t.Context(), "k"), want)
	for _, err := range b.List(t.Context(), "", "") {
		wantErr(t, "list", err, want)
		return
	}
	t.Error("list yields nothing, not even an error")
}

func TestARefusalIsToldApartFromAFailure(t *testing.T) {
	for code, c := range map[string]struct {
		status int
		want   error
	}{
		"AccessDenied":          {403, store.ErrDenied},
		"SignatureDoesNotMatch": {403, store.ErrDenied},
		"ExpiredToken":          {400, store.ErrDenied},
		"NoSuchBucket":          {404, store.ErrNoBucket},
		"EntityTooLarge":        {400, store.ErrInvalid},
	} {
		t.Run(code, func(t *testing.T) {
			everyOperation(t, behind(t, &faulty{meddle: func(w http.ResponseWriter, _ *http.Request) bool {
				refuse(w, c.status, code)
				return true
			}}), c.want)
		})
	}
}

// answering opens a bucket whose store gives every request the same answer.
func answering(t *testing.T, status int, code string, o Options) *Bucket {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // or the connection may break before the client has read the answer
		refuse(w, status, code)
	}))
	t.Cleanup(server.Close)
	o.Bucket, o.Attempts = "archive", 1
	return open(t, server.URL, o)
}

func TestEveryStatusOfTheStoreHasItsWord(t *testing.T) {
	for status, want := range map[int]error{
		400: store.ErrInvalid, 401: store.ErrDenied, 403: store.ErrDenied, 405: store.ErrUnsupported, 408: store.ErrUnavailable, 412: store.ErrExists,
		429: store.ErrUnavailable, 500: store.ErrUnavailable, 501: store.ErrUnsupported, 502: store.ErrUnavailable, 503: store.ErrUnavailable,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			b := answering(t, status, "Odd", Options{})
			wantErr(t, "put", b.Put(t.Context(), "k", store.BytesBody([]byte("hello"))), want)
			for _, err := range b.List(t.Context(), "", "") {
				if want != store.ErrExists { // of a put only
					wantErr(t, "list", err, want)
				}
			}
		})
	}
}

func TestAStoreThatLacksWhatIsNeededIsToldWhatThatIs(t *testing.T) {
	b := answering(t, 501, "NotImplemented", Options{StorageClass: "GLACIER_IR"})
	err := b.Put(t.Context(), "k", store.BytesBody([]byte("hello")))
	wantErr(t, "put", err, store.ErrUnsupported)
	for _, name := range []string{"If-None-Match", "--s3-storage-class"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the message %q does not name %s", err, name)
		}
	}
}

func TestAWrongSecretIsDeniedAndNotRepeatedInTheMessage(t *testing.T) {
	server := s3server.Start(t)
	server.CreateBucket(t, "archive")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hush-hush-hush")
	b := open(t, server.Endpoint(), Options{Bucket: "archive"})
	err := b.Put(t.Context(), "k", store.BytesBody([]byte("hello")))
	wantErr(t, "put", err, store.ErrDenied)
	if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the message is %q", err)
	}
}

func TestABucketThatIsNotThereIsNamed(t *testing.T) {
	b := open(t, s3server.Start(t).Endpoint(), Options{Bucket: "nowhere"})
	err := b.Put(t.Context(), "k", store.BytesBody([]byte("hello")))
	wantErr(t, "put", err, store.ErrNoBucket)
	if !strings.Contains(err.Error(), "s3://nowhere") {
		t.Errorf("the message is %q", err)
	}
	_, err = b.Get(t.Context(), "k", 0)
	wantErr(t, "get", err, store.ErrNoBucket)
}

func TestWithoutCredentialsAccessIsDenied(t *testing.T) {
	server := s3server.Start(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	everyOperation(t, open(t, server.Endpoint(), Options{Bucket: "archive", Attempts: 2}), store.ErrDenied)
}

func TestAStoreThatIsGoneIsGivenUp(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	b := open(t, "http://"+child.FreeAddress(t), Options{Bucket: "archive", Patience: 200 * time.Millisecond, Attempts: 2})
	everyOperation(t, b, store.ErrUnavailable)
}

func TestAStoreThatSaysNothingIsGivenUp(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // or the end of the connection is not noticed
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	b := open(t, silent.URL, Options{Bucket: "archive", Patience: 200 * time.Millisecond, Attempts: 2})
	everyOperation(t, b, store.ErrUnavailable)
}
