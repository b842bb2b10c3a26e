package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
	"github.com/shopspring/decimal"

	"partner.example/referrals/ent/database/databasetest"
)

// long tells whether faults may take minutes, as under make test-faults.
func long() bool { return os.Getenv("E2E_FAULTS") != "" }

// often is how much of something a test does, and how much where it may take minutes.
func often[T any](short, minutes T) T {
	if long() {
		return minutes
	}
	return short
}

// storm is sixteen clients that record, change settings, assign Referred By and bill, while everything breaks. Each
// sends a request again, in the same words, until it is answered.
type storm struct {
	*product
	listen string // the same through all restarts
	also   string // where another server listens, if there is one
	http   *http.Client

	referrers, referred []string // whom nobody reassigns, so that what they earn can be counted from outside
	roving              []string // each of which is one client's to assign
	calm                atomic.Bool

	requests, retries, replayed, faults atomic.Int64

	conversions, sold atomic.Int64 // acknowledged; of which revenue in thousandths
	assigned          atomic.Int64
	wandered          sync.Map // roving partner to the referrer that was acknowledged last
	rate              atomic.Int64
	through           atomic.Int64 // the last week that was billed
}

const (
	stormRecorders = 8
	stormAdjusters = 2
	stormRovers    = 3
	stormBillers   = 2 // and one who changes settings
	stormPatience  = 3 * time.Minute
)

func newStorm(p *product) *storm {
	s := &storm{product: p, listen: freeAddress(p.T), http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, Timeout: time.Minute}}
	p.At("2026-05-01 00:00")
	p.Global(tenPercent)
	for i := range 4 {
		ann := p.Active(fmt.Sprint("Ann ", i))
		p.billedWeekly(ann)
		s.referrers = append(s.referrers, ann)
		for j := range 3 {
			s.referred = append(s.referred, p.Active(fmt.Sprint("Bob ", i, j), ann))
		}
	}
	for i := range stormRovers {
		s.roving = append(s.roving, p.Active(fmt.Sprint("Rob ", i)))
	}
	p.As(tracker)
	p.Stop()
	p.clock = p.moment("2026-06-15 10:00")
	return s
}

// Start starts the server, where it was.
func (s *storm) Start() {
	s.Helper()
	s.server = launch(s.T, exec.Command(binary, "serve", "--database", s.database, "--listen", s.listen, "--clock", s.clock, "--no-billing", "--timeout", "5s"))
}

// acknowledged sends a request until it is answered by anything but that it cannot be answered now.
func (s *storm) acknowledged(by account, name string, variables vars, out any) problems {
	body, err := json.Marshal(vars{"query": operation(s.T, name), "operationName": name, "variables": variables})
	if err != nil {
		s.Error(err)
	}
	key := fmt.Sprintf("storm-%d", rand.Int64())
	began := time.Now()
	for try := 0; ; try++ {
		if s.requests.Add(1); try > 0 {
			s.retries.Add(1)
		}
		wrong, err := s.send(s.As(by).token, key, body, out)
		if err == nil && !strings.Contains(wrong.codes(), "UNAVAILABLE") {
			return wrong
		}
		if time.Since(began) > stormPatience || s.Failed() {
			s.Errorf("%s is not answered: %v, %s", name, err, wrong)
			return nil
		}
		time.Sleep(20*time.Millisecond + time.Duration(rand.Int64N(int64(200*time.Millisecond))))
	}
}

