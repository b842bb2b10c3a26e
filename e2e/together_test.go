package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// clients is how many work at once.
const clients = 32

// crowd is many clients on one network, with what the server has acknowledged to them.
type crowd struct {
	*product
	referrers []string // these are never paused, so that what they earn can be counted from outside
	pausing   []string // these are
	referred  []string

	mu           sync.Mutex
	acknowledged []fact
	outcomes     map[string]int
}

// fact is a conversion or an adjustment that the server has acknowledged.
type fact struct {
	sent     vars
	original *fact // of an adjustment
}

func (f fact) amount(basis string) decimal.Decimal {
	return decimal.RequireFromString(f.sent[basis].(string))
}

// note counts what a client was told. What it is told must be an answer to what it asked.
func (c *crowd) note(did string, wrong problems, allowed ...string) bool {
	told := wrong.codes()
	ok := wrong == nil
	for _, code := range allowed {
		ok = ok || told == code
	}
	if !ok {
		c.Errorf("%s: %s", did, wrong)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcomes[did+" "+told]++
	return wrong == nil
}

// record sends a few conversions around the present moment, some of them ahead of it, and some twice.
func (c *crowd) record(client client, random *rand.Rand, now time.Time) {
	rows := make([]vars, 1+random.IntN(8))
	for i := range rows {
		at := now.Add(time.Duration(random.Int64N(int64(10*time.Minute))) - 6*time.Minute)
		rows[i] = c.conversion(c.newID(), pick(random, c.referred), at.Format(time.RFC3339Nano), decimal.New(random.Int64N(1_000_000), -4).String(), decimal.New(random.Int64N(100_000), -4).String())
	}
	if wrong := client.Do("RecordConversions", vars{"conversions": rows}, nil); !c.note("record", wrong) {
		return
	}
	facts := make([]fact, len(rows))
	for i, row := range rows {
		facts[i] = fact{sent: row}
	}
	c.acknowledge(facts...)
	switch random.IntN(4) {
	case 0:
		c.note("record again", client.Do("RecordConversions", vars{"conversions": rows}, nil))
	case 1: // takes back a half, on its own day
		sold := facts[0]
		back := c.adjustment(c.newID(), sold.sent["externalId"].(string), sold.sent["occurredAt"].(string), half(sold, "revenue"), half(sold, "payout"))
		if wrong := client.Do("RecordAdjustments", vars{"adjustments": []vars{back}}, nil); c.note("adjust", wrong) {
			c.acknowledge(fact{back, &sold})
		}
	}
}

func half(of fact, basis string) string {
	return of.amount(basis).Div(decimal.New(-2, 0)).Truncate(6).String()
}

func (c *crowd) acknowledge(facts ...fact) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acknowledged = append(c.acknowledged, facts...)
}

// change does one of all the things that open or close terms.
func (c *crowd) change(client client, random *rand.Rand) {
	partner, anybody := pick(random, c.referred), append(append([]string{}, c.referrers...), c.pausing...)
	rate := strconv.Itoa(1 + random.IntN(20))
	switch random.IntN(8) {
	case 0:
		referrer := pick(random, append(anybody, c.referred...)) // of whom many would make a circle
		c.note("assign", client.Do("AssignReferredBy", vars{"input": vars{"partner": partner, "referrer": referrer}}, nil), "FAILED_PRECONDITION referrer")
	case 1:
		c.note("remove", client.Do("RemoveReferredBy", vars{"input": vars{"partner": partner}}, nil))
	case 2:
		c.note("suspend", client.Do("SetPartnerStatus", vars{"id": pick(random, c.pausing), "status": "SUSPENDED"}, nil))
	case 3:
		c.note("approve", client.Do("ApprovePartner", vars{"id": pick(random, c.pausing)}, nil))
	case 4:
		c.note("settings", client.Do("UpdateReferralSettings", vars{"input": vars{
			"version": c.settingsVersion(), "enabled": random.IntN(4) > 0, "structure": percent(rate, "PAYOUT"),
		}}, nil), "CONFLICT version")
	case 5:
		referrer := pick(random, anybody)
		c.note("setting", client.Do("UpdatePartnerReferralSetting", vars{"input": vars{
			"partner": referrer, "version": c.Partner(referrer).ReferralSetting.Version, "mode": "CUSTOM", "structure": percent(rate, "REVENUE"),
		}}, nil), "CONFLICT version")
	case 6:
		referrer := pick(random, anybody)
		c.note("setting", client.Do("UpdatePartnerReferralSetting", vars{"input": vars{
			"partner": referrer, "version": c.Partner(referrer).ReferralSetting.Version, "mode": pick(random, []string{"INHERIT", "DISABLED"}),
		}}, nil), "CONFLICT version")
	default:
		c.report("2026-06-01", "2026-06-02")
	}
}

