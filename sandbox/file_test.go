package sandbox_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/tollgate/tollgate/sandbox"
)

func TestAFileIsOpenInOneSandboxAtATime(t *testing.T) {
	t.Parallel()
	options := sandbox.Options{File: filepath.Join(t.TempDir(), "shop.db")}
	first, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.New(options); !errors.Is(err, sandbox.ErrInUse) {
		t.Errorf("a second sandbox opens the file: %v, want %v", err, sandbox.ErrInUse)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	next, err := sandbox.New(options)
	if err != nil {
		t.Fatalf("after the first has closed it: %v", err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
}

func TestAResetGivesNoIDASecondTime(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"in memory": "", "in a file": filepath.Join(t.TempDir(), "shop.db")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, sandbox.Options{File: file})
			before := s.post("/v1/customers", "name=Jo").id()
			if err := s.server.Reset(); err != nil {
				t.Fatal(err)
			}
			if after := s.post("/v1/customers", "name=Jo").id(); after == before {
				t.Errorf("the first customer after a reset is %s, as the one before it was", after)
			}
		})
	}
}
