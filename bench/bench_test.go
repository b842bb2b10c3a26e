// Package bench measures the product as it runs in production, a process of its own built without cgo, against
// what the same machine can do at best, and holds each ratio to its target. `make bench` prints the table.
package bench

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stopAll()
	if err := tell(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
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

// goal is a measurement with what it must reach: at least or at most a number, which is a ratio unless it has a unit.
type goal struct {
	what, product, against, unit string
	reached, least, most         float64
	large                        bool // at the small size it means nothing: then it is told, and not held
}

// must holds a measurement to its target, as far as the size that is measured allows.
func must(b *testing.B, g goal) {
	b.Helper()
	write := func(n float64) string {
		if g.unit != "" {
			return fmt.Sprintf("%.4g %s", n, g.unit)
		}
		return fmt.Sprintf("%.2f x", n)
	}
	target, met := ">= "+write(g.least), g.reached >= g.least/sizes.Tolerance
	if g.most > 0 {
		target, met = "<= "+write(g.most), g.reached <= g.most*sizes.Tolerance
	}
	met = met || (g.large && sizes.small())
	note(b, line{what: g.what, product: g.product, against: cmp.Or(g.against, "-"), ratio: write(g.reached), target: target, met: met})
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
