package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// performance is where the last run is kept, between two marks.
const (
	performance = "../docs/performance.md"
	beginMark   = "<!-- measured: make bench WRITE=1 -->\n"
	endMark     = "<!-- end of what was measured -->\n"
)

var started = time.Now()

// tell prints what was measured and, where BENCH_WRITE is set, writes it into docs/performance.md.
func tell(out io.Writer) error {
	if len(table) == 0 {
		return nil
	}
	goals, all := goalRows(), workloadRows()
	for _, rows := range [][][]string{goals, all} {
		columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(columns)
		for _, row := range rows {
			_, _ = fmt.Fprintln(columns, strings.Join(row, "\t"))
		}
		if err := columns.Flush(); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(out, "\n%s", machine())
	if os.Getenv("BENCH_WRITE") == "" {
		return nil
	}
	text, err := os.ReadFile(performance)
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(text, []byte(beginMark))
	_, after, ends := bytes.Cut(rest, []byte(endMark))
	if !begins || !ends {
		return errors.New(performance + " has lost the marks between which the last run stands")
	}
	var written bytes.Buffer
	fmt.Fprintf(&written, "\n%s\n%s\n%s\n", machine(), markdown(goals), markdown(all))
	return os.WriteFile(performance, slices.Concat(before, []byte(beginMark), written.Bytes(), []byte(endMark), after), 0o644)
}

// goalRows is what was to be reached, and what was.
func goalRows() [][]string {
	rows := [][]string{{"measured", "product", "against", "reached", "must reach", ""}}
	for _, l := range table {
		met := "ok"
		if !l.met {
			met = "MISSED"
		}
		rows = append(rows, []string{l.what, l.product, l.against, l.ratio, l.target, met})
	}
	return rows
}

// workloadRows is everything that was measured of each subject.
func workloadRows() [][]string {
	if len(workloads) == 0 {
		return nil
	}
	rows := [][]string{{
		"workload", "subject", "one alone", "throughput", "p50", "p99", "open loop", "p99 then", "CPU", "CPU of the database", "statements", "rows read", "memory",
	}}
	maybe := func(there bool, text string) string {
		if !there {
			return "-"
		}
		return text
	}
	for _, m := range workloads {
		rows = append(rows, []string{
			m.workload, m.subject, maybe(m.alone > 0, inMillis(m.alone)), m.throughput(), maybe(m.p50 > 0, inMillis(m.p50)), maybe(m.p99 > 0, inMillis(m.p99)),
			maybe(m.openRate > 0, fmt.Sprintf("%.4g/s", m.openRate)), maybe(m.openRate > 0, inMillis(m.openP99)),
			maybe(m.memory > 0, inMillis(m.each.server)), inMillis(m.each.database),
			fmt.Sprintf("%.1f", m.statements), counted(int64(m.rows)), maybe(m.memory > 0, inMegabytes(m.memory)),
		})
	}
	return rows
}

func markdown(rows [][]string) string {
	var written strings.Builder
	for i, row := range rows {
		written.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			written.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	return written.String()
}

// machine is what it was measured on, and of what size.
func machine() string {
	model := "an unknown processor"
	if cpu, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if found := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(cpu); found != nil {
			model = string(found[1])
		}
	}
	version := func(name string, arguments ...string) string {
		said, err := exec.Command(name, arguments...).Output()
		if err != nil {
			return name + " of an unknown version"
		}
		return strings.TrimSpace(string(said))
	}
	return fmt.Sprintf("Measured on %s in %s, with %d cores of %s, %s, %s, Node.js %s.\nSizes: %+v.\n",
		started.UTC().Format("2 January 2006"), time.Since(started).Round(time.Minute), runtime.NumCPU(), model, runtime.Version(),
		version("mariadbd", "--version"), version("node", "--version"), sizes)
}
