package billing_test

import (
	"context"
	stdsql "database/sql"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/database/databasetest"
	"partner.example/referrals/ent/generated/invoice"
)

// rapidly makes rapid try few but long sequences, for as long as the command line does not say otherwise.
func rapidly(t *testing.T, checks, steps int) {
	t.Helper()
	for name, value := range map[string]int{"rapid.checks": checks, "rapid.steps": steps} {
		before := flag.Lookup(name)
		if before.Value.String() != before.DefValue {
			continue
		}
		if err := flag.Set(name, strconv.Itoa(value)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set(name, before.DefValue) })
	}
}

// Nothing is billed twice and nothing is lost, whatever happens: what a referrer earned is billed, unbilled, below
// threshold or forfeited, to the micro-unit and before rounding [I3, C3, C7, A6].
func TestBilling_losesNothingAndPaysNothingTwice(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, location string) {
		db := databasetest.Open(t, location)
		if db.Embedded() {
			rapidly(t, 2, 120)
		} else {
			rapidly(t, 1, 60)
		}
		rapid.Check(t, func(t *rapid.T) {
			currency := rapid.SampledFrom([]commission.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency")
			l := &life{world: newWorld(t, db, currency, "America/New_York"), said: map[int]string{}, structures: map[int]commission.Structure{}}
			for _, name := range []string{"alice", "erin"} {
				l.partner(name, "")
			}
			for _, name := range []string{"bob", "carol", "dave"} {
				l.partner(name, "alice")
			}
			t.Repeat(map[string]func(*rapid.T){
				"":                   l.check,
				"convert":            l.convert,
				"adjust":             l.takeBack,
				"the network's":      l.changeSettings,
				"dated ahead":        l.dateSettings,
				"a partner's own":    l.changeSetting,
				"status":             l.changeStatus,
				"Referred By":        l.changeReferredBy,
				"frequency":          l.changeBilling,
				"a new partner":      l.approve,
				"days pass":          l.wait,
				"bill":               l.run,
				"bill after a while": func(t *rapid.T) { l.wait(t); l.run(t) },
				"sell and bill":      func(t *rapid.T) { l.convert(t); l.wait(t); l.run(t) },
				"take back and bill": func(t *rapid.T) { l.takeBack(t); l.wait(t); l.run(t) },
				"convert more":       l.convert,
				"delete":             l.delete,
				"grant":              l.grant,
				"revoke":             l.revoke,
				"void":               l.void,
				"grant and bill":     func(t *rapid.T) { l.grant(t); l.wait(t); l.run(t) },
				"pay":                l.pay,
			})
			l.verify()
		})
	})
}

// life is what happens to a world.
type life struct {
	*world

	sales []*sale
	said  map[int]string // what each invoice said when it was made

	structures map[int]commission.Structure
}

// sale is a conversion and what is left of it, in millionths.
type sale struct {
	id              string
	at              time.Time
	revenue, payout int64
}

func (l *life) someone(t *rapid.T, names ...string) string {
	return rapid.SampledFrom(names).Draw(t, "partner")
}

func micros(t *rapid.T, label string) int64 {
	if rapid.Bool().Draw(t, "round "+label) {
		return rapid.Int64Range(0, 20).Draw(t, label) * 10_000_000
	}
	return rapid.Int64Range(0, 200_000_000).Draw(t, label)
}

func (l *life) convert(t *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(t, "conversions") {
		l.count++
		s := &sale{"c" + strconv.Itoa(l.count), l.now.Add(-time.Duration(rapid.IntRange(0, 30*24).Draw(t, "hours ago")) * time.Hour), micros(t, "revenue"), micros(t, "payout")}
		_, err := l.ledger.RecordConversions(l.admin(), l.network.ID, []ledger.Conversion{{
			ExternalID: s.id, PartnerID: l.ids[l.someone(t, "bob", "carol", "dave", "alice")], OccurredAt: s.at,
			Revenue: commission.FromMicros(s.revenue), Payout: commission.FromMicros(s.payout),
		}})
		l.must(err)
		l.sales = append(l.sales, s)
	}
}

