package bench

import (
	"bytes"
	"cmp"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// measured is one line of the table of workloads: what one subject did.
type measured struct {
	workload, subject string
	unit              string        // of the throughput
	alone             time.Duration // median of requests one after the other
	perSecond         float64       // with all connections, as fast as they can
	p50, p99          time.Duration // then
	openRate          float64       // requests a second, however long answers take
	openP99           time.Duration // then
	each              spent         // of one request, in the closed loop
	statements, rows  float64       // of one request
	memory            int64         // after it, kB

	rounds struct {
		alone, p50s, latencies, open []time.Duration
		throughput                   []float64
	}
}

var workloads []*measured

// lines begins a line in the table for each of the subjects, and tells which is whose.
func lines(workload, unit string, names ...string) map[string]*measured {
	of := map[string]*measured{}
	for _, name := range names {
		of[name] = &measured{workload: workload, subject: name, unit: unit}
		workloads = append(workloads, of[name])
	}
	return of
}

func namesOf(all []subject, more ...string) []string {
	names := make([]string, 0, len(all)+len(more))
	for _, s := range all {
		names = append(names, s.name)
	}
	return append(names, more...)
}

// round notes a round of the closed loop, in which each request was so many units.
func (m *measured) round(o outcome, units int, used spent) {
	m.rounds.throughput = append(m.rounds.throughput, float64(units)*o.perSecond())
	m.rounds.p50s = append(m.rounds.p50s, o.quantile(0.5))
	m.rounds.latencies = append(m.rounds.latencies, o.latencies...)
	m.costs(used, o.requests)
}

// costs keeps what one of the requests took; the rounds are alike, and the last one counts.
func (m *measured) costs(used spent, requests int) {
	n := time.Duration(requests)
	m.each = spent{server: used.server / n, database: used.database / n}
	m.statements, m.rows = float64(used.statements)/float64(requests), float64(used.rows)/float64(requests)
}

// settle makes of the rounds what stands in the table: medians, and of all latencies the 99th of a hundred.
func (m *measured) settle() {
	const rare = 0.99
	if len(m.rounds.alone) > 0 {
		m.alone = median(m.rounds.alone)
	}
	m.perSecond, m.p50 = median(m.rounds.throughput), median(m.rounds.p50s)
	slices.Sort(m.rounds.latencies)
	slices.Sort(m.rounds.open)
	m.p99, m.openP99 = quantile(m.rounds.latencies, rare), quantile(m.rounds.open, rare)
}

// tail is the 99th of a hundred latencies under the same load for all, where there was such a one.
func (m *measured) tail() time.Duration {
	if m.openRate > 0 {
		return m.openP99
	}
	return m.p99
}

func (m *measured) throughput() string {
	if m.perSecond >= 10_000 {
		return fmt.Sprintf("%.1f k %s", m.perSecond/1000, m.unit)
	}
	return fmt.Sprintf("%.4g %s", m.perSecond, m.unit)
}

// page is an operation that reads.
type page struct {
	name   string
	token  string
	body   []byte
	byHand func() error // nil: there is nothing to read
}

// beside measures an operation of all subjects in turns, and hand-written SQL with them.
func beside(b *testing.B, bare *sql.DB, all []subject, p page) map[string]*measured {
	b.Helper()
	for _, peer := range all[1:] {
		peer.asTheProduct(b, all[0], p.token, p.body)
	}
	names := namesOf(all)
	if p.byHand != nil {
		names = append(names, byHandInGo)
	}
	of := lines(p.name, "requests/s", names...)
	t := turns{page: p, all: all, of: of, loads: map[string]load{}}
	t.warmUp(b)
	t.alone(b)
	t.closed(b, bare)
	for _, m := range of {
		m.settle()
	}
	t.open(b)
	for _, m := range of {
		m.settle()
	}
	againstPeers(b, p.name, of)
	return of
}

// turns is the measurement of one page.
type turns struct {
	page
	all   []subject
	of    map[string]*measured
	loads map[string]load
}

// once sends the page to one subject, and gives the beginning of the answer.
func (t turns) once(b *testing.B, s subject) (lasted time.Duration, begins []byte) {
	b.Helper()
	var answer []byte
	var err error
	lasted = took(func() { answer, err = s.send(t.token, t.body) })
	if err != nil {
		b.Fatalf("%s: %v", s.name, err)
	}
	const enough = 100
	return lasted, bytes.Clone(answer[:min(len(answer), enough)])
}

// warmUp loads each for a while, which compilers that learn while they run need most.
func (t turns) warmUp(b *testing.B) {
	b.Helper()
	for _, s := range t.all {
		_, begins := t.once(b, s)
		t.loads[s.name] = load{token: t.token, bodies: [][]byte{t.body}, lasts: sizes.loaded(), begins: begins}
		t.loads[s.name].puts(b, s.url)
	}
}

// alone sends one request after the other, each to another subject: for as long as a round of load lasts, since what takes some
// milliseconds differs by as much.
func (t turns) alone(b *testing.B) {
	b.Helper()
	began := time.Now()
	for sent := 0; sent < sizes.Rounds*sizes.Requests || time.Since(began) < sizes.loaded(); sent++ {
		for _, s := range t.all {
			lasted, _ := t.once(b, s)
			t.of[s.name].rounds.alone = append(t.of[s.name].rounds.alone, lasted)
		}
		if t.byHand != nil {
			var err error
			hand := t.of[byHandInGo]
			hand.rounds.alone = append(hand.rounds.alone, took(func() { err = t.byHand() }))
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// closed loads one subject after the other, as fast as it can.
func (t turns) closed(b *testing.B, bare *sql.DB) {
	b.Helper()
	for range sizes.Rounds {
		for _, s := range t.all {
			m := t.of[s.name]
			before := spending(b, bare, s.pids)
			o := t.loads[s.name].puts(b, s.url)
			m.round(o, 1, spending(b, bare, s.pids).since(before))
			m.memory = max(m.memory, s.memory(b))
		}
		if t.byHand != nil {
			before := spending(b, bare, nil)
			o := asOften(b, t.byHand)
			t.of[byHandInGo].round(o, 1, spending(b, bare, nil).since(before))
		}
	}
}

// open loads them all alike: with half of what the slowest manages.
func (t turns) open(b *testing.B) {
	b.Helper()
	rate := t.of[theProduct].perSecond / 2
	for _, s := range t.all {
		rate = min(rate, t.of[s.name].perSecond/2)
	}
	for range sizes.Rounds {
		for _, s := range t.all {
			l, m := t.loads[s.name], t.of[s.name]
			l.rate, m.openRate = rate, rate
			m.rounds.open = append(m.rounds.open, l.puts(b, s.url).latencies...)
		}
	}
}

// asOften does work as often as it can, with as many hands as the load has connections.
func asOften(b *testing.B, work func() error) outcome {
	b.Helper()
	var mutex sync.Mutex
	var done outcome
	var failed error
	var hands sync.WaitGroup
	start := time.Now()
	for range sizes.Connections {
		hands.Go(func() {
			for time.Since(start) < sizes.loaded() {
				var err error
				lasted := took(func() { err = work() })
				mutex.Lock()
				done.latencies, failed = append(done.latencies, lasted), cmp.Or(failed, err)
				mutex.Unlock()
			}
		})
	}
	hands.Wait()
	if failed != nil {
		b.Fatal(failed)
	}
	slices.Sort(done.latencies)
	done.requests, done.took = len(done.latencies), time.Since(start)
	return done
}

// againstPeers holds the product against the best of its peers.
func againstPeers(b *testing.B, workload string, of map[string]*measured) {
	b.Helper()
	product := of[theProduct]
	fastest, steadiest := of[peers[0].name], of[peers[0].name]
	for _, peer := range peers[1:] {
		if m := of[peer.name]; m.perSecond > fastest.perSecond {
			fastest = m
		}
		if m := of[peer.name]; m.tail() < steadiest.tail() {
			steadiest = m
		}
	}
	must(b, goal{
		what: workload + ": throughput", product: product.throughput(), against: fastest.throughput() + " of " + fastest.subject,
		reached: product.perSecond / fastest.perSecond, least: 1,
	})
	must(b, goal{
		what: workload + ": p99", product: inMillis(product.tail()), against: inMillis(steadiest.tail()) + " of " + steadiest.subject,
		reached: product.tail().Seconds() / steadiest.tail().Seconds(), most: 1, large: true, // so few requests have no such hundredth
	})
}

// atRest is how long after all the load it is looked what all of them keep in memory: they give back what they needed for it,
// the product after two minutes at most.
const atRest = 125 * time.Second

// memory holds what the product keeps in memory, some time after all the load, against the smallest of its peers.
func memory(b *testing.B, workload string, all []subject) {
	b.Helper()
	if sizes.small() {
		return
	}
	time.Sleep(atRest)
	product, smallest := all[0].memory(b), all[1]
	for _, peer := range all[2:] {
		if peer.memory(b) < smallest.memory(b) {
			smallest = peer
		}
	}
	must(b, goal{
		what: "memory at rest, after " + workload, product: inMegabytes(product), against: fmt.Sprintf("%s of %s", inMegabytes(smallest.memory(b)), smallest.name),
		reached: float64(product) / float64(smallest.memory(b)), most: 0.25, large: true,
	})
}

// command runs one command of the product to its end and measures it: as a whole, and by what it went through.
func command(b *testing.B, bare *sql.DB, workload, unit string, units int, arguments ...string) *measured {
	b.Helper()
	if _, err := binary(); err != nil { // now, and not while the time counts
		b.Fatal(err)
	}
	before := spending(b, bare, nil)
	var it ended
	lasted := took(func() { it = ends(b, arguments...) })
	m := lines(workload, unit, theProduct)[theProduct]
	m.alone, m.perSecond, m.memory = lasted, float64(units)/lasted.Seconds(), it.peak
	m.costs(spending(b, bare, nil).since(before), 1)
	m.each.server = it.UserTime() + it.SystemTime()
	return m
}
