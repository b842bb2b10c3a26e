package e2e_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

func TestP2_theRangeIsDaysOfTheNetworkBothIncluded(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob := p.Active("Bob", ann)
		p.At("2026-12-01 10:00")
		for _, at := range []string{
			"2026-02-28 23:59:59.999999", "2026-03-01 00:00", // in New York, where it is five hours earlier than UTC
			"2026-03-08 23:59:59.999999", "2026-11-01 23:59:59.999999", // days of 23 and of 25 hours
		} {
			p.Converts(bob, at, "100")
		}
		for _, r := range []struct{ from, to, balance string }{
			{"2026-02-28", "2026-02-28", "10.00"},
			{"2026-03-01", "2026-03-01", "10.00"},
			{"2026-02-28", "2026-03-01", "20.00"},
			{"2026-03-08", "2026-03-08", "10.00"},
			{"2026-03-09", "2026-03-09", "0.00"},
			{"2026-11-01", "2026-11-01", "10.00"},
			{"2026-11-02", "2026-11-30", "0.00"},
			{"1970-01-01", "9999-12-31", "40.00"},
		} {
			p.Reports(r.from, r.to, "Ann > Bob, 10% of payout: EARNING "+r.balance)
		}
		row := p.theRow("2026-01-01", "2026-12-31", ann, bob)
		var days struct {
			Node struct {
				Days []struct {
					Date                    string
					Conversions             int
					BasisAmount, Commission decimal.Decimal
				}
			}
		}
		p.As(admin).must("TermDays", vars{"term": row.Term.ID, "from": "2026-03-01", "to": "2026-11-01"}, &days)
		var told []string
		for _, day := range days.Node.Days {
			told = append(told, fmt.Sprint(day.Date, " ", day.Conversions, " ", day.BasisAmount, " ", day.Commission))
		}
		if want := []string{"2026-03-01 1 100 10", "2026-03-08 1 100 10", "2026-11-01 1 100 10"}; !slices.Equal(told, want) {
			p.Errorf("the days of the term [P5]: %q", told)
		}
	})
}

func TestP3_whereTheReferralIsInactiveTheBalanceIsNull(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		bob, dan := p.Active("Bob", ann), p.Active("Dan", ann)
		p.At("2026-02-10 10:00")
		p.Converts(bob, "2026-02-05 09:00", "70")
		p.Converts(dan, "2026-02-05 09:00", "30")
		p.Remove(bob)
		p.Reports("2026-02-01", "2026-02-28",
			"Ann > Bob, 10% of payout: ENDED null, unbilled 7.00",
			"Ann > Dan, 10% of payout: EARNING 3.00")
		if _, all := p.Report("2026-02-01", "2026-02-28", nil); all.Balance.String() != "3" || all.Unbilled.String() != "10" {
			p.Errorf("the totals are %s", all)
		}
	})
}

// busy is a network with rows of every state, several of each.
func busy(p *product) (referrers []string) {
	p.Helper()
	p.At("2026-02-01 10:00")
	week, threshold, fee := p.Active("Wes Week"), p.Active("Tom Threshold"), p.Active("Flo Fee")
	own, tracked, paused := p.Active("Ann Own"), p.Active("Tia Tracked"), p.Active("Pia Paused")
	referrers = []string{week, threshold, fee, own, tracked, paused}
	p.Global(percent("3", "REVENUE"))
	p.Custom(week, tenPercent.lasting(1, "WEEK"))
	p.Custom(threshold, percent("12.5", "PROFIT").from("100"))
	p.Custom(fee, flat("25"))
	p.Setting(tracked, "DISABLED", nil)
	var referred []string
	for i, referrer := range slices.Concat(referrers, referrers, referrers) {
		referred = append(referred, p.Active(fmt.Sprintf("Bob %c", 'a'+i), referrer))
	}
	p.At("2026-02-05 10:00")
	p.Custom(own, percent("4.5", "PAYOUT"))
	p.Status(paused, "SUSPENDED")
	p.Remove(referred[3])
	p.At("2026-02-20 10:00")
	var rows []vars
	for i, partner := range referred {
		for day := range 10 {
			amount := decimal.New(int64(1000+337*i+91*day*day), -2)
			rows = append(rows, p.conversion(p.newID(), partner, fmt.Sprintf("2026-02-%02d 11:00", 2+day), amount.Mul(decimal.New(3, 0)).String(), amount.String()))
		}
	}
	p.Record(rows...)
	return referrers
}