// report asks for the report in the middle of it all: its totals are the sums of its rows.
func (c *crowd) report(from, to string) {
	page := c.As(admin).page(vars{"from": from, "to": to, "first": 100})
	var sums totals
	for _, r := range page.Rows.Nodes {
		sums.add(r)
	}
	if !page.Rows.PageInfo.HasNextPage && sums.String() != page.Totals.String() {
		c.Errorf("the totals are %s\nthe rows add up to %s", page.Totals, sums)
	}
}

func pick[T any](random *rand.Rand, among []T) T { return among[random.IntN(len(among))] }

// patience is how long the crowd works: 5 seconds, or E2E_SECONDS.
func patience(t *testing.T) time.Duration {
	t.Helper()
	given := os.Getenv("E2E_SECONDS")
	if given == "" {
		return 5 * time.Second
	}
	seconds, err := strconv.Atoi(given)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(seconds) * time.Second
}

// term is what the API tells of one: enough to count from outside what it must hold.
type term struct {
	ID                     string
	ReferredDate           time.Time
	WindowEndsAt, ClosedAt *time.Time
	Referral               struct{ Referrer, Referred struct{ ID string } }
}

func (t term) covers(at time.Time) bool {
	return !at.Before(t.ReferredDate) && (t.ClosedAt == nil || at.Before(*t.ClosedAt)) && (t.WindowEndsAt == nil || at.Before(*t.WindowEndsAt))
}

// terms is all terms of the referrals that a referrer made.
func (p *product) terms(referrer string) (all []term) {
	p.Helper()
	asked := vars{"id": referrer}
	for more := true; more; {
		var answer struct {
			Network struct {
				Partner struct {
					ReferralsMade struct {
						PageInfo struct {
							HasNextPage bool
							EndCursor   *string
						}
						Nodes []struct{ Terms []term }
					}
				}
			}
		}
		p.As(admin).must(`query ($id: ID!, $after: String) { network { partner(id: $id) { referralsMade(first: 100, after: $after) {
			pageInfo { hasNextPage endCursor }
			nodes { terms { id referredDate windowEndsAt closedAt referral { referrer { id } referred { id } } } }
		} } } }`, asked, &answer)
		made := answer.Network.Partner.ReferralsMade
		for _, referral := range made.Nodes {
			all = append(all, referral.Terms...)
		}
		more, asked["after"] = made.PageInfo.HasNextPage, made.PageInfo.EndCursor
	}
	return all
}

func TestEverythingAtOnce(t *testing.T) {
	onEachEngine(t, func(p *product) {
		const morning = "2026-06-01 09:00"
		p.At(morning)
		p.Global(tenPercent)
		c := &crowd{product: p, outcomes: map[string]int{}}
		for i := range 6 {
			c.referrers = append(c.referrers, p.Active(fmt.Sprint("Ann ", i)))
			c.pausing = append(c.pausing, p.Active(fmt.Sprint("Pia ", i)))
		}
		for i := range 24 {
			c.referred = append(c.referred, p.Active(fmt.Sprint("Bob ", i), c.referrers[i%len(c.referrers)]))
		}
		ada, tracking := p.As(admin), p.As(tracker)
		p.At("2026-06-01 10:00")
		begin, began := time.Date(2026, time.June, 1, 10, 0, 0, 0, p.zone), time.Now()
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				random := rand.New(rand.NewPCG(uint64(i), 2))
				for time.Since(began) < patience(p.T) && !p.Failed() {
					if i%3 == 0 {
						c.change(ada, random)
					} else {
						c.record(tracking, random, begin.Add(time.Since(began)))
					}
				}
			})
		}
		all.Wait()
		p.Log(c.outcomes)
		p.At("2026-06-01 12:00")
		if verified := p.Verify(); verified != strconv.Itoa(len(c.acknowledged)) {
			p.Errorf("%d conversions were acknowledged, %s are there", len(c.acknowledged), verified)
		}
		for batch := range slices.Chunk(c.acknowledged, 10_000) {
			var conversions []vars
			for _, f := range batch {
				if f.original == nil {
					conversions = append(conversions, f.sent)
				}
			}
			if got := p.Record(conversions...); got != (recorded{Duplicates: len(conversions)}) {
				p.Errorf("sent again: %+v", got)
			}
		}
		c.recount()
		for _, id := range c.referred {
			above := map[string]bool{}
			for at := p.Partner(id); at.ReferredBy != nil && !p.Failed(); at = p.Partner(at.ReferredBy.ID) {
				if above[at.ID] {
					p.Errorf("%s is in a circle", at.Name)
				}
				above[at.ID] = true
			}
		}
	})
}

