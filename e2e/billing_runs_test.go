package e2e_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // looks behind the product's back
	"github.com/shopspring/decimal"

	"partner.example/referrals/ent/database/databasetest"
)

// fleet is three servers of the product on one database server, or on a cluster, where each begins with another node.
type fleet struct {
	*product
	servers [3]atomic.Pointer[product] // the product, as it is reached by each of them
	close   bool                       // all begin with the same node
}

func onAFleet(t *testing.T, test func(f *fleet)) {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	f := &fleet{product: &product{T: t, database: databasetest.MySQL(t), zone: zone, clock: "2020-01-01T00:00:00Z", tokens: map[account]string{}}}
	f.Command("migrate")
	f.network = f.NewNetwork("Acme", "USD", zone.String())
	t.Cleanup(func() {
		for i := range f.servers {
			if s := f.servers[i].Load(); s != nil {
				s.Stop()
			}
		}
		if !t.Failed() {
			f.Verify()
		}
	})
	test(f)
}

// Start starts one of the servers, where it is that time. Without flags it does not bill by itself.
func (f *fleet) Start(i int, moment string, flags ...string) {
	f.Helper()
	f.clock = f.moment(moment)
	node := i
	if f.close {
		node = 0
	}
	f.servers[i].Store(&product{
		T: f.T, database: f.database, network: f.network, zone: f.zone, clock: f.clock,
		tokens: map[account]string{}, server: start(f.T, databasetest.From(node, f.database), f.clock, flags...),
	})
	f.server = f.servers[i].Load().server
}

// by is the client of an account at one of the servers.
func (f *fleet) by(i int, a account) client {
	token := f.As(a).token
	return client{product: f.servers[i].Load(), token: token}
}

// attempt sends an operation to a server that may be gone before it answers, and again where it is too busy.
func (c client) attempt(name string, variables vars) (problems, error) {
	c.Helper()
	body, err := json.Marshal(vars{"query": operation(c.T, name), "operationName": name, "variables": variables})
	if err != nil {
		return nil, err
	}
	const patience = 20
	for try := 1; ; try++ {
		_, wrong, err := c.Post(bytes.NewReader(body))
		if wrong.codes() != "UNAVAILABLE" || try == patience {
			return wrong, err
		}
		c.Logf("%s: %s", name, wrong)
	}
}

// made is an invoice, as the API lists it.
type made struct {
	Number   int
	Partner  struct{ ID string }
	From, To string
}

// invoices is all invoices of the network, the first first.
func (p *product) invoices() (all []made) {
	p.Helper()
	asked := vars{}
	for more := true; more; {
		var answer struct {
			Network struct {
				Invoices struct {
					PageInfo struct {
						HasNextPage bool
						EndCursor   *string
					}
					Nodes []made
				}
			}
		}
		p.As(admin).must(`query ($after: String) { network { invoices(first: 100, after: $after) {
			pageInfo { hasNextPage endCursor } nodes { number partner { id } from to }
		} } }`, asked, &answer)
		all = append(all, answer.Network.Invoices.Nodes...)
		more, asked["after"] = answer.Network.Invoices.PageInfo.HasNextPage, answer.Network.Invoices.PageInfo.EndCursor
	}
	slices.Reverse(all)
	return all
}

// holdTogether wants the invoices numbered from 1 without a gap, and no partner to have two for one day.
func (p *product) holdTogether(all []made) {
	p.Helper()
	days := map[string]string{} // through which a partner is invoiced
	for i, invoice := range all {
		if invoice.Number != i+1 {
			p.Fatalf("number %d comes after number %d", invoice.Number, i)
		}
		if last := days[invoice.Partner.ID]; invoice.From <= last {
			p.Errorf("invoice %d is from %s, and its partner has one to %s", invoice.Number, invoice.From, last)
		}
		days[invoice.Partner.ID] = invoice.To
	}
}

// rounds is how many weeks are billed, each with a kill where there are any: 4, or E2E_KILLS, of at most 24.
func rounds(t *testing.T) int {
	t.Helper()
	given := os.Getenv("E2E_KILLS")
	if given == "" {
		return 4
	}
	number, err := strconv.Atoi(given)
	if err != nil || number > 24 {
		t.Fatalf("E2E_KILLS=%s: %v; want 24 at most", given, err)
	}
	return number
}

