package gcs

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/test/gcsserver"
)

const chunk = 256 << 10

// faulty stands before fake-gcs-server. Meddle may answer a request itself, and then returns true; lost is asked after a
// request took effect, whether the response is to be thrown away.
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

// behind opens a bucket behind f, with chunks of the smallest size.
func behind(t *testing.T, f *faulty) *Bucket {
	t.Helper()
	server := gcsserver.Start(t)
	server.CreateBucket(t, "archive")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	f.proxy = httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: server.Address})
	f.proxy.Transport = transport
	f.proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	f.proxy.ModifyResponse = func(resp *http.Response) error {
		// The chunks have to come through the proxy too, wherever the server believes itself to be.
		if location := resp.Header.Get("Location"); location != "" {
			resp.Header.Set("Location", strings.Replace(location, server.Address, resp.Request.Host, 1))
		}
		return nil
	}
	front := httptest.NewServer(f)
	t.Cleanup(front.Close)
	return open(t, front.Listener.Addr().String(), Options{Bucket: "archive", ChunkSize: chunk})
}

func isUpload(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/upload/") }

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func wantKeys(t *testing.T, b *Bucket, want ...string) {
	t.Helper()
	if got := storetest.Keys(t, b, "", ""); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("keys %q, want %q", got, want)
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

func large() []byte { return bytes.Repeat([]byte("0123456789abcdef"), 3*chunk/16+100) }

func TestALargeBodyIsSentInChunksAndIsCreatedOnce(t *testing.T) {
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
		t.Errorf("%d requests, want one to begin and four chunks", n)
	}
	wantErr(t, "second put", b.Put(t.Context(), "k", body), store.ErrExists)
	wantData(t, b, "k", large())
}

// A body that is right when it is proven and wrong or gone when it is sent.
func TestAnUploadThatBreaksOffCreatesNothing(t *testing.T) {
	for name, data := range map[string][]byte{"in one request": []byte("hello"), "in chunks": large()} {
		half := int64(len(data) / 2)
		second := map[string]func() io.Reader{
			"ends early":     func() io.Reader { return bytes.NewReader(data[:half]) },
			"cannot be read": func() io.Reader { return io.MultiReader(bytes.NewReader(data[:half]), failing{}) },
			"is different":   func() io.Reader { return bytes.NewReader(append(data[:len(data)-1:len(data)-1], 'x')) },
		}
		for how, reader := range second {
			t.Run(name+" "+how, func(t *testing.T) {
				b := behind(t, &faulty{})
				body, opens := store.BytesBody(data), 0
				first := body.Open
				body.Open = func() (io.ReadCloser, error) {
					if opens++; opens == 1 {
						return first()
					}
					return io.NopCloser(reader()), nil
				}
				err := b.Put(t.Context(), "k", body)
				if err == nil || errors.Is(err, store.ErrUnavailable) {
					t.Errorf("put: error %v, want one about the body", err)
				}
				wantKeys(t, b)
				if err := b.Put(t.Context(), "k", store.BytesBody(data)); err != nil {
					t.Errorf("put of the whole body: %v", err)
				}
			})
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAnUploadThatIsCancelledCreatesNothing(t *testing.T) {
	for name, data := range map[string][]byte{"in one request": []byte("hello"), "in chunks": large()} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			b := behind(t, &faulty{meddle: func(w http.ResponseWriter, r *http.Request) bool {
				single := isUpload(r) && r.URL.Query().Get("uploadType") == "multipart"
				if single || strings.HasPrefix(r.Header.Get("Content-Range"), "bytes 262144-") {
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
	for _, status := range []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			var requests atomic.Int32
			b := behind(t, &faulty{meddle: func(w http.ResponseWriter, _ *http.Request) bool {
				bad := requests.Add(1)%3 != 0
				if bad {
					http.Error(w, "storm", status)
				}
				return bad
			}})
			if err := b.Put(t.Context(), "k", store.BytesBody(large())); err != nil {
				t.Fatal(err)
			}
			wantData(t, b, "k", large())
			wantKeys(t, b, "k")
			if err := b.Delete(t.Context(), "k"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestALostResponseLeavesOneWholeObject(t *testing.T) {
	var uploads atomic.Int32
	b := behind(t, &faulty{lost: func(r *http.Request) bool { return isUpload(r) && uploads.Add(1) == 1 }})
	wantErr(t, "put", b.Put(t.Context(), "k", store.BytesBody([]byte("hello"))), store.ErrExists)
	if n := uploads.Load(); n != 2 {
		t.Errorf("%d uploads, want 2", n)
	}
	wantData(t, b, "k", []byte("hello"))
}

func TestADownloadThatBreaksIsResumed(t *testing.T) {
	var broken atomic.Bool
	b := behind(t, &faulty{meddle: func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("alt") != "media" || !broken.CompareAndSwap(false, true) {
			return false
		}
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "0123")
		panic(http.ErrAbortHandler)
	}})
	if err := b.Put(t.Context(), "k", store.BytesBody([]byte("0123456789"))); err != nil {
		t.Fatal(err)
	}
	wantData(t, b, "k", []byte("0123456789"))
	if !broken.Load() {
		t.Error("no download broke")
	}
}

func TestADownloadWithAnotherChecksumFails(t *testing.T) {
	b := behind(t, &faulty{meddle: func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("alt") != "media" {
			return false
		}
		w.Header().Set("X-Goog-Hash", "crc32c=AAAAAQ==")
		io.WriteString(w, "hello")
		return true
	}})
	r, err := b.Get(t.Context(), "k", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = io.ReadAll(r)
	wantErr(t, "read", err, store.ErrUnavailable)
}

// everyOperation runs them all and wants the same error.
func everyOperation(t *testing.T, b *Bucket, want error) {
	t.Helper()
	wantErr(t, "put", b.Put(t.Context(), "k", store.BytesBody([]byte("hello"))), want)
	wantErr(t, "large put", b.Put(t.Context(), "k", store.BytesBody(large())), want)
	_, err := b.Get(t.Context(), "k", 0)
	wantErr(t, "get", err, want)
	_, err = b.Stat(t.Context(), "k")
	wantErr(t, "stat", err, want)
	wantErr(t, "delete", b.Delete(t.Context(), "k"), want)
	for _, err := range b.List(t.Context(), "", "") {
		wantErr(t, "list", err, want)
	}
}

// answering opens a bucket at a server that always answers the same.
func answering(t *testing.T, patience time.Duration, answer http.HandlerFunc) *Bucket {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return open(t, server.Listener.Addr().String(), Options{Bucket: "archive", ChunkSize: chunk, Patience: patience})
}

func TestWhatTheStoreRefusesHasItsOwnWord(t *testing.T) {
	for status, word := range map[int]error{
		400: store.ErrInvalid, 401: store.ErrDenied, 403: store.ErrDenied, 503: store.ErrUnavailable, 429: store.ErrUnavailable, 501: store.ErrUnsupported,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			b := answering(t, 300*time.Millisecond, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				io.WriteString(w, `{"error": {"message": "so it is.\nReally."}}`)
			})
			everyOperation(t, b, word)
			_, err := b.Stat(t.Context(), "k")
			if err == nil || !strings.HasSuffix(err.Error(), "so it is. Really.") {
				t.Errorf("error %v, want the store's sentence on one line", err)
			}
		})
	}
}

func TestAMissingBucketIsTold(t *testing.T) {
	b := answering(t, 0, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{"error": {"code": 404, "message": "The specified bucket does not exist."}}`)
	})
	everyOperation(t, b, store.ErrNoBucket)
}

func TestAStoreThatDoesNotListenIsUnavailableInBoundedTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	boundedly(t, open(t, l.Addr().String(), Options{Bucket: "archive", ChunkSize: chunk, Patience: 300 * time.Millisecond}))
}

func TestAStoreThatNeverAnswersIsUnavailableInBoundedTime(t *testing.T) {
	done := make(chan struct{})
	b := answering(t, 300*time.Millisecond, func(http.ResponseWriter, *http.Request) { <-done })
	t.Cleanup(func() { close(done) })
	boundedly(t, b)
}

func boundedly(t *testing.T, b *Bucket) {
	t.Helper()
	begun := time.Now()
	everyOperation(t, b, store.ErrUnavailable)
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("six operations took %s with a patience of 300 ms", took)
	}
}

func TestWithoutCredentialsAccessIsDenied(t *testing.T) {
	t.Setenv(emulatorVar, "")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	_, err := Open(t.Context(), Options{Bucket: "archive"})
	wantErr(t, "open", err, store.ErrDenied)
}

func TestCredentialsThatAreRefusedAreDenied(t *testing.T) {
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error": "invalid_grant", "error_description": "account was deleted"}`)
	}))
	t.Cleanup(tokens.Close)
	t.Setenv(emulatorVar, "")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", serviceAccount(t, tokens.URL))
	b, err := Open(t.Context(), Options{Bucket: "archive"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	everyOperation(t, b, store.ErrDenied)
}

// serviceAccount writes the key file of a service account whose tokens come from an address.
func serviceAccount(t *testing.T, tokens string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "test", "client_email": "zkark@test.example", "token_uri": tokens,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})), "private_key_id": "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(file, account, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestOpenRefusesMalformedOptions(t *testing.T) {
	t.Setenv(emulatorVar, "127.0.0.1:1")
	for _, o := range []Options{{}, {Bucket: "a/b"}, {Bucket: "b", Prefix: "../x"}, {Bucket: "b", ChunkSize: -1}, {Bucket: "b", Patience: -1}} {
		_, err := Open(t.Context(), o)
		wantErr(t, "open", err, store.ErrInvalid)
	}
}