func (l *life) takeBack(t *rapid.T) {
	if len(l.sales) == 0 {
		return
	}
	s := rapid.SampledFrom(l.sales).Draw(t, "sale")
	revenue, payout := -s.revenue, -s.payout // in full
	if !rapid.Bool().Draw(t, "in full") {
		revenue, payout = rapid.Int64Range(-s.revenue, 50_000_000).Draw(t, "revenue"), rapid.Int64Range(-s.payout, 50_000_000).Draw(t, "payout")
	}
	l.count++
	_, err := l.ledger.RecordAdjustments(l.admin(), l.network.ID, []ledger.Adjustment{{
		ExternalID: "a" + strconv.Itoa(l.count), Adjusts: s.id, OccurredAt: l.now,
		Revenue: commission.FromMicros(revenue), Payout: commission.FromMicros(payout),
	}})
	l.must(err)
	s.revenue, s.payout = s.revenue+revenue, s.payout+payout
}

func structureOf(t *rapid.T) commission.Structure {
	var s commission.Structure
	if rapid.IntRange(0, 9).Draw(t, "kind") == 0 {
		s.Commission = commission.FlatFee{Amount: decimal.NewFromInt(rapid.Int64Range(1, 50).Draw(t, "fee"))}
	} else {
		s = percent(rapid.SampledFrom([]string{"7.5", "10", "33.3333", "100"}).Draw(t, "rate"),
			rapid.SampledFrom([]commission.Basis{commission.Payout, commission.Profit, commission.Revenue}).Draw(t, "basis"))
	}
	if rapid.IntRange(0, 3).Draw(t, "minimum or not") == 0 {
		s = from(rapid.SampledFrom([]string{"0.01", "50", "300"}).Draw(t, "minimum"), s)
	}
	return s
}

func (l *life) changeSettings(t *rapid.T) { l.settings(structureOf(t)) }

// dateSettings dates a change ahead, or makes it for new referrals alone, or both.
func (l *life) dateSettings(t *rapid.T) {
	reach := program.Reach{ApplyTo: rapid.SampledFrom([]commission.ApplyTo{commission.ToAll, commission.ToNewReferrals}).Draw(t, "for")}
	if ahead := rapid.Int32Range(0, 20).Draw(t, "days ahead"); ahead > 0 {
		reach.EffectiveOn = new(commission.DateOf(l.now, l.zone) + commission.Date(ahead))
	}
	l.settingsFor(structureOf(t), reach)
}

func (l *life) changeSetting(t *rapid.T) {
	l.takeEffect()
	found := l.find(l.someone(t, "alice", "erin"))
	input := program.PartnerReferralSetting{PartnerID: found.ID, Version: found.ReferralSettingVersion, Mode: rapid.SampledFrom([]commission.Mode{commission.Inherit, commission.Custom, commission.Custom, commission.Disabled}).Draw(t, "mode")}
	if input.Mode == commission.Custom {
		structure := structureOf(t)
		input.Structure = program.Some(&structure)
	}
	_, _, err := l.program.UpdatePartnerReferralSetting(l.admin(), l.network.ID, input)
	l.must(err)
}

func (l *life) changeStatus(t *rapid.T) {
	l.status(l.someone(t, "alice", "erin", "bob"), rapid.SampledFrom([]commission.PartnerStatus{
		commission.PartnerActive, commission.PartnerActive, commission.PartnerActive, commission.PartnerInactive, commission.PartnerSuspended,
	}).Draw(t, "status"))
}

func (l *life) changeReferredBy(t *rapid.T) {
	name, unbilled := l.someone(t, "bob", "carol", "dave"), rapid.SampledFrom([]program.Unbilled{program.Keep, program.Keep, program.Forfeit}).Draw(t, "unbilled")
	if to := l.someone(t, "alice", "alice", "erin", ""); to != "" {
		l.reassign(name, to, unbilled)
		return
	}
	_, err := l.program.RemoveReferredBy(l.admin(), l.network.ID, l.ids[name], unbilled, "a test")
	l.must(err)
}

