// Package databasetest gives tests an empty database of every engine that the project promises: an
// SQLite file, and a MariaDB server of their own that lives in a temporary folder, listens on loopback
// and ends with the tests. TEST_DATABASE_URL names an existing server to use in its place.
package databasetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // makes and drops the tests' databases
)

// Main runs a package's tests and stops the server that they started, after whatever else they leave behind.
func Main(m *testing.M, after ...func()) {
	code := m.Run()
	for _, cleanUp := range after {
		cleanUp()
	}
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(code)
}

// Each runs a test once for every engine, on an empty database that it opens by its URL.
func Each(t *testing.T, test func(t *testing.T, location string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("MariaDB", func(t *testing.T) { test(t, MySQL(t)) })
}

// SQLite is the URL of a file that does not exist yet.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "referrals.db")
}

var shared struct {
	once     sync.Once
	location *url.URL
	err      error
	stop     func()
	count    atomic.Int64
}

// MySQL is the URL of a new, empty database on the tests' server.
func MySQL(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		if given := os.Getenv("TEST_DATABASE_URL"); given != "" {
			shared.location, shared.err = url.Parse(given)
			return
		}
		folder, err := os.MkdirTemp("", "referrals-mariadb-") //nolint:usetesting // it outlives the test
		if err != nil {
			shared.err = err
			return
		}
		shared.location, shared.stop, shared.err = StartMariaDB(folder, "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0")
	})
	if shared.err != nil {
		t.Fatalf("no MariaDB for the tests: %v", shared.err)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), shared.count.Add(1))
	at := *shared.location
	execute(t, &at, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
	t.Cleanup(func() { execute(t, &at, "DROP DATABASE "+name) })
	created := at
	created.Path = "/" + name
	return created.String()
}

func execute(t testing.TB, at *url.URL, statement string) {
	t.Helper()
	password, _ := at.User.Password()
	server, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(%s)/", at.User.Username(), password, at.Host))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	if _, err := server.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// StartMariaDB starts a server in a folder, on a free port of loopback, and tells where it is and how
// to stop it and remove the folder.
func StartMariaDB(folder string, options ...string) (*url.URL, func(), error) {
	program, err := exec.LookPath("mariadbd")
	if err != nil { // Debian keeps it where only root's PATH leads
		program, err = exec.LookPath("/usr/sbin/mariadbd")
	}
	if err != nil {
		return nil, nil, errors.New("mariadbd is not installed: run 'make mariadb', or name a server in TEST_DATABASE_URL")
	}
	data, temporary := filepath.Join(folder, "data"), filepath.Join(folder, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return nil, nil, err
	}
	common := []string{
		"--no-defaults", "--datadir=" + data, "--innodb-log-file-size=64M",
		"--tmpdir=" + temporary, // in a common one, a server that starts removes the files of others
	}
	if os.Getuid() == 0 {
		common = append(common, "--user=root")
	}
	install := exec.Command("mariadb-install-db", append(append([]string{}, common...),
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")...)
	if output, err := install.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("mariadb-install-db: %w\n%s", err, output)
	}
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return nil, nil, err
	}
	server := exec.Command(program, append(append(common,
		"--port="+strconv.Itoa(port), "--bind-address=127.0.0.1", "--skip-name-resolve",
		"--socket="+filepath.Join(folder, "sock"), "--pid-file="+filepath.Join(folder, "pid"),
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin",
		"--innodb-buffer-pool-size=512M", "--max-connections=300"), options...)...)
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		return nil, nil, err
	}
	stop := func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		_ = log.Close()
		_ = os.RemoveAll(folder)
	}
	at := &url.URL{Scheme: "mysql", User: url.UserPassword("root", ""), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/"}
	if err := answers(at); err != nil {
		said, _ := os.ReadFile(log.Name())
		stop()
		return nil, nil, fmt.Errorf("mariadbd did not start: %w\n%s", err, strings.TrimSpace(string(said)))
	}
	return at, stop, nil
}

func answers(at *url.URL) error {
	server, err := sql.Open("mysql", fmt.Sprintf("root:@tcp(%s)/", at.Host))
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	const patience = 30 * time.Second
	for deadline := time.Now().Add(patience); ; {
		err := server.PingContext(context.Background())
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