func (s *storm) send(token, key string, body []byte, out any) (problems, error) {
	listen := s.listen
	if s.also != "" && rand.IntN(2) == 0 {
		listen = s.also
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+listen+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Idempotency-Key", key)
	response, err := s.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Data   json.RawMessage
		Errors problems
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if response.Header.Get("Idempotency-Replayed") != "" {
		s.replayed.Add(1)
	}
	for _, wrong := range answer.Errors {
		s.fit(wrong)
	}
	if out != nil && answer.Errors == nil {
		return nil, json.Unmarshal(answer.Data, out)
	}
	return answer.Errors, nil
}

// Through has the clients at work while break breaks things, and then until each has its answer. Everything that was
// acknowledged must be there once, and nothing in part.
func (s *storm) Through(breakThings func()) {
	s.Helper()
	s.Start()
	s.Cleanup(func() {
		if s.Failed() {
			s.Logf("the last server's faults:\n%s", s.server.log.faults())
		}
	})
	var clients sync.WaitGroup
	for range stormRecorders {
		clients.Go(func() { s.untilCalm(func() { s.record(false) }) })
	}
	for range stormAdjusters {
		clients.Go(func() { s.untilCalm(func() { s.record(true) }) })
	}
	for i := range stormRovers {
		clients.Go(func() { s.untilCalm(func() { s.rove(s.roving[i]) }) })
	}
	for range stormBillers {
		clients.Go(func() { s.untilCalm(s.bill) })
	}
	clients.Go(func() { s.untilCalm(s.change) })
	breakThings()
	s.calm.Store(true)
	clients.Wait()
	s.Logf("%d requests, %d faults, %d sent again, of which %d had been done", s.requests.Load(), s.faults.Load(), s.retries.Load(), s.replayed.Load())
	if !s.Failed() {
		s.count()
	}
	s.server.dead = true // what its log tells of faults was asked for; what it tells of people was not
	_ = s.server.stop()
	if found := private.FindString(s.server.log.String()); found != "" {
		s.Errorf("the server's log has %q:\n%s", found, s.server.log.String())
	}
	if strings.Contains(s.server.log.String(), "panic") {
		s.Errorf("the server panicked:\n%s", s.server.log.String())
	}
}

func (s *storm) untilCalm(work func()) {
	for !s.calm.Load() && !s.Failed() {
		work()
	}
}

func (s *storm) record(andAdjust bool) {
	const size = 10
	rows, value := make([]vars, size), int64(0)
	for i := range rows {
		amount := 2 * rand.Int64N(50_000)
		when := time.Date(2026, time.May, 2+rand.IntN(29), 12, 0, 0, 0, s.zone)
		rows[i] = s.conversion(s.newID(), pick(rand.New(rand.NewPCG(rand.Uint64(), 1)), s.referred), when.Format(time.RFC3339), "0", decimal.New(amount, -3).String())
		value += amount
	}
	var answer struct{ RecordConversions recorded }
	if wrong := s.acknowledged(tracker, "RecordConversions", vars{"conversions": rows}, &answer); wrong != nil || s.Failed() {
		s.Errorf("record: %s", wrong)
		return
	}
	if got := answer.RecordConversions; got != (recorded{Recorded: size}) && got != (recorded{Duplicates: size}) {
		s.Errorf("a part of a call was recorded: %+v", got)
	}
	s.conversions.Add(size)
	s.sold.Add(value)
	if !andAdjust {
		return
	}
	first := fact{sent: rows[0]}
	back := s.adjustment(s.newID(), rows[0]["externalId"].(string), "2026-05-31 23:00", "0", half(first, "payout"))
	if wrong := s.acknowledged(tracker, "RecordAdjustments", vars{"adjustments": []vars{back}}, nil); wrong != nil || s.Failed() {
		s.Errorf("adjust: %s", wrong)
		return
	}
	s.conversions.Add(1)
	s.sold.Add(decimal.RequireFromString(back["payout"].(string)).Shift(3).IntPart())
}

// rove moves a partner from the referrer that it has to another one.
func (s *storm) rove(partner string) {
	now, _ := s.wandered.Load(partner)
	next := s.referrers[0]
	if now == next {
		next = s.referrers[1]
	}
	if wrong := s.acknowledged(admin, "AssignReferredBy", vars{"input": vars{"partner": partner, "referrer": next}}, nil); wrong != nil {
		s.Errorf("assign: %s", wrong)
		return
	}
	s.assigned.Add(1)
	s.wandered.Store(partner, next)
}

func (s *storm) change() {
	var now struct {
		Network struct{ ReferralSettings struct{ Version int } }
	}
	if wrong := s.acknowledged(admin, "ReferralSettings", nil, &now); wrong != nil {
		s.Errorf("read the settings: %s", wrong)
		return
	}
	rate := 1 + (s.rate.Load()+1)%50
	wrong := s.acknowledged(admin, "UpdateReferralSettings", vars{"input": vars{
		"version": now.Network.ReferralSettings.Version, "enabled": true, "structure": percent(strconv.FormatInt(rate, 10), "PAYOUT"),
	}}, nil)
	if wrong != nil {
		s.Errorf("change the settings: %s", wrong)
		return
	}
	s.rate.Store(rate)
}

func (s *storm) bill() {
	sunday := time.Date(2026, time.May, 3, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 7*int(s.through.Add(1)%4))
	if wrong := s.acknowledged(admin, "RunBilling", vars{"through": sunday.Format(time.DateOnly)}, nil); wrong != nil {
		s.Errorf("bill: %s", wrong)
	}
}

// count holds what is there against what was acknowledged.
func (s *storm) count() {
	s.Helper()
	if verified := s.Verify(); verified != strconv.FormatInt(s.conversions.Load(), 10) {
		s.Errorf("%d rows were acknowledged, %s are there", s.conversions.Load(), verified)
	}
	s.As(admin).must("RunBilling", vars{"through": "2026-05-31"}, nil)
	invoices := s.invoices()
	s.holdTogether(invoices)
	rows, totals := s.Report("2026-05-01", "2026-05-31", nil)
	counts := decimal.Zero
	for _, row := range rows {
		counts = counts.Add(row.BasisAmount)
	}
	if want := decimal.New(s.sold.Load(), -3); !counts.Equal(want) {
		s.Errorf("%s was sold and acknowledged, and %s counts", want, counts)
	}
	for _, partner := range s.roving {
		want, _ := s.wandered.Load(partner)
		if now := s.Partner(partner).ReferredBy; want != nil && (now == nil || now.ID != want) {
			s.Errorf("the referrer of %s is %v; %v was acknowledged last", partner, now, want)
		}
	}
	referrals := int64(0)
	for _, referrer := range s.referrers {
		var answer struct {
			Network struct {
				Partner struct{ ReferralsMade struct{ TotalCount int64 } }
			}
		}
		s.As(admin).must(`query ($id: ID!) { network { partner(id: $id) { referralsMade(first: 1) { totalCount } } } }`, vars{"id": referrer}, &answer)
		referrals += answer.Network.Partner.ReferralsMade.TotalCount
	}
	if want := s.assigned.Load() + int64(len(s.referred)); referrals != want {
		s.Errorf("%d referrals are there, %d were acknowledged", referrals, want)
	}
	var settings struct {
		Network struct {
			ReferralSettings struct{ Structure struct{ Summary string } }
		}
	}
	s.As(admin).must(`{ network { referralSettings { structure { summary } } } }`, nil, &settings)
	if want := fmt.Sprintf("%d%% of payout", s.rate.Load()); s.rate.Load() > 0 && settings.Network.ReferralSettings.Structure.Summary != want {
		s.Errorf("the Global Setting is %q; %q was acknowledged last", settings.Network.ReferralSettings.Structure.Summary, want)
	}
	s.Logf("%d conversions and adjustments, %d assignments, %d invoices, Billed %s", s.conversions.Load(), s.assigned.Load(), len(invoices), totals.Billed)
}

// fault counts what was broken.
func (s *storm) fault(what func()) {
	s.faults.Add(1)
	what()
}

func between(least, most time.Duration) time.Duration {
	return least + time.Duration(rand.Int64N(int64(most-least)))
}

// TestFaults_serverKilled kills the server at random moments of recording, changes of settings, assignments and billing.
func TestFaults_serverKilled(t *testing.T) {
	onEachEngine(t, func(p *product) {
		s := newStorm(p)
		s.Through(func() {
			for range often(3, 60) {
				time.Sleep(between(200*time.Millisecond, 1200*time.Millisecond))
				s.fault(func() {
					s.server.kill()
					s.Start()
				})
			}
			time.Sleep(time.Second)
		})
	})
}

// behindProxy is a storm over a MariaDB server of its own, between which and the product a proxy stands.
func behindProxy(t *testing.T) (*storm, *databasetest.Server, *toxiproxy.Proxy) {
	t.Helper()
	t.Parallel()
	p, mariadb := ownServer(t)
	silent := zerolog.Nop()
	proxy := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), silent), "database", "127.0.0.1:0", mariadb.At().Host)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	direct, err := url.Parse(p.database)
	if err != nil {
		t.Fatal(err)
	}
	through := *direct
	through.Host = proxy.Listen
	s := newStorm(p)
	s.database = through.String()
	return s, mariadb, proxy
}