func (l *life) changeBilling(t *rapid.T) {
	how := program.Billing{
		Frequency:    program.Some(rapid.SampledFrom([]commission.BillingFrequency{commission.Weekly, commission.Bimonthly, commission.Monthly, commission.Manual}).Draw(t, "frequency")),
		HideInvoices: program.Some(rapid.Bool().Draw(t, "hidden")),
	}
	if rapid.IntRange(0, 3).Draw(t, "threshold") == 0 {
		least := decimal.NewFromInt(rapid.Int64Range(0, 30).Draw(t, "least"))
		how.InvoiceThreshold = program.Some(&least)
	} else {
		how.InvoiceThreshold = program.Some[*decimal.Decimal](nil)
	}
	l.billed(l.someone(t, "alice", "erin", "bob"), how)
}

func (l *life) approve(t *rapid.T) {
	if len(l.ids) < 12 {
		l.partner("new"+strconv.Itoa(len(l.ids)), l.someone(t, "alice", "erin"))
	}
}

func (l *life) wait(t *rapid.T) {
	l.now = l.now.Add(time.Duration(rapid.IntRange(1, 20*24).Draw(t, "hours")) * time.Hour)
}

func (l *life) run(t *rapid.T) {
	run := billing.Run{Through: commission.DateOf(l.now, l.zone) - commission.Date(rapid.IntRange(1, 10).Draw(t, "days ago"))}
	if rapid.Bool().Draw(t, "one") {
		run.PartnerID = l.ids[l.someone(t, "alice", "erin")]
	}
	made, err := l.billing.Bill(l.admin(), l.network.ID, run, nil)
	l.must(err)
	again, err := l.billing.Bill(l.admin(), l.network.ID, run, nil)
	l.must(err)
	if len(again) > 0 {
		l.Errorf("a run made %d invoices, and repeated %d more", len(made), len(again))
	}
}

func (l *life) someInvoice(t *rapid.T) int {
	ids, err := l.db.Invoice.Query().Where(invoice.NetworkID(l.network.ID), invoice.StatusEQ(commission.Unpaid)).Order(invoice.ByID()).IDs(l.system())
	l.must(err)
	if len(ids) == 0 {
		return 0
	}
	return rapid.SampledFrom(ids).Draw(t, "invoice")
}

func (l *life) delete(t *rapid.T) {
	if id := l.someInvoice(t); id != 0 {
		if _, err := l.billing.Delete(l.admin(), l.network.ID, id, "a test"); commission.CodeOf(err) != commission.FailedPrecondition { // it carried forward
			l.must(err)
		}
	}
}

func (l *life) pay(t *rapid.T) {
	if id := l.someInvoice(t); id != 0 {
		_, err := l.billing.MarkPaid(l.admin(), l.network.ID, id)
		l.must(err)
	}
}

// paidLine is a line of an invoice that stands.
type paidLine struct {
	partner, term int
	basis, amount decimal.Decimal
	held          commission.Sums // of the rows that carry it
	carriedBy     int
}

// shares is what became of something earned.
type shares struct{ earned, billed, unbilled, below, forfeited decimal.Decimal }