// TestBilling_atOnce has ten billing runs at once on three servers, for one week after the other, while conversions of
// all weeks come in [I3, I4].
func TestBilling_atOnce(t *testing.T) {
	if cut := billAtOnce(t, func(*fleet) {}); cut != 0 {
		t.Errorf("%d runs were cut off", cut)
	}
}

// TestBilling_whileServersAreKilled is the same while in each week a server is killed, at a random moment, and another
// one takes its place; at the end the run is repeated.
func TestBilling_whileServersAreKilled(t *testing.T) {
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	cut := billAtOnce(t, func(f *fleet) {
		time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
		i := random.IntN(len(f.servers))
		f.servers[i].Load().Kill()
		f.Start(i, f.clock)
	})
	t.Logf("%d runs were cut off", cut)
}

// billAtOnce tells how many runs had no answer.
func billAtOnce(t *testing.T, disturb func(f *fleet)) (cut int) {
	t.Helper()
	onAFleet(t, func(f *fleet) {
		f.Start(0, "2026-01-01 10:00")
		f.Global(tenPercent)
		var partners, referred []string
		for i := range 8 {
			ann := f.Active(fmt.Sprint("Ann ", i))
			partners = append(partners, ann)
			f.billedWeekly(ann)
			for j := range 3 {
				bob := f.Active(fmt.Sprint("Bob ", i, j), ann)
				f.billedWeekly(bob)
				partners, referred = append(partners, bob), append(referred, bob)
			}
		}
		f.servers[0].Load().Stop()
		for i := range f.servers {
			f.Start(i, "2026-07-01 10:00")
		}
		f.As(admin)
		f.As(tracker) // before there is a crowd

		var stop atomic.Bool
		var recorders sync.WaitGroup
		var sold atomic.Int64 // in thousandths, by referred partners, and acknowledged
		for i := range 3 {
			recorders.Go(func() {
				random := rand.New(rand.NewPCG(uint64(i), 3))
				for !stop.Load() {
					rows, value := make([]vars, 20), int64(0)
					for n := range rows {
						amount := random.Int64N(100_000)
						when := time.Date(2026, time.January, 5+random.IntN(7*rounds(t)), 12, 0, 0, 0, f.zone)
						rows[n] = f.conversion(f.newID(), pick(random, referred), when.Format(time.RFC3339), "0", decimal.New(amount, -3).String())
						value += amount
					}
					for again := true; again; { // until some server says that it has them
						wrong, err := f.by(random.IntN(len(f.servers)), tracker).attempt("RecordConversions", vars{"conversions": rows})
						if again = err != nil; wrong != nil {
							f.Errorf("record: %s", wrong)
						}
					}
					sold.Add(value)
				}
			})
		}
		var unanswered atomic.Int64
		through := time.Date(2026, time.January, 4, 0, 0, 0, 0, time.UTC) // a Sunday
		for range rounds(t) {
			through = through.AddDate(0, 0, 7)
			var runs sync.WaitGroup
			for i := range 10 {
				runs.Go(func() {
					wrong, err := f.by(i%len(f.servers), admin).attempt("RunBilling", vars{"through": through.Format(time.DateOnly)})
					if wrong != nil {
						f.Errorf("bill: %s", wrong)
					}
					if err != nil {
						unanswered.Add(1)
					}
				})
			}
			disturb(f)
			runs.Wait()
		}
		cut = int(unanswered.Load())
		stop.Store(true)
		recorders.Wait()
		for range 2 { // the run is repeated, and then there is nothing left to do
			f.by(0, admin).must("RunBilling", vars{"through": through.Format(time.DateOnly)}, nil)
		}
		all := f.invoices()
		f.holdTogether(all)
		if len(all) < len(partners) {
			f.Errorf("%d invoices for %d partners", len(all), len(partners))
		}
		f.Verify() // every accrual is on one line at most, and every line pays what it holds
		rows, totals := f.Report("2026-01-01", "2026-06-30", nil)
		counts := decimal.Zero
		for _, row := range rows {
			counts = counts.Add(row.BasisAmount)
		}
		if want := decimal.New(sold.Load(), -3); !counts.Equal(want) {
			f.Errorf("%s was sold and acknowledged, and %s counts", want, counts)
		}
		f.Logf("%d invoices, Billed %s of %s", len(all), totals.Billed, totals.Balance)
	})
	return cut
}

