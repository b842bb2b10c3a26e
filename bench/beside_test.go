package bench

import (
	"bytes"
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"partner.example/referrals/ent/database"
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
}

var workloads []*measured

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
	found := map[string]*measured{}
	alone, closed, p50s := map[string][]time.Duration{}, map[string][]float64{}, map[string][]time.Duration{}
	latencies := map[string][]time.Duration{}
	names := make([]string, 0, len(all)+1)
	for _, s := range all {
		names = append(names, s.name)
	}
	if p.byHand != nil {
		names = append(names, byHandInGo)
	}
	for _, name := range names {
		found[name] = &measured{workload: p.name, subject: name, unit: "requests/s"}
		workloads = append(workloads, found[name])
	}
	begins := map[string][]byte{}
	once := func(s subject) time.Duration {
		return took(func() {
			answer, err := s.send(p.token, p.body)
			if err != nil {
				b.Fatalf("%s: %v", s.name, err)
			}
			begins[s.name] = bytes.Clone(answer[:min(len(answer), 100)])
		})
	}
	for _, s := range all { // warms up, which compilers that learn while they run need most
		once(s)
		load{token: p.token, bodies: [][]byte{p.body}, lasts: sizes.loaded() / 2, begins: begins[s.name]}.puts(b, s.url)
	}
	for range sizes.Rounds * sizes.Requests {
		for _, s := range all {
			alone[s.name] = append(alone[s.name], once(s))
		}
		if p.byHand != nil {
			alone[byHandInGo] = append(alone[byHandInGo], took(func() {
				if err := p.byHand(); err != nil {
					b.Fatal(err)
				}
			}))
		}
	}
	note := func(name string, o outcome) {
		closed[name] = append(closed[name], o.perSecond())
		p50s[name] = append(p50s[name], o.quantile(0.5))
		latencies[name] = append(latencies[name], o.latencies...)
	}
	for range sizes.Rounds {
		for _, s := range all {
			l := load{token: p.token, bodies: [][]byte{p.body}, lasts: sizes.loaded(), begins: begins[s.name]}
			before := spending(b, bare, s.pids)
			o := l.puts(b, s.url)
			found[s.name].costs(spending(b, bare, s.pids).since(before), o.requests)
			note(s.name, o)
			found[s.name].memory = max(found[s.name].memory, s.memory(b))
		}
		if p.byHand != nil {
			before := spending(b, bare, nil)
			o := inTurns(b, p.byHand)
			found[byHandInGo].costs(spending(b, bare, nil).since(before), o.requests)
			note(byHandInGo, o)
		}
	}
	for name, m := range found {
		m.alone, m.perSecond, m.p50 = median(alone[name]), median(closed[name]), median(p50s[name])
		slices.Sort(latencies[name])
		m.p99 = quantile(latencies[name], 0.99)
	}
	slowest := found[theProduct].perSecond
	for _, s := range all {
		slowest = min(slowest, found[s.name].perSecond)
	}
	open := map[string][]time.Duration{}
	for range sizes.Rounds {
		for _, s := range all {
			l := load{token: p.token, bodies: [][]byte{p.body}, lasts: sizes.loaded(), rate: slowest / 2, begins: begins[s.name]}
			open[s.name] = append(open[s.name], l.puts(b, s.url).latencies...)
		}
	}
	for _, s := range all {
		slices.Sort(open[s.name])
		found[s.name].openRate, found[s.name].openP99 = slowest/2, quantile(open[s.name], 0.99)
	}
	againstPeers(b, p.name, found)
	return found
}

// costs keeps what one of the requests took; the rounds are alike, and the last one counts.
func (m *measured) costs(used spent, requests int) {
	n := time.Duration(requests)
	m.each = spent{server: used.server / n, database: used.database / n}
	m.statements, m.rows = float64(used.statements)/float64(requests), float64(used.rows)/float64(requests)
}

