// Command engines runs the tests on one engine after the other, tells what ran, what was left out and why, and fails
// where a test failed, or ran on some engines and not on others without being listed in databasetest's skips.
//
//	engines [-require] ENGINE... -- PACKAGE...
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	require := flag.Bool("require", false, "fail where an engine is not to be had")
	flag.Parse()
	engines, packages := flag.Args(), []string(nil)
	if i := slices.Index(engines, "--"); i >= 0 {
		engines, packages = engines[:i], engines[i+1:]
	}
	var all []*run
	failed := false
	for _, engine := range engines {
		if missing(engine) {
			fmt.Printf("== %s: left out, it is not to be had\n", engine)
			failed = failed || *require
			continue
		}
		fmt.Println("==", engine)
		r, err := test(engine, packages)
		if err != nil {
			fmt.Println(err)
			failed = true
		}
		fmt.Println(r)
		all = append(all, r)
	}
	failed = differ(all) || failed
	if failed {
		os.Exit(1)
	}
}

// missing tells whether the tests cannot have an engine: genuine MySQL is where tools/mysql.sh could fetch it.
func missing(engine string) bool {
	folder, err := os.UserCacheDir()
	if err == nil {
		_, err = os.Stat(filepath.Join(folder, "referrals", "mysql"))
	}
	return engine == "mysql" && err != nil
}

// run is what the tests came to on one engine.
type run struct {
	engine  string
	version string
	took    time.Duration
	passed  int             // tests and their parts
	ran     map[string]bool // tests by package and name, with the engine's name taken out
	skipped map[string]string
	output  map[string][]string // by test, until it has passed
}

// event is a line of 'go test -json'.
type event struct {
	Action, Package, Test, Output string
}

func test(engine string, packages []string) (*run, error) {
	r := &run{engine: engine, ran: map[string]bool{}, skipped: map[string]string{}, output: map[string][]string{}}
	// One package at a time: each starts servers of its own.
	command := exec.Command("go", append([]string{"test", "-json", "-count", "1", "-p", "1", "-timeout", "60m"}, packages...)...)
	command.Env = append(os.Environ(), "TEST_ENGINES="+engine)
	command.Stderr = os.Stderr
	said, err := command.StdoutPipe()
	if err != nil {
		return r, err
	}
	began := time.Now()
	if err := command.Start(); err != nil {
		return r, err
	}
	err = r.read(said)
	r.took = time.Since(began)
	return r, cmp.Or(command.Wait(), err)
}

// The engine's part of a test has its name; tests of the version say which one it is.
var (
	enginePart = regexp.MustCompile(`/(SQLite|MariaDB|MySQL|Galera|TiDB)(#\d+)?(/|$)`)
	version    = regexp.MustCompile(`database_test\.go:\d+: ((?:SQLite|MariaDB|MySQL) .*)`)
)

func (r *run) read(said io.Reader) error {
	lines := bufio.NewScanner(said)
	const longest = 1 << 24
	lines.Buffer(nil, longest)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil { // what the build says
			fmt.Println(lines.Text())
			continue
		}
		r.take(e)
	}
	return lines.Err()
}

func (r *run) take(e event) {
	name := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		r.output[name] = append(r.output[name], e.Output)
		if said := version.FindStringSubmatch(e.Output); said != nil && strings.HasPrefix(e.Test, "TestEngine_") {
			r.version = said[1]
		}
	case "pass", "skip":
		if e.Action == "skip" && e.Test != "" {
			r.skipped[key(name)] = reason(r.output[name])
		} else if e.Test != "" {
			r.passed++
			if at := enginePart.FindStringIndex(name); at != nil || !strings.Contains(e.Test, "/") {
				r.ran[key(name)] = true
			}
		}
		delete(r.output, name)
	case "fail":
		fmt.Printf("--- FAIL: %s\n%s", name, strings.Join(r.output[name], ""))
		delete(r.output, name)
	}
}

// key is what a test has the same name by on each engine, as deep as the engine's part of it.
func key(name string) string {
	if at := enginePart.FindStringIndex(name); at != nil {
		return name[:at[0]] + "/ENGINE"
	}
	return name
}

// reason is what a test says when it is left out.
func reason(output []string) string {
	for _, line := range output {
		if _, said, found := strings.Cut(line, ".go:"); found {
			_, said, _ = strings.Cut(said, ": ")
			return strings.TrimSpace(said)
		}
	}
	return "no reason"
}

func (r *run) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d tests and %d parts of them passed in %s, on %s; %d left out", r.engine, r.tests(), r.passed-r.tests(), r.took.Round(time.Second), r.version, len(r.skipped))
	for _, name := range slices.Sorted(maps.Keys(r.skipped)) {
		fmt.Fprintf(&text, "\n    %s: %s", name, r.skipped[name])
	}
	return text.String()
}

func (r *run) tests() int {
	count := 0
	for name := range r.ran {
		if !strings.HasSuffix(name, "/ENGINE") {
			count++
		}
	}
	return count
}

// differ tells of tests that ran on one engine, and on another neither ran nor were left out for a reason.
func differ(all []*run) bool {
	err := error(nil)
	for _, r := range all {
		for _, other := range all {
			for _, name := range slices.Sorted(maps.Keys(other.ran)) {
				if !r.ran[name] && r.skipped[name] == "" {
					err = errors.Join(err, fmt.Errorf("%s: %s did not run, as it did on %s", r.engine, name, other.engine))
				}
			}
		}
	}
	if err != nil {
		fmt.Println(err)
	}
	return err != nil
}
