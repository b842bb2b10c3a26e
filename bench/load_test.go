package bench

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// generator is vegeta, the process that puts servers under load.
var generator = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "referrals-bench-load-")
	if err != nil {
		return "", err
	}
	atTheEnd(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "vegeta")
	if output, err := exec.Command("go", "build", "-C", "../tools/load", "-trimpath", "-o", path, "github.com/tsenart/vegeta/v12").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build vegeta: %w\n%s", err, output)
	}
	return path, nil
})

// load is requests for a server. Where they are sent once each there are as many as there are bodies; otherwise the
// one body is sent for some time: as fast as the connections allow or, in the open loop, so many a second, however long
// the answers take.
type load struct {
	token  string
	bodies [][]byte
	once   bool
	lasts  time.Duration
	rate   float64 // a second; 0: closed loop
	begins []byte  // what every right answer begins with
}

// outcome is what became of a load.
type outcome struct {
	requests  int
	took      time.Duration
	latencies []time.Duration // sorted
}

func (o outcome) perSecond() float64 { return float64(o.requests) / o.took.Seconds() }

func (o outcome) quantile(q float64) time.Duration { return quantile(o.latencies, q) }

func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(float64(len(sorted))*q), len(sorted)-1)]
}

// puts puts a server under load. An answer that does not begin as it should ends the benchmark.
func (l load) puts(b *testing.B, url string) outcome {
	b.Helper()
	path, err := generator()
	if err != nil {
		b.Fatal(err)
	}
	folder := b.TempDir()
	targets, results := filepath.Join(folder, "targets"), filepath.Join(folder, "results")
	if err := os.WriteFile(targets, l.targets(b, url), 0o600); err != nil {
		b.Fatal(err)
	}
	connections := strconv.Itoa(sizes.Connections)
	arguments := []string{"attack", "-format=json", "-targets=" + targets, "-output=" + results, "-timeout=60s", "-max-body=" + strconv.Itoa(len(l.begins))}
	switch {
	case l.once:
		arguments = append(arguments, "-lazy", "-rate=0", "-workers="+connections, "-max-workers="+connections)
	case l.rate > 0:
		const fewest = 3.5 // requests, the last of which need not be waited for
		lasts := max(l.lasts, time.Duration(fewest/l.rate*float64(time.Second)))
		arguments = append(arguments, fmt.Sprintf("-rate=%d/1000s", max(int(l.rate*1000), 1)), "-duration="+lasts.String(), "-workers="+connections)
	default:
		arguments = append(arguments, "-rate=0", "-workers="+connections, "-max-workers="+connections, "-duration="+l.lasts.String())
	}
	if output, err := exec.Command(path, arguments...).CombinedOutput(); err != nil {
		b.Fatalf("vegeta %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
	return l.read(b, path, results)
}

func (l load) targets(b *testing.B, url string) []byte {
	b.Helper()
	header := map[string][]string{"Content-Type": {"application/json"}}
	if l.token != "" {
		header["Authorization"] = []string{"Bearer " + l.token}
	}
	var targets bytes.Buffer
	for _, body := range l.bodies {
		target, err := json.Marshal(map[string]any{"method": "POST", "url": url + "/graphql", "header": header, "body": body})
		if err != nil {
			b.Fatal(err)
		}
		targets.Write(append(target, '\n'))
	}
	return targets.Bytes()
}

// read reads what vegeta noted of each request.
func (l load) read(b *testing.B, path, results string) outcome {
	b.Helper()
	encode := exec.Command(path, "encode", "-to", "csv", results)
	noted, err := encode.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := encode.Start(); err != nil {
		b.Fatal(err)
	}
	var read outcome
	var first, last int64
	lines := csv.NewReader(noted)
	lines.ReuseRecord = true
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		const at, code, took, failed, body = 0, 1, 2, 5, 6
		if l.once && line[failed] == "no targets to attack" {
			continue // each was sent
		}
		if answer, err := base64.StdEncoding.DecodeString(line[body]); err != nil || line[code] != "200" || !bytes.Equal(answer, l.begins) {
			b.Fatalf("answered %s %s: %s, and not %s", line[code], line[failed], answer, l.begins)
		}
		began, err := strconv.ParseInt(line[at], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		lasted, err := strconv.ParseInt(line[took], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		if first == 0 || began < first {
			first = began
		}
		last = max(last, began+lasted)
		read.latencies = append(read.latencies, time.Duration(lasted))
	}
	if err := encode.Wait(); err != nil {
		b.Fatal(err)
	}
	slices.Sort(read.latencies)
	read.requests, read.took = len(read.latencies), time.Duration(last-first)
	if read.requests == 0 {
		b.Fatal("vegeta sent nothing")
	}
	return read
}

// spent is what a process and the database had used up at a moment.
type spent struct {
	server, database time.Duration // of the processors
	statements, rows int64
}

// since is what was used up since another moment, without the question for it.
func (s spent) since(before spent) spent {
	return spent{s.server - before.server, s.database - before.database, s.statements - before.statements - 1, s.rows - before.rows}
}

// spending is what the processes of a server, and the database, have used up so far.
func spending(b *testing.B, bare *sql.DB, pids []int) spent {
	b.Helper()
	var now spent
	for _, pid := range pids {
		now.server += processorTime(b, pid)
	}
	now.database = processorTime(b, databaseProcess(b, bare))
	err := eachRow(bare, "SHOW GLOBAL STATUS WHERE Variable_name = 'Questions' OR Variable_name LIKE 'Handler_read%'", nil, func(rows *sql.Rows) error {
		var name string
		var value int64
		err := rows.Scan(&name, &value)
		switch {
		case name == "Questions":
			now.statements = value
		case name != "Handler_read_retry":
			now.rows += value
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return now
}

// processorTime is how long a process has run, on all processors.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	const user, system, ticksASecond = 11, 12, 100 // behind the name, which may hold blanks
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	ticks := 0
	for _, field := range []string{fields[user], fields[system]} {
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksASecond
}

var databasePID int

func databaseProcess(b *testing.B, bare *sql.DB) int {
	b.Helper()
	if databasePID == 0 {
		file, err := os.ReadFile(texts(b, bare, "SELECT @@pid_file")[0])
		if err != nil {
			b.Fatal(err)
		}
		if databasePID, err = strconv.Atoi(strings.TrimSpace(string(file))); err != nil {
			b.Fatal(err)
		}
	}
	return databasePID
}

func eachRow(bare *sql.DB, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := bare.QueryContext(context.Background(), query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
