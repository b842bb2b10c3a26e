package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/viewer"
)

func TestMain(m *testing.M) { databasetest.Main(m, func() { _ = os.RemoveAll(built.folder) }) }

// built is the product as it is shipped: for what has to be killed, and for much work, which the race detector would
// slow down by tens.
var built struct {
	once   sync.Once
	folder string
	binary string
	err    error
}

// product is the command that runs the built product.
func product(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	built.once.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "referrals-server-"); built.err != nil { //nolint:usetesting // it is all tests'
			return
		}
		built.binary = filepath.Join(built.folder, "referrals")
		build := exec.Command("go", "build", "-o", built.binary, ".")
		build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
		built.err = build.Run()
	})
	if built.err != nil {
		t.Fatalf("build the product: %v", built.err)
	}
	return exec.CommandContext(t.Context(), built.binary, args...)
}

// runProduct runs the built product.
func runProduct(t *testing.T, args ...string) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := product(t, args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return ran{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// ran is what a command left behind.
type ran struct {
	code           int
	stdout, stderr string
}

// referrals runs a command as the shell would.
func referrals(ctx context.Context, stdin io.Reader, args ...string) ran {
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, stdin, &stdout, &stderr)
	return ran{code, stdout.String(), stderr.String()}
}

// must runs a command that has to succeed, and is its output without the last line end.
func must(t *testing.T, args ...string) string {
	t.Helper()
	return succeeded(t, referrals(t.Context(), strings.NewReader(""), args...), args...)
}

func succeeded(t *testing.T, got ran, args ...string) string {
	t.Helper()
	if got.code != success {
		t.Fatalf("referrals %s: exit %d\n%s", strings.Join(args, " "), got.code, got.stderr)
	}
	return strings.TrimSuffix(got.stdout, "\n")
}

// opened opens a migrated database as the product does, beside it.
func opened(t *testing.T, location string) (*database.Database, *program.Program, *ledger.Ledger) {
	t.Helper()
	must(t, "migrate", "--database", location)
	db, err := database.Open(location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, &program.Program{DB: db, Now: time.Now}, &ledger.Ledger{DB: db, Now: time.Now}
}

func system() context.Context { return viewer.AsSystem(context.Background(), "test") }