// check holds the whole of the money together. It reads the tables one by one and adds up in Go.
func (l *life) check(t *rapid.T) {
	lines := l.lines()
	structures := map[int]commission.Structure{}
	referrers := map[int]int{}
	measures := map[int]commission.Sums{} // through each term, of its referral
	l.rows(`
		SELECT t.id, t.structure_id, r.referrer_id, COALESCE(SUM(a.revenue), 0), COALESCE(SUM(a.payout), 0)
		FROM referral_term t JOIN referral r ON r.id = t.referral_id
		LEFT JOIN referral_term e ON e.referral_id = t.referral_id AND e.referred_date <= t.referred_date AND e.grant_id IS NULL LEFT JOIN accrual a ON a.term_id = e.id
		WHERE t.network_id = ? GROUP BY t.id, t.structure_id, r.referrer_id`, func(row *stdsql.Rows) error {
		var term, structure, referrer int
		var revenue, payout int64
		err := row.Scan(&term, &structure, &referrer, &revenue, &payout)
		structures[term], referrers[term] = l.structure(structure), referrer
		measures[term] = commission.Sums{Revenue: commission.FromMicros(revenue), Payout: commission.FromMicros(payout)}
		return err
	})
	money := map[int]*shares{}
	of := func(term int) *shares {
		if money[referrers[term]] == nil {
			money[referrers[term]] = &shares{}
		}
		return money[referrers[term]]
	}
	// what was earned: conversion by conversion, and the fees
	l.rows(`SELECT a.term_id, c.revenue, c.payout FROM conversion c JOIN accrual a ON a.id = c.accrual_id WHERE c.network_id = ?`, func(row *stdsql.Rows) error {
		var term int
		var revenue, payout int64
		err := row.Scan(&term, &revenue, &payout)
		s := of(term)
		s.earned = s.earned.Add(structures[term].Earned(commission.Sums{Revenue: commission.FromMicros(revenue), Payout: commission.FromMicros(payout)}))
		return err
	})
	l.rows(`SELECT term_id, fee FROM term_month WHERE network_id = ?`, func(row *stdsql.Rows) error {
		var term int
		var fee int64
		err := row.Scan(&term, &fee)
		of(term).earned = of(term).earned.Add(commission.FromMicros(fee))
		return err
	})
	// and what became of it
	l.rows(`SELECT term_id, line_id, revenue, payout, fee FROM accrual WHERE network_id = ?`, func(row *stdsql.Rows) error {
		var term, line int
		var revenue, payout, fee int64
		err := row.Scan(&term, &line, &revenue, &payout, &fee)
		sums := commission.Sums{Revenue: commission.FromMicros(revenue), Payout: commission.FromMicros(payout), Fee: commission.FromMicros(fee)}
		s, amount := of(term), structures[term].Earned(sums)
		switch reached := structures[term].ThresholdOf(measures[term]).Reached(); {
		case line < 0:
			s.forfeited = s.forfeited.Add(amount)
		case line != 0 && (lines[line] == nil || lines[line].term != term):
			l.Errorf("an accrual of term %d is on line %d, which is not its or was deleted", term, line)
		case line != 0:
			lines[line].held = lines[line].held.Plus(sums)
		case reached:
			s.unbilled = s.unbilled.Add(amount)
		default:
			s.below = s.below.Add(amount)
		}
		return err
	})
	billedOf := map[int]decimal.Decimal{}
	backs := map[int]int{}
	for id, line := range lines {
		if line.carriedBy != 0 {
			backs[line.carriedBy]++
			if back := lines[line.carriedBy]; back == nil || !back.amount.Equal(line.amount.Neg()) || back.partner != line.partner || !line.amount.IsPositive() {
				l.Errorf("line %d carries %s forward, and comes back as %+v", id, line.amount, back)
			}
		}
		if line.term == 0 {
			continue
		}
		structure := structures[line.term]
		worth := structure.Earned(line.held)
		of(line.term).billed = of(line.term).billed.Add(worth)
		billedOf[line.term] = billedOf[line.term].Add(line.amount)
		if !line.basis.Equal(line.held.Of(structure.Basis())) || !line.amount.Equal(l.network.Currency.Round(worth)) || line.partner != referrers[line.term] {
			l.Errorf("line %d says %s of %s; what it holds is worth %s", id, line.amount, line.basis, worth)
		}
	}
	for term, billed := range billedOf {
		if billed.IsNegative() {
			l.Errorf("term %d took back %s more than it was billed [C6]", term, billed.Neg())
		}
	}
	for id, times := range backs {
		if times != 1 {
			l.Errorf("line %d brings back %d lines", id, times)
		}
	}
	for id, s := range money {
		if sum := s.billed.Add(s.unbilled).Add(s.below).Add(s.forfeited); !s.earned.Equal(sum) {
			l.Errorf("%s earned %s; billed %s + unbilled %s + below threshold %s + forfeited %s = %s",
				l.names[id], s.earned, s.billed, s.unbilled, s.below, s.forfeited, sum)
		}
	}
	l.checkPayouts(lines)
	l.checkInvoices()
	l.checkReport(billedOf)
	l.checkMonths()
	l.checkRange(t)
	l.checkReports(t)
}

