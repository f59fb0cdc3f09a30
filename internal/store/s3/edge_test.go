package s3

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/test/s3server"
)

func TestOneOfManyWritersInPartsWins(t *testing.T) {
	const writers = 4
	b := behind(t, &faulty{})
	errs := make([]error, writers)
	body := func(i int) []byte {
		data := large()
		data[0] = byte('a' + i)
		return data
	}
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { errs[i] = b.Put(t.Context(), "k", store.BytesBody(body(i))) })
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err != nil:
			wantErr(t, "loser", err, store.ErrExists)
		case winner >= 0:
			t.Fatalf("writers %d and %d both won", winner, i)
		default:
			winner = i
		}
	}
	if winner < 0 {
		t.Fatal("nobody won")
	}
	wantData(t, b, "k", body(winner))
	wantKeys(t, b, "k")
}

func TestAListingGoesOnOverPages(t *testing.T) {
	const objects = 2100 // the store tells at most 1000 at once
	server := s3server.Start(t)
	dir := filepath.Join(server.Dir, "archive", "zk")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range objects {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d", i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, server.Endpoint(), Options{Bucket: "archive", Prefix: "zk"})
	for after, want := range map[string]int{"": objects, "0999": objects - 1000, "2098": 1} {
		keys := storetest.Keys(t, b, "", after)
		if len(keys) != want || keys[want-1] != "2099" || keys[0] != fmt.Sprintf("%04d", objects-want) {
			t.Errorf("after %q: %d keys, want the last %d", after, len(keys), want)
		}
	}
}

// answerOnce answers the first request that match wants with an error of the store, before the server sees it.
func answerOnce(status int, code string, match func(r *http.Request) bool) *faulty {
	var answered atomic.Bool
	return &faulty{meddle: func(w http.ResponseWriter, r *http.Request) bool {
		if !match(r) || answered.Swap(true) {
			return false
		}
		io.Copy(io.Discard, r.Body) // or the connection may break before the client has read the answer
		refuse(w, status, code)
		return true
	}}
}

// S3 answers 200 before it knows whether a completion will succeed.
func TestACompletionThatFailsBehindAnOKIsRepeatedOrAnError(t *testing.T) {
	for _, code := range []string{"InternalError", "SlowDown"} {
		t.Run(code, func(t *testing.T) {
			b := behind(t, answerOnce(http.StatusOK, code, isCompletion))
			if err := b.Put(t.Context(), "k", store.BytesBody(large())); err != nil {
				wantErr(t, "put", err, store.ErrUnavailable)
				wantKeys(t, b)
				return
			}
			wantData(t, b, "k", large())
			wantKeys(t, b, "k")
		})
	}
}

func TestAnUploadThatTheStoreForgotCanBeTriedAgain(t *testing.T) {
	for what, match := range map[string]func(r *http.Request) bool{
		"at a part":         func(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "2" },
		"at the completion": isCompletion,
	} {
		t.Run(what, func(t *testing.T) {
			b := behind(t, &faulty{meddle: func(w http.ResponseWriter, r *http.Request) bool {
				if match(r) {
					io.Copy(io.Discard, r.Body) // or the connection may break before the client has read the answer
					refuse(w, http.StatusNotFound, "NoSuchUpload")
				}
				return match(r)
			}})
			err := b.Put(t.Context(), "k", store.BytesBody(large()))
			wantErr(t, "put", err, store.ErrUnavailable)
			if errors.Is(err, store.ErrNotFound) {
				t.Errorf("the error of a put is %v", err)
			}
			wantKeys(t, b)
		})
	}
}

func isDownload(r *http.Request) bool {
	return r.Method == http.MethodGet && !r.URL.Query().Has("list-type") && !r.URL.Query().Has("uploads")
}

func TestAStoreThatIgnoresTheRangeIsNotBelieved(t *testing.T) {
	b := behind(t, &faulty{meddle: func(w http.ResponseWriter, r *http.Request) bool {
		if isDownload(r) {
			io.WriteString(w, "0123456789")
		}
		return isDownload(r)
	}})
	r, err := b.Get(t.Context(), "k", 4)
	if err == nil {
		data, err := io.ReadAll(r)
		r.Close()
		t.Fatalf("read %q, %v, want an error", data, err)
	}
	wantErr(t, "get", err, store.ErrUnavailable)
}

func TestAByteThatIsChangedOnTheWayIsNoticed(t *testing.T) {
	f := &faulty{}
	f.meddle = func(w http.ResponseWriter, r *http.Request) bool {
		if !isDownload(r) {
			return false
		}
		answer := httptest.NewRecorder()
		f.proxy.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		data := answer.Body.Bytes()
		data[len(data)/2] ^= 1
		w.Write(data)
		return true
	}
	b := behind(t, f)
	if err := b.Put(t.Context(), "k", store.BytesBody([]byte("0123456789"))); err != nil {
		t.Fatal(err)
	}
	r, err := b.Get(t.Context(), "k", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if data, err := io.ReadAll(r); err == nil {
		t.Errorf("read %q without an error", data)
	}
}

func TestAnObjectThatIsAnotherWhenADownloadGoesOnIsNoObjectThatExists(t *testing.T) {
	f := &faulty{}
	var gets atomic.Int32
	f.meddle = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case !isDownload(r):
			return false
		case gets.Add(1) == 1:
			f.proxy.ServeHTTP(&short{w, 3}, r)
		default:
			refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
		}
		return true
	}
	b := behind(t, f)
	if err := b.Put(t.Context(), "k", store.BytesBody([]byte("0123456789"))); err != nil {
		t.Fatal(err)
	}
	r, err := b.Get(t.Context(), "k", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = io.ReadAll(r)
	wantErr(t, "read", err, store.ErrUnavailable)
}

func TestCertificatesOfTheEnvironmentAreTrusted(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "AccessDenied")
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that is refused
	server.StartTLS()
	t.Cleanup(server.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(bundle, certificate, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	for value, want := range map[string]error{bundle: store.ErrDenied, "": store.ErrUnavailable} {
		t.Setenv("AWS_CA_BUNDLE", value)
		b := open(t, server.URL, Options{Bucket: "archive", Attempts: 1})
		_, err := b.Get(t.Context(), "k", 0)
		wantErr(t, "get with AWS_CA_BUNDLE="+value, err, want)
	}
}

// A process that is killed between two parts aborts nothing: no reader sees what it has sent, and another Put is not in its way.
func TestPartsThatAKilledProcessLeftAreNoObject(t *testing.T) {
	f := &faulty{}
	var parts atomic.Int32
	gone := make(chan struct{})
	f.meddle = func(w http.ResponseWriter, r *http.Request) bool {
		dead := parts.Load() >= 2
		if r.URL.Query().Has("partNumber") {
			parts.Add(1)
		}
		select {
		case <-gone:
			return false
		default:
		}
		if dead { // nothing that it asks any more is heard
			io.Copy(io.Discard, r.Body)
			refuse(w, http.StatusForbidden, "AccessDenied")
		}
		return dead
	}
	b := behind(t, f)
	if err := b.Put(t.Context(), "k", store.BytesBody(large())); err == nil {
		t.Fatal("the put succeeded")
	}
	close(gone)
	if keys := storetest.Keys(t, b, "", ""); len(keys) > 0 {
		t.Errorf("keys %q, want none", keys)
	}
	if _, err := b.Stat(t.Context(), "k"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("stat gives %v", err)
	}
	if err := b.Put(t.Context(), "k", store.BytesBody(large())); err != nil {
		t.Fatal(err)
	}
	wantData(t, b, "k", large())
}