func TestP4_filtersNarrowRowsAndTotals(t *testing.T) {
	onEachEngine(t, func(p *product) {
		referrers := busy(p)
		all, _ := p.Report("2026-02-01", "2026-02-28", nil)
		var lea struct{ Viewer struct{ Role string } }
		p.As(limited).must("Viewer", nil, &lea)
		for name, f := range map[string]struct {
			filter vars
			keeps  func(r row) bool
		}{
			"by referrer":       {vars{"referrer": referrers[0]}, func(r row) bool { return r.Referrer.ID == referrers[0] }},
			"by referred":       {vars{"referred": all[7].Referred.ID}, func(r row) bool { return r.Referred.ID == all[7].Referred.ID }},
			"active":            {vars{"status": "ACTIVE"}, func(r row) bool { return r.Status == "ACTIVE" }},
			"inactive":          {vars{"status": "INACTIVE"}, func(r row) bool { return r.Status == "INACTIVE" }},
			"by state":          {vars{"state": []string{"EXPIRED"}}, func(r row) bool { return r.State == "EXPIRED" }},
			"by states":         {vars{"state": []string{"PAUSED", "TRACKED"}}, func(r row) bool { return r.State == "PAUSED" || r.State == "TRACKED" }},
			"flat fees":         {vars{"type": "FLAT_FEE"}, func(r row) bool { return r.Structure != nil && strings.HasPrefix(r.Structure.Summary, "flat") }},
			"percentages":       {vars{"type": "PERCENTAGE"}, func(r row) bool { return r.Structure != nil && strings.Contains(r.Structure.Summary, "%") }},
			"search a referrer": {vars{"search": "tom THRES"}, func(r row) bool { return strings.Contains(r.Referrer.Name, "Tom Thres") }},
			"search a referred": {vars{"search": "Bob q"}, func(r row) bool { return r.Referred.Name == "Bob q" }},
			"nothing found":     {vars{"search": "Bob %"}, func(row) bool { return false }},
			"everything empty":  {vars{"search": "", "state": nil, "status": nil, "type": nil, "referrer": nil}, func(row) bool { return true }},
			"many at once": {vars{"referrer": referrers[3], "status": "ACTIVE", "state": []string{"SUPERSEDED"}, "search": "own"}, func(r row) bool {
				return r.Referrer.ID == referrers[3] && r.Status == "ACTIVE" && r.State == "SUPERSEDED"
			}},
		} {
			var want totals
			for _, r := range all {
				if f.keeps(r) {
					want.add(r)
				}
			}
			if _, got := p.Report("2026-02-01", "2026-02-28", f.filter); got.String() != want.String() {
				p.Errorf("%s: %s\nwant %s", name, got, want)
			}
			if want.Rows == 0 && name != "nothing found" {
				p.Errorf("%s: the test has no such row", name)
			}
		}
	})
}

// orders are the fields that the report sorts by, and what they compare. What is absent comes first.
var orders = map[string]func(a, b row) int{
	"REFERRER":            func(a, b row) int { return strings.Compare(a.Referrer.Name, b.Referrer.Name) },
	"REFERRED":            func(a, b row) int { return strings.Compare(a.Referred.Name, b.Referred.Name) },
	"REFERRED_DATE":       func(a, b row) int { return absentFirst(a.ReferredDate, b.ReferredDate, time.Time.Compare) },
	"REFERRAL_STARTED_AT": func(a, b row) int { return a.ReferralStartedAt.Compare(b.ReferralStartedAt) },
	"WINDOW_ENDS_AT":      func(a, b row) int { return absentFirst(a.WindowEndsAt, b.WindowEndsAt, time.Time.Compare) },
	"BASIS_AMOUNT":        func(a, b row) int { return a.BasisAmount.Cmp(b.BasisAmount) },
	"BILLED":              func(a, b row) int { return a.Billed.Cmp(b.Billed) },
	"BALANCE":             func(a, b row) int { return absentFirst(a.Balance, b.Balance, decimal.Decimal.Cmp) },
	"UNBILLED":            func(a, b row) int { return a.Unbilled.Cmp(b.Unbilled) },
	"BELOW_THRESHOLD":     func(a, b row) int { return a.BelowThreshold.Cmp(b.BelowThreshold) },
}