// TestFaults_databaseLost kills the database, cuts its connections and keeps them cut, resets them one by one, and
// stops it in the middle of whatever it does.
func TestFaults_databaseLost(t *testing.T) {
	s, mariadb, proxy := behindProxy(t)
	s.Through(func() {
		for range often(1, 3) {
			time.Sleep(between(time.Second, 2*time.Second))
			s.fault(func() {
				mariadb.Kill()
				time.Sleep(often(300*time.Millisecond, 3*time.Second))
				if err := mariadb.Start(); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Second)
		s.fault(func() {
			proxy.Stop()
			time.Sleep(often(time.Second, 40*time.Second))
			if err := proxy.Start(); err != nil {
				t.Error(err)
			}
		})
		for range often(2, 40) {
			time.Sleep(between(100*time.Millisecond, time.Second))
			s.fault(func() { // every connection breaks, and the next one is taken at once
				proxy.Stop()
				if err := proxy.Start(); err != nil {
					t.Error(err)
				}
			})
		}
		for range often(1, 3) {
			time.Sleep(time.Second)
			s.fault(func() {
				if err := mariadb.Pause(); err != nil {
					t.Error(err)
				}
				time.Sleep(often(2*time.Second, 15*time.Second))
				if err := mariadb.Resume(); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Second)
	})
}

// lostCommit cuts a connection behind a COMMIT: the server does it, and the answer is lost.
type lostCommit struct {
	Every int64 `json:"every"` // of so many commits one is lost
}

var commits, lostCommits atomic.Int64

// Pipe passes everything on, up to a commit that is to be lost.
func (l *lostCommit) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			stub.Output <- chunk
			if bytes.Contains(chunk.Data, []byte("\x03COMMIT")) && commits.Add(1)%l.Every == 0 {
				lostCommits.Add(1)
				stub.Close()
				return
			}
		}
	}
}

func init() { toxics.Register("lost_commit", new(lostCommit)) } //nolint:gochecknoinits // toxiproxy knows toxics by name

// TestFaults_commitAnswerLost loses the answers to commits: what they did is there, once, and so is what comes of
// sending the request again.
func TestFaults_commitAnswerLost(t *testing.T) {
	s, _, proxy := behindProxy(t)
	s.Through(func() {
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(`{"type": "lost_commit", "stream": "upstream", "attributes": {"every": 7}}`)); err != nil {
			t.Error(err)
		}
		time.Sleep(often(3*time.Second, time.Minute))
		if err := proxy.Toxics.RemoveToxic(context.Background(), "lost_commit_upstream"); err != nil {
			t.Error(err)
		}
		s.faults.Add(lostCommits.Load())
	})
	if lostCommits.Load() == 0 {
		t.Error("no answer was lost")
	}
	if s.replayed.Load() == 0 {
		t.Error("no lost commit was found to be done")
	}
}