// recount holds the report against what was acknowledged: for each term of a referrer that was never paused, the
// conversions of its referred partner that occurred in it.
func (c *crowd) recount() {
	c.Helper()
	rows, all := c.Report("2026-05-01", "2026-06-30", nil)
	if all.Conversions == 0 || all.Conversions > len(c.acknowledged) {
		c.Errorf("%d of %d conversions count", all.Conversions, len(c.acknowledged))
	}
	byTerm := map[string]row{}
	for _, r := range rows {
		if r.Term != nil {
			byTerm[r.Term.ID] = r
		}
	}
	type occurrence struct {
		fact
		at time.Time // to the microsecond
	}
	of := map[string][]occurrence{}
	for _, f := range c.acknowledged {
		counts := f
		if f.original != nil {
			counts = *f.original
		}
		at, err := time.Parse(time.RFC3339Nano, counts.sent["occurredAt"].(string))
		if err != nil {
			c.Fatal(err)
		}
		partner := counts.sent["partner"].(string)
		of[partner] = append(of[partner], occurrence{f, at.Truncate(time.Microsecond)})
	}
	counted, terms := 0, 0
	for _, referrer := range c.referrers {
		for _, term := range c.terms(referrer) {
			terms++
			shown := byTerm[term.ID]
			var rate, basis string
			if _, err := fmt.Sscanf(shown.Structure.Summary, "%s of %s", &rate, &basis); err != nil {
				c.Fatal(err)
			}
			conversions, sum := 0, decimal.Zero
			for _, o := range of[term.Referral.Referred.ID] {
				if !term.covers(o.at) {
					continue
				}
				if sum = sum.Add(o.amount(basis)); o.original == nil {
					conversions++
				}
			}
			earned := decimal.RequireFromString(rate[:len(rate)-1]).Mul(sum).Shift(-2).Round(2)
			if shown.Conversions != conversions || !shown.BasisAmount.Equal(sum) || !shown.Unbilled.Equal(earned) {
				c.Errorf("%s from %s: %d conversions of %s earn %s; %d were acknowledged, of %s, which earn %s", shown, term.ReferredDate, shown.Conversions, shown.BasisAmount, shown.Unbilled, conversions, sum, earned)
			}
			counted += conversions
		}
	}
	c.Logf("%d conversions in %d terms of referrers that never paused, of %d rows", counted, terms, len(rows))
}

func TestKilled(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-06-01 09:00")
		p.Global(tenPercent)
		bob := p.Active("Bob", p.Active("Ann"))
		tracking := p.As(tracker)
		const kills, batches, size = 10, 40, 20
		var sent [][]vars
		for kill := range kills {
			p.At(fmt.Sprintf("2026-06-%02d 10:00", 2+kill))
			var all sync.WaitGroup
			acknowledged := make(chan struct{}, batches)
			for range batches {
				batch := make([]vars, size)
				for i := range batch {
					batch[i] = p.conversion(p.newID(), bob, fmt.Sprintf("2026-06-%02d 09:00", 2+kill), "1", "0.10")
				}
				sent = append(sent, batch)
				all.Go(func() {
					if err := tracking.tryToRecord(batch); err == nil {
						acknowledged <- struct{}{}
					}
				})
			}
			for range 1 + 3*kill { // at another moment each time, while others are on their way
				<-acknowledged
			}
			p.Kill()
			all.Wait()
		}
		p.At("2026-06-30 10:00")
		p.Verify()
		again := recorded{}
		for _, batch := range sent {
			got := p.Record(batch...)
			if got.Recorded != 0 && got.Duplicates != 0 {
				p.Errorf("a part of a call was recorded: %+v", got)
			}
			again.Recorded, again.Duplicates = again.Recorded+got.Recorded, again.Duplicates+got.Duplicates
		}
		if p.Log(again); again.Duplicates == 0 || again.Recorded == 0 {
			p.Errorf("sent again after the kills: %+v; none was in the middle of anything", again)
		}
		if verified := p.Verify(); verified != strconv.Itoa(kills*batches*size) {
			p.Errorf("%s conversions are there", verified)
		}
		p.Reports("2026-06-01", "2026-06-30", "Ann > Bob, 10% of payout: EARNING 80.00")
	})
}
