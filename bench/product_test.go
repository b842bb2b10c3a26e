package bench

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph/scalar"
)

// binary is the product, built as it is released.
var binary = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "referrals-bench-")
	if err != nil {
		return "", err
	}
	atTheEnd(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "referrals")
	build := exec.Command("go", "build", "-trimpath", "-o", path, "../server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, output)
	}
	return path, nil
})

// mariaDB is the benchmarks' own server, with the memory that a production server has.
var mariaDB = sync.OnceValues(func() (*url.URL, error) {
	folder, err := os.MkdirTemp("", "referrals-bench-mariadb-")
	if err != nil {
		return nil, err
	}
	at, stop, err := databasetest.StartMariaDB(folder, "--innodb-buffer-pool-size=2G", "--innodb-log-file-size=512M",
		"--tmp-table-size=256M", "--max-heap-table-size=256M")
	if err == nil {
		atTheEnd(stop)
	}
	return at, err
})

// newDatabase makes an empty database on the MariaDB and gives its URL.
func newDatabase(b *testing.B, name string) string {
	b.Helper()
	at, err := mariaDB()
	if err != nil {
		b.Fatal(err)
	}
	server := connect(b, at.String())
	execute(b, server, "DROP DATABASE IF EXISTS "+name)
	execute(b, server, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
	named := *at
	named.Path = "/" + name
	return named.String()
}

// connect gives a bare pool of connections to a MariaDB, as the peers have them: no product in between.
func connect(b *testing.B, location string) *sql.DB {
	b.Helper()
	at, err := url.Parse(location)
	if err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("mysql", fmt.Sprintf("%s@tcp(%s)%s?interpolateParams=true&time_zone=%%27%%2B00%%3A00%%27&optimizer_switch=%%27split_materialized%%3Doff%%27", at.User.Username(), at.Host, at.Path))
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxIdleConns(sizes.Connections + 1)
	b.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(b *testing.B, db *sql.DB, statement string, args ...any) {
	b.Helper()
	if _, err := db.ExecContext(context.Background(), statement, args...); err != nil {
		b.Fatalf("%s: %v", statement, err)
	}
}

// opened is the product's database, migrated, for what prepares a measurement.
func opened(b *testing.B, location string) *database.Database {
	b.Helper()
	db, err := database.Open(location)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(context.Background()); err != nil {
		b.Fatal(err)
	}
	return db
}

func system() context.Context { return viewer.AsSystem(context.Background(), "bench") }

const zone = "America/New_York"

// newNetwork makes a network and a token for it.
func newNetwork(b *testing.B, db *database.Database, role commission.Role) (id int, token string) {
	b.Helper()
	p := &program.Program{DB: db, Now: time.Now}
	network, err := p.CreateNetwork(system(), program.NewNetwork{Name: "Acme", Currency: "USD", TimeZone: zone})
	if err != nil {
		b.Fatal(err)
	}
	account, err := p.CreateAccount(system(), program.NewAccount{NetworkID: network.ID, Name: "bench", Role: role})
	if err != nil {
		b.Fatal(err)
	}
	token, _, err = p.CreateToken(system(), account.ID, "bench", nil)
	if err != nil {
		b.Fatal(err)
	}
	return network.ID, token
}

func partnerID(row int) string { return scalar.ID{Type: scalar.Partner, Row: row}.String() }

// server is the product as a process that serves.
type server struct {
	url    string
	pid    int
	client *http.Client
}

// serve starts the product and waits until it answers. It ends with the benchmark.
func serve(b *testing.B, location string, flags ...string) server {
	b.Helper()
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	address := freeAddress(b)
	log, err := os.Create(filepath.Join(b.TempDir(), "log")) // who measures does not read it meanwhile
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = log.Close() })
	process := exec.Command(path, append([]string{"serve", "--account-points", "0", "--address-points", "0", "--no-billing", "--database", location, "--listen", address}, flags...)...)
	process.Stderr = log
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		_ = process.Wait()
	})
	s := server{
		url: "http://" + address, pid: process.Process.Pid,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: sizes.Connections}},
	}
	const patience = 10 * time.Second
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		answer, err := s.client.Get(s.url + "/readyz")
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return s
			}
		}
		if time.Now().After(deadline) {
			_ = process.Process.Kill()
			_ = process.Wait()
			said, _ := os.ReadFile(log.Name())
			b.Fatalf("the server does not answer: %v\n%s", err, said)
		}
	}
}

func freeAddress(b *testing.B) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// request is a document with its variables, ready to be sent.
func request(b *testing.B, document string, variables any) []byte {
	b.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		b.Fatal(err)
	}
	return body
}

// send sends a request and gives the whole answer; errors in it are an error.
func (s server) send(token string, body []byte) ([]byte, error) {
	post, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	post.Header.Set("Content-Type", "application/json")
	if token != "" {
		post.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := s.client.Do(post)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || bytes.Contains(data, []byte(`"errors":`))) {
		err = errors.New(string(data[:min(len(data), 1000)]))
	}
	return data, err
}

// run runs one command of the product to its end.
func run(b *testing.B, arguments ...string) {
	b.Helper()
	ends(b, arguments...)
}

// ended is a command that has ended.
type ended struct {
	*os.ProcessState
	said string // to machines
	peak int64  // the most memory that it had, in kB
}

// ends runs one command of the product to its end. How much memory it has is asked of the system while it runs: what the
// system says of a process that has ended includes what its parent held when it began.
func ends(b *testing.B, arguments ...string) ended {
	b.Helper()
	path, err := binary()
	if err != nil {
		b.Fatal(err)
	}
	var out, log bytes.Buffer
	command := exec.Command(path, arguments...)
	command.Stdout, command.Stderr = &out, &log
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() { failed <- command.Wait() }()
	var peak int64
	const often = 10 * time.Millisecond
	for look := time.NewTicker(often); ; {
		select {
		case <-look.C:
			if most, there := kilobytesOf(command.Process.Pid, mostMemory); there {
				peak = most
			}
		case err := <-failed:
			look.Stop()
			if err != nil {
				b.Fatalf("referrals %s: %v\n%s%s", strings.Join(arguments, " "), err, out.String(), log.String())
			}
			return ended{command.ProcessState, out.String(), peak}
		}
	}
}