// TestFaults_fullDisk has SQLite on a disk that is full: what does not fit is refused and undone, and when there is room
// again the server goes on.
func TestFaults_fullDisk(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		databasetest.Skip(t)
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=3m"); err != nil {
		t.Log(err) // in a container root may not either
		databasetest.Skip(t)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	p := &product{T: t, database: "sqlite:" + filepath.Join(disk, "referrals.db"), zone: time.UTC, clock: "2026-05-01T00:00:00Z", tokens: map[account]string{}}
	p.network = p.NewNetwork("Acme", "USD", "UTC")
	p.At("2026-05-01 00:00")
	p.Global(tenPercent)
	bob := p.Active("Bob", p.Active("Ann"))
	tracking := p.As(tracker)
	p.At("2026-06-01 00:00")
	const size = 50
	acknowledged, refused, requests := 0, 0, 0
	var unsure [][]vars
	record := func() bool {
		batch := make([]vars, size)
		for i := range batch {
			batch[i] = p.conversion(p.newID(), bob, "2026-05-02 12:00", "10", "1")
		}
		requests++
		wrong := tracking.Do("RecordConversions", vars{"conversions": batch}, nil)
		switch wrong.codes() {
		case "":
			acknowledged += size
			return true
		case "UNAVAILABLE":
			unsure = append(unsure, batch)
			refused++
		default:
			t.Fatalf("on a full disk: %s", wrong)
		}
		return false
	}
	for fits := true; fits && requests < 1000; {
		fits = record()
	}
	for range 5 { // it stays full, and the server answers
		record()
		tracking.must("Viewer", nil, nil)
	}
	if refused == 0 {
		t.Fatal("the disk did not fill up")
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if !record() {
			t.Error("there is room again, and recording is refused")
		}
	}
	p.server.dead = true // its log tells that the disk was full
	if err := p.server.stop(); err != nil {
		t.Error(err)
	}
	if verified := p.Verify(); verified != strconv.Itoa(acknowledged) {
		t.Errorf("%d conversions were acknowledged, %s are there", acknowledged, verified)
	}
	p.At("2026-06-01 00:00")
	for _, batch := range unsure {
		if got := p.Record(batch...); got != (recorded{Recorded: size}) {
			t.Errorf("of what was refused a part is there: %+v", got)
		}
	}
	p.Stop()
	p.Verify()
	t.Logf("%d requests, %d of them on a full disk", requests, refused)
}