// lines are those of invoices that stand, by their ids.
func (l *life) lines() map[int]*paidLine {
	lines := map[int]*paidLine{}
	l.rows(`
		SELECT l.id, i.partner_id, COALESCE(l.term_id, 0), l.basis_amount, l.amount, COALESCE(l.carried_by, 0)
		FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id WHERE i.network_id = ? AND i.status <> 'DELETED'`, func(row *stdsql.Rows) error {
		var id int
		var line paidLine
		var basis, amount int64
		err := row.Scan(&id, &line.partner, &line.term, &basis, &amount, &line.carriedBy)
		line.basis, line.amount = commission.FromMicros(basis), commission.FromMicros(amount)
		lines[id] = &line
		return err
	})
	return lines
}

// checkPayouts wants all of every partner's own payouts on one line, or on none yet.
func (l *life) checkPayouts(lines map[int]*paidLine) {
	left := map[int]int64{}
	l.rows("SELECT partner_id, payout FROM conversion WHERE network_id = ?", func(row *stdsql.Rows) error {
		var partner int
		var payout int64
		err := row.Scan(&partner, &payout)
		left[partner] += payout
		return err
	})
	held := map[int]int64{}
	l.rows("SELECT partner_id, line_id, payout FROM earning_day WHERE network_id = ?", func(row *stdsql.Rows) error {
		var partner, line int
		var payout int64
		err := row.Scan(&partner, &line, &payout)
		left[partner] -= payout
		held[line] += payout
		if line != 0 && (lines[line] == nil || lines[line].partner != partner || lines[line].term != 0) {
			l.Errorf("an earning day of %s is on line %d, which is not its", l.names[partner], line)
		}
		return err
	})
	for partner, payout := range left {
		if payout != 0 {
			l.Errorf("%s misses %s of its payouts", l.names[partner], commission.FromMicros(payout))
		}
	}
	for id, line := range lines {
		if line.term == 0 && !line.basis.Equal(commission.FromMicros(held[id])) {
			l.Errorf("line %d says payouts of %s, and holds %s", id, line.basis, commission.FromMicros(held[id]))
		}
	}
}

// checkInvoices wants numbers without gaps, totals that are sums and not negative, and nothing changed since.
func (l *life) checkInvoices() {
	all, err := l.db.Invoice.Query().Where(invoice.NetworkID(l.network.ID)).WithLines().Order(invoice.ByNumber()).All(l.system())
	l.must(err)
	for n, i := range all {
		var sum decimal.Decimal
		for _, line := range i.Edges.Lines {
			sum = sum.Add(line.Amount)
		}
		if i.Number != n+1 || !i.Total.Equal(sum) || i.Total.IsNegative() || len(i.Edges.Lines) == 0 {
			l.Errorf("invoice %d, the %d., is %s in total; its lines sum %s", i.Number, n+1, i.Total, sum)
		}
		if l.said[i.ID] == "" {
			l.said[i.ID] = l.show(i)
		} else if i.Status == commission.Deleted || n%7 == len(all)%7 { // some of them each time
			if now := l.show(i); now != l.said[i.ID] {
				l.Errorf("invoice %d said %q and now says %q", i.Number, l.said[i.ID], now)
			}
		}
	}
}

