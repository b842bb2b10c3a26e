package bench

import (
	"database/sql"
	"fmt"
	"testing"
	"time"
)

// BenchmarkPages measures what the portals show.
func BenchmarkPages(b *testing.B) {
	location := newDatabase(b, "pages")
	bare := connect(b, location)
	network := newTraded(b, location, sizes.Referrals/referralsEach, sizes.Referrals, sizes.Conversions)
	more := newTraded(b, location, sizes.Referrals/referralsEach, sizes.Referrals, sizes.Conversions)
	run(b, "verify", "--database", location)
	more.multiply(b, bare, sizes.Times)
	var large *traded
	if sizes.Many > 0 {
		large = newTraded(b, location, sizes.Many/referralsEach, sizes.Many, sizes.Conversions)
	}
	analyze(b, bare)
	all := subjects(b, location)

	month := beside(b, bare, all, reportPage(b, bare, network, latestMonth))
	product, byHand := month[theProduct], month[byHandInGo]
	must(b, goal{
		what: product.workload, product: inMillis(product.alone), against: inMillis(byHand.alone) + " " + byHandInGo,
		reached: product.alone.Seconds() / byHand.alone.Seconds(), most: 1.3,
	})
	year := beside(b, bare, all, reportPage(b, bare, network, wholeYear))[theProduct]
	must(b, goal{
		what: "report, a year against a month", product: inMillis(year.alone), against: inMillis(product.alone) + " a month",
		reached: year.alone.Seconds() / product.alone.Seconds(), most: 2,
	})
	few, many := inTurns(b, all[0], reportPage(b, bare, network, latestMonth), reportPage(b, bare, more, latestMonth))
	must(b, goal{
		what: fmt.Sprintf("report, a month, %d x the conversions on the same days", sizes.Times), product: inMillis(many), against: inMillis(few) + " with 1 x",
		reached: many.Seconds() / few.Seconds(), most: 1.1,
	})
	if large != nil {
		for _, days := range []string{latestMonth, wholeYear} {
			of := beside(b, bare, all, reportPage(b, bare, large, days))[theProduct]
			must(b, goal{
				what: of.workload + ", totals and sort, p50", product: inMillis(of.alone), reached: of.alone.Seconds() * 1000, most: 400, unit: "ms",
			})
		}
	}
	own := beside(b, bare, all, ownPage(b, bare, network))
	product, byHand = own[theProduct], own[byHandInGo]
	must(b, goal{
		what: product.workload, product: inMillis(product.alone), against: inMillis(byHand.alone) + " " + byHandInGo,
		reached: product.alone.Seconds() / byHand.alone.Seconds(), most: 1.5,
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
	memory(b, "all pages", all)
}

// reportPage is the first page of the network's report, with its totals, by Balance.
func reportPage(b *testing.B, bare *sql.DB, n *traded, days string) page {
	b.Helper()
	from, to := rangeOf(days)
	return page{
		name:   fmt.Sprintf("report, a %s, %s referrals, %s conversions in the year", days, counted(n.referrals), counted(sizes.Conversions)),
		token:  n.admin,
		byHand: reportByHand(b, bare, 0, n.network, from, to, "a.balance DESC"),
		body: request(b, operation(b, "network-portal", "ReferralReport"), map[string]any{
			"from": from, "to": to, "first": pageSize, "orderBy": map[string]any{"field": "BALANCE", "direction": "DESC"},
		}),
	}
}

// ownPage is the first page of a partner's own report.
func ownPage(b *testing.B, bare *sql.DB, n *traded) page {
	b.Helper()
	from, to := rangeOf(latestMonth)
	return page{
		name: "partner portal, own report of a month", token: n.partner,
		byHand: reportByHand(b, bare, n.partnerRow, 0, from, to, "a.referred_date DESC"),
		body:   request(b, operation(b, "partner-portal", "MyReferralReport"), map[string]any{"from": from, "to": to, "first": pageSize}),
	}
}

// inTurns is the medians of requests for two pages of one subject, sent one after the other.
func inTurns(b *testing.B, s subject, one, other page) (first, second time.Duration) {
	b.Helper()
	var lasted [2][]time.Duration
	const warm = 2
	for round := range sizes.Rounds*sizes.Requests + warm {
		for i, p := range []page{one, other} {
			l, _ := turns{page: p}.once(b, s)
			if round >= warm {
				lasted[i] = append(lasted[i], l)
			}
		}
	}
	return median(lasted[0]), median(lasted[1])
}