// billedWeekly has a partner invoiced for each week.
func (p *product) billedWeekly(id string) {
	p.Helper()
	p.As(admin).must("UpdatePartner", vars{"input": vars{"id": id, "version": p.Partner(id).Version, "billing": vars{"frequency": "WEEKLY"}}}, nil)
}

// TestBilling_byItself has three servers live through midnight. The one that began billing is killed in the middle of
// it; another one goes on, and the invoices are there once.
func TestBilling_byItself(t *testing.T) {
	onAFleet(t, func(f *fleet) {
		f.Start(0, "2026-06-30 12:00")
		f.Global(tenPercent)
		ann := f.Active("Ann")
		const many = 12
		for i := range many {
			f.Converts(f.Active(fmt.Sprint("Bob ", i), ann), "2026-06-30 12:04", "100") // a little ahead of the clock
		}
		f.As(admin)
		f.servers[0].Load().Stop()
		behind := f.behind()
		f.close = true         // a lock holds up those at its node, and others lose to it when they commit
		gate := f.shut(behind) // until one is in the middle of it
		names := map[string]int{}
		for i, moment := range []string{"2026-06-30 23:59:57", "2026-06-30 23:59:58", "2026-06-30 23:59:56"} { // their clocks differ
			f.Start(i, moment, "--no-billing=false", "--billing-every", "200ms")
			log := f.server.log
			f.eventually("it names itself", func() bool { return named.MatchString(log.String()) })
			names[named.FindStringSubmatch(log.String())[1]] = i
		}
		var busy string
		f.eventually("one begins", func() bool {
			f.ask(behind, "SELECT billing_by FROM network", &busy)
			return busy != ""
		})
		killed, known := names[busy]
		if !known {
			f.Fatalf("%q is at it; the servers are %v", busy, names)
		}
		f.servers[killed].Load().Kill()
		if err := gate.Rollback(); err != nil {
			f.Fatal(err)
		}
		f.server = f.servers[(killed+1)%len(f.servers)].Load().server
		f.eventually("the month is billed", func() bool {
			var through, by string
			f.ask(behind, "SELECT COALESCE(billed_through, 0) FROM network", &through)
			f.ask(behind, "SELECT billing_by FROM network", &by)
			return by == "" && through == "20634" // 2026-06-30
		})
		all := f.invoices()
		f.holdTogether(all)
		if len(all) != many+1 {
			f.Errorf("%d invoices were made; want %d", len(all), many+1)
		}
		billed, heirs := 0, 0
		for i := range f.servers {
			said := f.servers[i].Load().server.log.String()
			billed += strings.Count(said, "msg=billed network="+f.network+" through=2026-06-30")
			heirs += strings.Count(said, "taken_over_from="+busy)
		}
		if billed != 1 || heirs == 0 {
			f.Errorf("the servers tell %d times that they billed, and %d times that they took over", billed, heirs)
		}
		var answer struct {
			Network struct {
				AuditLog struct {
					Nodes []struct {
						Action string
						Actor  struct {
							Name string
							Role *string
						}
					}
				}
			}
		}
		f.As(admin).must(`{ network { auditLog(first: 1) { nodes { action actor { name role } } } } }`, nil, &answer)
		if shown := fmt.Sprint(answer.Network.AuditLog.Nodes); shown != "[{runBilling {scheduled billing <nil>}}]" {
			f.Errorf("the audit log shows %s", shown)
		}
	})
}

// named is how a server that bills by itself names itself.
var named = regexp.MustCompile(`msg="billing runs by itself" server=(\S+)`)

// eventually waits until something is so.
func (p *product) eventually(what string, is func() bool) {
	p.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatalf("not in a minute: %s", what)
		}
	}
}

// behind is the database itself.
func (f *fleet) behind() *sql.DB {
	f.Helper()
	at := databasetest.Node(f.T, f.database)
	password, _ := at.User.Password()
	db, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(%s)%s", at.User.Username(), password, at.Host, at.Path))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	return db
}

func (f *fleet) ask(db *sql.DB, query string, answer any) {
	f.Helper()
	if err := db.QueryRow(query).Scan(answer); err != nil {
		f.Fatal(err)
	}
}

// shut holds the gate, so that who comes to it waits there.
func (f *fleet) shut(db *sql.DB) *sql.Tx {
	f.Helper()
	gate, err := db.Begin()
	if err != nil {
		f.Fatal(err)
	}
	if _, err := gate.Exec("UPDATE gate SET passes = passes + 1"); err != nil {
		f.Fatal(err)
	}
	return gate
}