// checkReport holds the report's Billed against the lines, and Balance against its parts [P2, C7].
func (l *life) checkReport(billedOf map[int]decimal.Decimal) {
	report, err := l.ledger.Report(l.admin(), l.network, ledger.Range{From: day("2020-01-01"), To: day("2040-12-31")}, ledger.Filter{})
	l.must(err)
	for _, row := range l.rowsOf(report) {
		if row.TermID != 0 && !row.Billed.Equal(billedOf[row.TermID]) {
			l.Errorf("the row of term %d has %s billed; its lines sum %s", row.TermID, row.Billed, billedOf[row.TermID])
		}
		if row.Balance != nil && !row.Balance.Equal(row.Billed.Add(row.Unbilled)) {
			l.Errorf("the row of term %d has the Balance %s; %s billed, %s unbilled", row.TermID, row.Balance, row.Billed, row.Unbilled)
		}
	}
}

// checkMonths holds what is kept of months against the accruals, whose months the calendar tells. A row that sums nothing
// is as good as none.
func (l *life) checkMonths() {
	type place struct {
		month      commission.CalendarMonth
		term, line int
	}
	sums := map[place]commission.Sums{}
	l.accruals(func(term, line int, day commission.Date, counted commission.Sums) {
		at := place{day.Month(), term, line}
		sums[at] = sums[at].Plus(counted)
	})
	l.rows(`SELECT month, term_id, line_id, conversions, revenue, payout, fee FROM term_month WHERE network_id = ?`, func(row *stdsql.Rows) error {
		var at place
		kept, err := scanned(row, &at.month, &at.term, &at.line)
		if !kept.Equal(sums[at]) {
			l.Errorf("term %d is kept to have %+v in %s on the line %d; its accruals sum %+v", at.term, kept, at.month, at.line, sums[at])
		}
		delete(sums, at)
		return err
	})
	for at, sum := range sums {
		if !sum.IsZero() {
			l.Errorf("nothing is kept of term %d in %s on the line %d; its accruals sum %+v", at.term, at.month, at.line, sum)
		}
	}
}

// someRange is days of which some are the first or the last of a month.
func (l *life) someRange(t *rapid.T) ledger.Range {
	today := commission.DateOf(l.now, l.zone)
	from := today - commission.Date(rapid.Int32Range(0, 120).Draw(t, "from days ago"))
	to := from + commission.Date(rapid.Int32Range(0, int32(today-from)+2).Draw(t, "days"))
	if rapid.Bool().Draw(t, "from the first of a month") {
		from = from.Month().First()
	}
	switch rapid.SampledFrom([]string{"as it is", "the last of a month", "the last of that month"}).Draw(t, "to") {
	case "the last of a month":
		to = (to.Month() + 1).First() - 1
	case "the last of that month":
		to = (from.Month() + 1).First() - 1
	}
	return ledger.Range{From: from, To: to}
}

// checkRange holds the report of a range against the accruals of its days, one by one [P2], for the network and for one
// referrer.
func (l *life) checkRange(t *rapid.T) {
	days := l.someRange(t)
	byTerm := map[int]map[int]commission.Sums{} // and by line
	l.accruals(func(term, line int, day commission.Date, counted commission.Sums) {
		if day < days.From || day > days.To {
			return
		}
		if byTerm[term] == nil {
			byTerm[term] = map[int]commission.Sums{}
		}
		byTerm[term][line] = byTerm[term][line].Plus(counted)
	})
	shown := map[int]string{}
	for _, filter := range []ledger.Filter{{}, {ReferrerID: l.ids["alice"]}} {
		report, err := l.ledger.Report(l.admin(), l.network, days, filter)
		l.must(err)
		for _, row := range l.rowsOf(report) {
			if row.TermID == 0 {
				continue
			}
			var all commission.Sums
			var sums commission.RowSums
			for line, counted := range byTerm[row.TermID] {
				all = all.Plus(counted)
				switch {
				case line > 0:
					sums.Lines = append(sums.Lines, counted)
				case line == 0:
					sums.Unbilled = counted
				}
			}
			structure := l.structure(row.StructureID)
			reached := row.Threshold == nil || row.Threshold.Progress.GreaterThanOrEqual(row.Threshold.Target)
			amounts := structure.Amounts(l.network.Currency, sums, reached, row.Status)
			got := fmt.Sprint(row.Conversions, row.BasisAmount, row.Billed, row.Unbilled, row.BelowThreshold, row.Balance)
			want := fmt.Sprint(all.Conversions, l.network.Currency.Exact(all.Of(structure.Basis())), amounts.Billed, amounts.Unbilled, amounts.BelowThreshold, amounts.Balance)
			if got != want {
				l.Errorf("from %s to %s the row of term %d shows %s; its accruals come to %s", days.From, days.To, row.TermID, got, want)
			}
			if filter.ReferrerID != 0 && got != shown[row.TermID] {
				l.Errorf("from %s to %s the row of term %d shows %s among alice's, and %s among all", days.From, days.To, row.TermID, got, shown[row.TermID])
			}
			shown[row.TermID] = got
		}
	}
}

