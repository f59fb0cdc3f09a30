package file

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/storetest"
)

func open(t *testing.T, root string) *Bucket {
	t.Helper()
	b, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBucketKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Bucket { return open(t, filepath.Join(t.TempDir(), "archive")) })
}

func TestOpenRefusesARelativePath(t *testing.T) {
	if _, err := Open("archive"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("error %v, want ErrInvalid", err)
	}
}

func TestAVolumeThatIsNotMountedIsUnavailable(t *testing.T) {
	b := open(t, filepath.Join(t.TempDir(), "not-mounted", "archive"))
	if err := b.Put(t.Context(), "k", store.BytesBody(nil)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("put: error %v, want ErrUnavailable", err)
	}
	for _, err := range b.List(t.Context(), "", "") {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("list: error %v, want ErrUnavailable", err)
		}
	}
}

func TestPutLeavesNoTemporaryFiles(t *testing.T) {
	root := t.TempDir()
	b := open(t, root)
	body := store.BytesBody([]byte("x"))
	if err := b.Put(t.Context(), "a", body); err != nil {
		t.Fatal(err)
	}
	body.Size = 2
	if err := b.Put(t.Context(), "b", body); err == nil {
		t.Fatal("a short body was put")
	}
	if left, err := os.ReadDir(filepath.Join(root, tempDir)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestPutSweepsWhatADeadProcessLeft(t *testing.T) {
	root := t.TempDir()
	b := open(t, root)
	dead, young := filepath.Join(root, tempDir, "put-1"), filepath.Join(root, tempDir, "put-2")
	if err := os.Mkdir(filepath.Dir(dead), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dead, young} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-2 * staleAfter)
	if err := os.Chtimes(dead, old, old); err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), "a", store.BytesBody(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("the dead process's file is still there: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("another process's file is gone: %v", err)
	}
}

func TestListingShowsOnlyObjects(t *testing.T) {
	root := t.TempDir()
	b := open(t, root)
	if err := b.Put(t.Context(), "a", store.BytesBody(nil)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b c", ".hidden"} {
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if keys := storetest.Keys(t, b, "", ""); len(keys) != 1 || keys[0] != "a" {
		t.Errorf("keys = %q, want only a", keys)
	}
}

func TestABucketThatMayNotBeReadIsDenied(t *testing.T) {
	err := failed("list x", &os.PathError{Op: "open", Path: "x", Err: os.ErrPermission})
	if !errors.Is(err, store.ErrDenied) || !strings.Contains(err.Error(), "list x") {
		t.Errorf("error %v, want ErrDenied and what was done", err)
	}
}

func TestAFileSystemWithoutHardLinksIsToldApartFromOneThatDeniesAccess(t *testing.T) {
	for _, cause := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.ENOSYS} {
		err := failed("put x", noLinks(&os.LinkError{Op: "link", Old: "a", New: "b", Err: cause}))
		if !errors.Is(err, store.ErrUnsupported) || errors.Is(err, store.ErrDenied) || !strings.Contains(err.Error(), "hard links") {
			t.Errorf("%v: error %v, want ErrUnsupported and what is lacking", cause, err)
		}
	}
	if err := failed("put x", noLinks(&os.LinkError{Op: "link", Old: "a", New: "b", Err: syscall.ENOSPC})); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a full disk: %v", err)
	}
}

func TestPutOfAHugeBodyStopsWhenCancelled(t *testing.T) {
	b := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	reads := 0
	body := store.Body{Size: 1 << 40, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(readerFunc(func(p []byte) (int, error) {
			if reads++; reads == 3 {
				cancel()
			}
			return len(p), nil
		})), nil
	}}
	if err := b.Put(ctx, "k", body); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("error %v, want only Canceled", err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