// inTurns does work as often as it can, with as many hands as the load has connections.
func inTurns(b *testing.B, work func() error) outcome {
	b.Helper()
	var mutex sync.Mutex
	var done outcome
	var failed error
	var all sync.WaitGroup
	start := time.Now()
	for range sizes.Connections {
		all.Go(func() {
			for time.Since(start) < sizes.loaded() {
				var err error
				lasted := took(func() { err = work() })
				mutex.Lock()
				done.latencies, failed = append(done.latencies, lasted), cmp.Or(failed, err)
				mutex.Unlock()
			}
		})
	}
	all.Wait()
	if failed != nil {
		b.Fatal(failed)
	}
	slices.Sort(done.latencies)
	done.requests, done.took = len(done.latencies), time.Since(start)
	return done
}

// againstPeers holds the product against the best of its peers.
func againstPeers(b *testing.B, workload string, found map[string]*measured) {
	b.Helper()
	product := found[theProduct]
	var fastest, steadiest *measured
	for _, peer := range peers {
		m := found[peer.name]
		if fastest == nil || m.perSecond > fastest.perSecond {
			fastest = m
		}
		if steadiest == nil || m.tail() < steadiest.tail() {
			steadiest = m
		}
	}
	must(b, goal{
		what: workload + ": throughput", product: product.throughput(), against: fastest.throughput() + " of " + fastest.subject,
		reached: product.perSecond / fastest.perSecond, least: 1,
	})
	if sizes.small() { // so few requests have no hundredth that means anything
		return
	}
	must(b, goal{
		what: workload + ": p99", product: inMillis(product.tail()), against: inMillis(steadiest.tail()) + " of " + steadiest.subject,
		reached: product.tail().Seconds() / steadiest.tail().Seconds(), most: 1,
	})
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

// BenchmarkPages measures what the portals show.
func BenchmarkPages(b *testing.B) {
	location := newDatabase(b, "pages")
	bare := connect(b, location)
	bare.SetMaxIdleConns(sizes.Connections + 1)
	network := newTraded(b, location, sizes.Referrals, sizes.Conversions)
	more := newTraded(b, location, sizes.Referrals, sizes.Conversions)
	run(b, "verify", "--database", location)
	more.multiply(b, bare, sizes.Times)
	var large *traded
	if sizes.Many > 0 {
		large = newTraded(b, location, sizes.Many, sizes.Conversions)
	}
	analyze(b, bare)
	all := subjects(b, location)

	report := func(n *traded, days [2]string) page {
		return page{
			token: n.admin, byHand: reportByHand(b, bare, 0, n.network, days, "a.balance DESC"),
			body: request(b, operation(b, "network-portal", "ReferralReport"), map[string]any{
				"from": days[0], "to": days[1], "first": pageSize, "orderBy": map[string]any{"field": "BALANCE", "direction": "DESC"},
			}),
		}
	}
	referrals, conversions := counted(sizes.Referrals)+" referrals", counted(sizes.Conversions)+" conversions in the year"
	named := func(p page, format string, of ...any) page {
		p.name = fmt.Sprintf(format, of...)
		return p
	}
	month := beside(b, bare, all, named(report(network, latestMonth), "report, a month, %s, %s", referrals, conversions))
	ofTheProduct, hand := month[theProduct], month[byHandInGo]
	must(b, goal{
		what: ofTheProduct.workload, product: inMillis(ofTheProduct.alone), against: inMillis(hand.alone) + " " + byHandInGo,
		reached: ofTheProduct.alone.Seconds() / hand.alone.Seconds(), most: 1.3,
	})
	year := beside(b, bare, all, named(report(network, wholeYear), "report, a year, %s, %s", referrals, conversions))[theProduct]
	must(b, goal{
		what: "report, a year against a month", product: inMillis(year.alone), against: inMillis(ofTheProduct.alone) + " a month",
		reached: year.alone.Seconds() / ofTheProduct.alone.Seconds(), most: 2,
	})
	times := onlyProduct(b, all[0], report(network, latestMonth), report(more, latestMonth))
	must(b, goal{
		what: fmt.Sprintf("report, a month, %d x the conversions on the same days", sizes.Times), product: inMillis(times[1]), against: inMillis(times[0]) + " with 1 x",
		reached: times[1].Seconds() / times[0].Seconds(), most: 1.1,
	})
	if large != nil {
		for _, days := range [][2]string{latestMonth, wholeYear} {
			word := map[bool]string{true: "month", false: "year"}[days == latestMonth]
			of := beside(b, bare, all, named(report(large, days), "report, a %s, %s referrals, %s", word, counted(sizes.Many), conversions))[theProduct]
			must(b, goal{
				what: of.workload + ", totals and sort, p50", product: inMillis(of.alone), reached: of.alone.Seconds() * 1000, most: 400, unit: "ms",
			})
		}
	}
	own := beside(b, bare, all, page{
		name: "partner portal, own report of a month", token: network.partner,
		byHand: reportByHand(b, bare, network.partnerRow, 0, latestMonth, "a.referred_date DESC"),
		body:   request(b, operation(b, "partner-portal", "MyReferralReport"), map[string]any{"from": latestMonth[0], "to": latestMonth[1], "first": pageSize}),
	})
	must(b, goal{
		what: own[theProduct].workload, product: inMillis(own[theProduct].alone), against: inMillis(own[byHandInGo].alone) + " " + byHandInGo,
		reached: own[theProduct].alone.Seconds() / own[byHandInGo].alone.Seconds(), most: 1.5,
	})
	beside(b, bare, all, page{
		name: "partner portal, account", token: network.partner, byHand: accountByHand(b, bare, network.partnerRow),
		body: request(b, operation(b, "partner-portal", "MyAccount"), nil),
	})
	beside(b, bare, all, page{
		name: "partners, with Referred By and counts", token: network.admin, byHand: partnersByHand(b, bare, network.network),
		body: request(b, operation(b, "network-portal", "Partners"), map[string]any{"first": pageSize}),
	})
	beside(b, bare, all, page{name: "{ __typename }", body: request(b, "{ __typename }", nil)})
	memory(b, all)
}

// onlyProduct is the median of requests to the product one after the other, of each of some pages, in turns.
func onlyProduct(b *testing.B, product subject, pages ...page) []time.Duration {
	b.Helper()
	each := make([][]time.Duration, len(pages))
	for round := range sizes.Rounds*sizes.Requests + 2 {
		for i, p := range pages {
			lasted := took(func() {
				if _, err := product.send(p.token, p.body); err != nil {
					b.Fatal(err)
				}
			})
			if round >= 2 {
				each[i] = append(each[i], lasted)
			}
		}
	}
	medians := make([]time.Duration, len(pages))
	for i := range each {
		medians[i] = median(each[i])
	}
	return medians
}

// memory holds what the product keeps in memory, after all the load, against the smallest of its peers.
func memory(b *testing.B, all []subject) {
	b.Helper()
	product, smallest := all[0].memory(b), all[1]
	for _, peer := range all[2:] {
		if peer.memory(b) < smallest.memory(b) {
			smallest = peer
		}
	}
	must(b, goal{
		what: "memory after all of these", product: inMegabytes(product), against: fmt.Sprintf("%s of %s", inMegabytes(smallest.memory(b)), smallest.name),
		reached: float64(product) / float64(smallest.memory(b)), most: 0.25,
	})
}

// BenchmarkTracker measures recording of all subjects, in turns, and bare INSERTs of the same rows with them.
func BenchmarkTracker(b *testing.B) {
	const partners = 2_000
	location := newDatabase(b, "tracker")
	bare := connect(b, location)
	network := newTraded(b, location, partners, 0)
	newDatabase(b, "bare")
	execute(b, bare, "CREATE TABLE bare.conversion LIKE tracker.conversion")
	analyze(b, bare)
	all := subjects(b, location)
	batches := []int{1, 100, 1_000, 10_000}
	if sizes.small() {
		batches = []int{1_000}
	}
	document := operation(b, "tracker", "RecordConversions")
	number := 0
	for _, rows := range batches {
		name := fmt.Sprintf("recording, %s a call", counted(rows))
		requests := min(max(sizes.RecordedRows/rows, 2*sizes.Connections), sizes.RecordedRows/20)
		found := map[string]*measured{}
		throughput, p50s, latencies := map[string][]float64{}, map[string][]time.Duration{}, map[string][]time.Duration{}
		calls := func(n int) (bodies [][]byte, conversions [][]conversion) {
			for range n {
				number++
				made := network.record(number, rows, time.Now())
				conversions = append(conversions, made)
				bodies = append(bodies, request(b, document, map[string]any{"conversions": made}))
			}
			return bodies, conversions
		}
		begins := fmt.Appendf(nil, `{"data":{"recordConversions":{"recorded":%d,"duplicates":0}}`, rows)
		puts := func(s subject, requests int) outcome {
			bodies, _ := calls(requests)
			return load{token: network.tracker, bodies: bodies, once: true, begins: begins}.puts(b, s.url)
		}
		insert := insertByHand(network.network, rows)
		inserts := func(requests int) outcome {
			_, conversions := calls(requests)
			return insert.all(b, bare, conversions)
		}
		for _, s := range all {
			puts(s, sizes.Connections) // warms up
			found[s.name] = &measured{workload: name, subject: s.name, unit: "rows/s"}
			workloads = append(workloads, found[s.name])
		}
		inserts(sizes.Connections)
		found[byHandInGo] = &measured{workload: name, subject: byHandInGo, unit: "rows/s"}
		workloads = append(workloads, found[byHandInGo])
		note := func(name string, o outcome, used spent) {
			throughput[name] = append(throughput[name], float64(o.requests*rows)/o.took.Seconds())
			p50s[name] = append(p50s[name], o.quantile(0.5))
			latencies[name] = append(latencies[name], o.latencies...)
			found[name].costs(used, o.requests)
		}
		for range sizes.Rounds {
			for _, s := range all {
				before := spending(b, bare, s.pids)
				o := puts(s, requests)
				note(s.name, o, spending(b, bare, s.pids).since(before))
				found[s.name].memory = max(found[s.name].memory, s.memory(b))
			}
			before := spending(b, bare, nil)
			o := inserts(requests)
			note(byHandInGo, o, spending(b, bare, nil).since(before))
		}
		for name, m := range found {
			m.perSecond, m.p50 = median(throughput[name]), median(p50s[name])
			slices.Sort(latencies[name])
			m.p99 = quantile(latencies[name], 0.99)
		}
		if rows == 1_000 {
			var ratios []float64
			for i := range throughput[theProduct] {
				ratios = append(ratios, throughput[theProduct][i]/throughput[byHandInGo][i])
			}
			must(b, goal{
				what: name, product: found[theProduct].throughput(), against: found[byHandInGo].throughput() + " bare INSERT",
				reached: median(ratios), least: 0.7,
			})
		}
		againstPeers(b, name, found)
	}
	memory(b, all)
	run(b, "verify", "--database", location) // what the peers recorded, too
}

// multiRow is one INSERT of many rows into a bare table.
type multiRow string

func insertByHand(network, rows int) multiRow {
	row := fmt.Sprintf("(%d, %s)", network, database.Placeholders(9))
	return multiRow("INSERT INTO bare.conversion (network_id, external_id, occurred_at, recorded_at, revenue, payout, day, accrual_id, earning_day_id, partner_id, reason) VALUES " +
		strings.TrimSuffix(strings.Repeat(strings.TrimSuffix(row, ")")+", ''), ", rows), ", "))
}

// all inserts batches, each in a transaction of its own, with as many connections as the load has.
func (m multiRow) all(b *testing.B, bare *sql.DB, batches [][]conversion) outcome {
	b.Helper()
	values := make([][]any, len(batches))
	now := time.Now()
	for i, batch := range batches {
		for _, c := range batch {
			day := int(c.at.Unix() / 86400)
			id := c.partner*1000 + day%1000
			values[i] = append(values[i], c.ExternalID, c.at, now, c.revenue, c.payout, day, id, id, c.partner)
		}
	}
	latencies, failed := make([]time.Duration, len(values)), make([]error, len(values))
	next := make(chan int, len(values))
	for i := range values {
		next <- i
	}
	close(next)
	var hands sync.WaitGroup
	lasted := took(func() {
		for range sizes.Connections {
			hands.Go(func() {
				for i := range next {
					latencies[i] = took(func() { failed[i] = inTransaction(bare, string(m), values[i]) })
				}
			})
		}
		hands.Wait()
	})
	if err := errors.Join(failed...); err != nil {
		b.Fatal(err)
	}
	slices.Sort(latencies)
	return outcome{len(values), lasted, latencies}
}