func absentFirst[T any](a, b *T, compare func(a, b T) int) int {
	if a == nil || b == nil {
		return cmp.Compare(boolean(a != nil), boolean(b != nil))
	}
	return compare(*a, *b)
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestP4_everyColumnSortsBothWays(t *testing.T) {
	promised, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, field := range promised.Types["ReferralReportOrderField"].EnumValues {
		fields = append(fields, field.Name)
	}
	if slices.Sort(fields); !slices.Equal(fields, slices.Sorted(maps.Keys(orders))) {
		t.Fatalf("the schema sorts by %q", fields)
	}
	onEachEngine(t, func(p *product) {
		busy(p)
		for field, compare := range orders {
			for direction, sign := range map[string]int{"ASC": 1, "DESC": -1} {
				rows := p.As(admin).page(vars{"from": "2026-02-01", "to": "2026-02-28", "orderBy": vars{"field": field, "direction": direction}, "first": 100}).Rows.Nodes
				if !slices.IsSortedFunc(rows, func(a, b row) int { return sign * compare(a, b) }) {
					p.Errorf("by %s %s: %v", field, direction, rows)
				}
			}
		}
	})
}

func TestP4_pagesVisitEveryRowOnceWhileConversionsComeIn(t *testing.T) {
	onEachEngine(t, func(p *product) {
		busy(p)
		all, _ := p.Report("2026-02-01", "2026-02-28", nil)
		var ids []string
		for _, r := range all {
			ids = append(ids, r.ID)
		}
		slices.Sort(ids)
		for _, size := range []int{1, 2, 7} {
			for _, order := range []vars{{"field": "BALANCE", "direction": "DESC"}, {"field": "UNBILLED", "direction": "ASC"}} {
				asked := vars{"from": "2026-02-01", "to": "2026-02-28", "orderBy": order, "first": size}
				var visited []string
				for more := true; more; {
					page := p.As(admin).page(asked)
					for _, r := range page.Rows.Nodes {
						visited = append(visited, r.ID)
						p.Converts(r.Referred.ID, "2026-02-15 11:00", "123.45") // the row moves, behind us or ahead
					}
					if page.Rows.TotalCount != len(all) || page.Totals.Rows != len(all) {
						p.Fatalf("%d rows, %d in the totals; want %d", page.Rows.TotalCount, page.Totals.Rows, len(all))
					}
					more, asked["after"] = page.Rows.PageInfo.HasNextPage, page.Rows.PageInfo.EndCursor
				}
				if slices.Sort(visited); !slices.Equal(visited, ids) {
					p.Errorf("pages of %d by %v visit\n%q\nand not\n%q", size, order, visited, ids)
				}
			}
		}
	})
}

func TestP4_pagesGoOnAlsoWhereTheLastRowLeftTheFilter(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent.from("100"))
		ann := p.Active("Ann")
		for i := range 6 {
			p.Active(fmt.Sprint("Bob ", i), ann)
		}
		asked := vars{"from": "2026-02-01", "to": "2026-02-28", "filter": vars{"state": []string{"BELOW_THRESHOLD"}}, "orderBy": vars{"field": "REFERRED", "direction": "ASC"}, "first": 1}
		var visited []string
		for more := true; more; {
			page := p.As(admin).page(asked)
			for _, r := range page.Rows.Nodes {
				visited = append(visited, r.Referred.Name)
				p.Converts(r.Referred.ID, "2026-02-01 10:03", "100") // reaches the threshold
			}
			more, asked["after"] = page.Rows.PageInfo.HasNextPage, page.Rows.PageInfo.EndCursor
		}
		if want := []string{"Bob 0", "Bob 1", "Bob 2", "Bob 3", "Bob 4", "Bob 5"}; !slices.Equal(visited, want) {
			p.Errorf("the pages visit %q", visited)
		}
	})
}

func TestP4_listsOfPartnersAndReferralsPageToo(t *testing.T) {
	onEachEngine(t, func(p *product) {
		p.At("2026-02-01 10:00")
		p.Global(tenPercent)
		ann := p.Active("Ann")
		for _, name := range []string{"Bob", "bob", "Émile", "Bob", "Zoë", "100% Off", "100 Off"} {
			p.Active(name, ann)
		}
		const document = `query ($first: Int, $after: String, $made: String, $ann: ID!) { network {
			partners(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } edges { cursor } nodes { id } }
			partner(id: $ann) { referralsMade(first: $first, after: $made) { totalCount pageInfo { hasNextPage endCursor } edges { cursor } nodes { id } } }
		} }`
		type list struct {
			TotalCount int
			PageInfo   struct {
				HasNextPage bool
				EndCursor   *string
			}
			Edges []struct{ Cursor string }
			Nodes []struct{ ID string }
		}
		for _, size := range []int{1, 2, 7} {
			partners, referrals := map[string]int{}, map[string]int{}
			asked := vars{"first": size, "ann": ann}
			for range 8 {
				var answer struct {
					Network struct {
						Partners list
						Partner  struct{ ReferralsMade list }
					}
				}
				p.As(admin).must(document, asked, &answer)
				for name, page := range map[string]struct {
					list
					seen map[string]int
				}{"after": {answer.Network.Partners, partners}, "made": {answer.Network.Partner.ReferralsMade, referrals}} {
					for i, node := range page.Nodes {
						page.seen[node.ID]++
						asked[name] = page.Edges[i].Cursor
					}
				}
			}
			for what, seen := range map[string]map[string]int{"partners": partners, "referrals": referrals} {
				if want := map[string]int{"partners": 8, "referrals": 7}[what]; len(seen) != want || slices.Max(slices.Collect(maps.Values(seen))) != 1 {
					p.Errorf("pages of %d visit these %s: %v", size, what, seen)
				}
			}
		}
	})
}
