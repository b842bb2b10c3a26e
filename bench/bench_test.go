// Package bench measures the product as it runs in production, a process of its own built without cgo, against
// what the same machine can do at best, and holds each ratio to its target. `make bench` prints the table.
package bench

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if len(table) > 0 {
		printTable()
	}
	stopAll()
	os.Exit(code)
}

// line is one measurement in the table.
type line struct {
	what, product, against, ratio, target string
	met                                   bool
}

var table []line

// note puts a measurement into the table and fails the benchmark that missed its target.
func note(b *testing.B, measured line) {
	b.Helper()
	table = append(table, measured)
	if !measured.met {
		b.Errorf("%s: %s, the target is %s", measured.what, measured.ratio, measured.target)
	}
}

func printTable() {
	columns := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprint(columns, "\nmeasured\tproduct\tagainst\tratio\ttarget\t\n")
	for _, l := range table {
		met := "met"
		if !l.met {
			met = "MISSED"
		}
		_, _ = fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\t%s\n", l.what, l.product, l.against, l.ratio, l.target, met)
	}
	_ = columns.Flush()
}

// stops is what ends with the benchmarks, the last that was started first.
var stops struct {
	sync.Mutex
	all []func()
}

func atTheEnd(stop func()) {
	stops.Lock()
	defer stops.Unlock()
	stops.all = append(stops.all, stop)
}

func stopAll() {
	for _, stop := range slices.Backward(stops.all) {
		stop()
	}
}

// median is the middle one of measurements that were taken in turns with those they are compared to.
func median[T ~int64 | ~float64](of []T) T {
	sorted := slices.Clone(of)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// took is how long work takes.
func took(work func()) time.Duration {
	start := time.Now()
	work()
	return time.Since(start)
}

func perSecond(rows float64) string { return fmt.Sprintf("%.1f k rows/s", rows/1e3) }