// checkReports holds the reports of all partners, which are read and shown together, against that of each [P4], for an ADMIN
// and for a partner, who sees its own alone and no line that is hidden from it [R2].
func (l *life) checkReports(t *rapid.T) {
	days := l.someRange(t)
	by := rapid.SampledFrom(orders()).Draw(t, "order")
	ids := slices.Sorted(maps.Values(l.ids))
	for _, who := range []context.Context{l.admin(), l.as("alice")} {
		reports, err := l.ledger.Reports(who, l.network, days, ids)
		l.must(err)
		together := make([]*ledger.Report, len(ids))
		for i, id := range ids {
			together[i] = reports[id]
		}
		got := l.shown(by, together...)
		for i, id := range ids {
			alone, err := l.ledger.Report(who, l.network, days, ledger.Filter{ReferrerID: id})
			l.must(err)
			if want := l.shown(by, alone)[0]; got[i] != want {
				l.Errorf("from %s to %s, by %v, the report of %s, read with others, is\n%s\nand by itself\n%s", days.From, days.To, by, l.names[id], got[i], want)
			}
		}
	}
}

// shown is what reports show, in an order.
func (l *life) shown(by ledger.Order, reports ...*ledger.Report) []string {
	pages := make([]ledger.Page, len(reports))
	for i, report := range reports {
		keys, err := l.ledger.Sorted(l.admin(), report, by)
		l.must(err)
		pages[i] = ledger.Page{Report: report, Keys: keys}
	}
	rows, err := l.ledger.Pages(l.admin(), pages...)
	l.must(err)
	l.must(l.ledger.Name(l.admin(), slices.Concat(rows...)))
	texts := make([]string, len(reports))
	for i, report := range reports {
		lines := []string{fmt.Sprint(report.Totals)}
		for _, row := range rows[i] {
			lines = append(lines, told(row))
		}
		texts[i] = strings.Join(lines, "\n")
	}
	return texts
}

// accruals calls use for every row of them.
func (l *life) accruals(use func(term, line int, day commission.Date, counted commission.Sums)) {
	l.rows("SELECT term_id, line_id, day, conversions, revenue, payout, fee FROM accrual WHERE network_id = ?", func(row *stdsql.Rows) error {
		var term, line int
		var day commission.Date
		counted, err := scanned(row, &term, &line, &day)
		use(term, line, day, counted)
		return err
	})
}

// scanned reads the sums behind some columns of their own.
func scanned(row *stdsql.Rows, head ...any) (commission.Sums, error) {
	var conversions, revenue, payout, fee int64
	err := row.Scan(append(head, &conversions, &revenue, &payout, &fee)...)
	return commission.Sums{
		Conversions: conversions, Revenue: commission.FromMicros(revenue), Payout: commission.FromMicros(payout), Fee: commission.FromMicros(fee),
	}, err
}

func (l *life) rows(query string, scan func(*stdsql.Rows) error) {
	l.must(database.Each(l.system(), l.db, query, []any{l.network.ID}, scan))
}

func (l *life) structure(id int) commission.Structure {
	if known, ok := l.structures[id]; ok {
		return known
	}
	stored, err := l.db.CommissionStructure.Get(l.system(), id)
	l.must(err)
	l.structures[id] = ledger.StructureOf(stored)
	return l.structures[id]
}
