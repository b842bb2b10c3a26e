package billing

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/commissionstructure"
	"partner.example/referrals/ent/generated/invoice"
	"partner.example/referrals/ent/generated/partner"
	"partner.example/referrals/ent/viewer"
)

// Run is one billing run.
type Run struct {
	Through   commission.Date // the last day that may be billed, in the network's time zone; it must be over
	PartnerID int             // 0: every partner; otherwise this one, also where its frequency is MANUAL

	by string // of a scheduled run: the server whose it is
}

// Made is the invoices that a run made, by their ids.
type Made struct{ IDs []int }

// What keeps the gate shut for some tenths of a second at a time, and the memory of a run small.
const (
	partnersATransaction = 300
	termsATransaction    = 3000 // but all of one referrer
)

// fromTheLeft has the MySQL family join in the order in which the tables are written, partners first; to SQLite it is a
// comment. Where its statistics are old, MariaDB begins with the terms, or what is unbilled, of all partners, for each of them.
const fromTheLeft = "/*! STRAIGHT_JOIN */"

// linesAStatement keeps a statement under the limits of the engines: one referrer may have thousands of lines.
const linesAStatement = 1000

// Bill makes the invoices that are due through a day [I2], and tells their ids. It goes through the partners some
// hundreds a transaction, and says before the first and after each how many are done; a run that is cut off has done
// those, and the next run does the rest. Under a key the next run also tells what the one before it made. For ADMIN.
func (b *Billing) Bill(ctx context.Context, networkID int, run Run, progress func(done, of int)) ([]int, error) {
	if _, err := viewer.Require(ctx, networkID, commission.Admin); err != nil {
		return nil, err
	}
	ctx = viewer.Elevate(ctx)
	network, err := b.DB.Network.Get(ctx, networkID)
	if ent.IsNotFound(err) {
		return nil, commission.ErrNotFound("network", "network")
	}
	if err != nil {
		return nil, fmt.Errorf("find the network: %w", err)
	}
	zone, err := network.TimeZone.Location()
	if err != nil {
		return nil, err
	}
	if today := commission.DateOf(b.Now(), zone); run.Through >= today {
		return nil, commission.Refuse(commission.BadUserInput, "through", "must be before today, which is %s in %s: a day is billed when it is over", today, network.TimeZone)
	}
	if next := network.NextChangeAt; next != nil && !next.After(b.Now()) && b.TakeEffect != nil {
		if err := b.TakeEffect(ctx, networkID); err != nil {
			return nil, err
		}
	}
	candidates, err := b.candidates(ctx, networkID, run)
	if err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	progress(0, len(candidates))
	turns := groups(candidates)
	if len(turns) == 0 && database.HasKey(ctx) {
		turns = [][]int{nil} // to tell what an earlier run under the key made
	}
	var made []int
	done := 0
	for len(turns) > 0 {
		var invoices, billed []int
		err := b.transact(ctx, networkID, "runBilling", "", func(ctx context.Context, w *work) (err error) {
			billed = slices.Clone(turns[0])
			if run.by != "" {
				if err := w.beat(ctx, run.by); err != nil {
					return err
				}
			}
			invoices, err = w.bill(ctx, turns[0], run)
			return err
		}, &invoices, &billed)
		if err != nil {
			return made, err
		}
		made = append(made, invoices...)
		if !slices.Equal(billed, turns[0]) {
			continue // that was made under the same key by an earlier run, of other partners: these are still to come
		}
		done += len(turns[0])
		turns = turns[1:]
		progress(done, len(candidates))
	}
	return made, nil
}

// candidate is a partner that is perhaps to be invoiced.
type candidate struct{ id, terms int }

// candidates finds the partners that a run has to look at: those whose period is over and not invoiced, and who have
// something unbilled in it. It asks in front of the gate, so that a run which finds nothing holds up nobody. What
// changes after that is seen behind the gate, or by the next run.
func (b *Billing) candidates(ctx context.Context, networkID int, run Run) ([]candidate, error) {
	if run.PartnerID != 0 {
		found, err := b.DB.Partner.Query().Where(partner.ID(run.PartnerID), partner.NetworkID(networkID)).Only(ctx)
		switch {
		case ent.IsNotFound(err):
			return nil, commission.ErrNotFound("partner", "partner")
		case err != nil:
			return nil, fmt.Errorf("find the partner: %w", err)
		case found.Status == commission.PartnerPending:
			return nil, commission.Refuse(commission.FailedPrecondition, "partner", "is PENDING, and has no invoices before it is approved")
		}
		return []candidate{{id: found.ID}}, nil
	}
	var until strings.Builder
	var args []any
	for _, name := range commission.BillingFrequency("").Values() {
		if period, regular := commission.BillingFrequency(name).LastPeriod(run.Through); regular {
			until.WriteString(" WHEN '" + name + "' THEN ?")
			args = append(args, int32(period.To))
		}
	}
	var all []candidate
	err := database.Each(ctx, b.DB, `
		SELECT p.id, (SELECT `+fromTheLeft+` COUNT(*) FROM referral r JOIN referral_term t ON t.referral_id = r.id WHERE r.referrer_id = p.id)
		FROM (
			SELECT id, CASE billing_frequency`+until.String()+` END AS last_day FROM partner
			WHERE network_id = ? AND status NOT IN ('PENDING', 'SUSPENDED') AND billing_frequency <> 'MANUAL'
		) p
		WHERE NOT EXISTS (SELECT 1 FROM invoice i WHERE i.partner_id = p.id AND i.to_day >= p.last_day AND i.status <> 'DELETED') AND (
			EXISTS (SELECT 1 FROM earning_day e WHERE e.line_id = 0 AND e.partner_id = p.id AND e.day <= p.last_day AND e.payout <> 0)
			OR EXISTS (
				SELECT `+fromTheLeft+` 1 FROM referral r JOIN referral_term t ON t.referral_id = r.id JOIN accrual a ON a.line_id = 0 AND a.term_id = t.id AND a.day <= p.last_day
				WHERE r.referrer_id = p.id
			)
		)
		ORDER BY p.id`, append(args, networkID), func(row *stdsql.Rows) error {
		var c candidate
		err := row.Scan(&c.id, &c.terms)
		all = append(all, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find the partners: %w", err)
	}
	return all, nil
}

// groups cuts the candidates into those of one transaction, by their ids.
func groups(candidates []candidate) [][]int {
	var all [][]int
	terms := 0
	for _, c := range candidates {
		last := len(all) - 1
		if terms += c.terms; last < 0 || len(all[last]) == partnersATransaction || terms > termsATransaction {
			all, last, terms = append(all, nil), last+1, c.terms
		}
		all[last] = append(all[last], c.id)
	}
	return all
}

// draft is an invoice on its way.
type draft struct {
	partner *ent.Partner
	period  commission.Period
	lines   []*ent.InvoiceLineCreate
	carried []int // the lines that carried forward to this invoice
	total   decimal.Decimal

	terms       []*term // that the lines pay
	earningDays int     // how many rows of its own payouts they pay
}

// bill makes the invoices of some partners. It takes the same number of statements for any number of them.
func (w *work) bill(ctx context.Context, partnerIDs []int, run Run) ([]int, error) {
	if len(partnerIDs) == 0 {
		return nil, nil
	}
	drafts, err := w.due(ctx, partnerIDs, run)
	if err != nil || len(drafts) == 0 {
		return nil, err
	}
	for _, add := range []func(context.Context, map[int]*draft) error{w.addPayouts, w.addTerms, w.addCarried} {
		if err := add(ctx, drafts); err != nil {
			return nil, err
		}
	}
	var ready []*draft
	for _, id := range partnerIDs {
		d := drafts[id]
		if d == nil || len(d.lines) == 0 {
			continue
		}
		if carry := commission.Carry(d.total); carry.IsPositive() {
			d.add(w.line(commission.CarryForward, "Carried forward to the next invoice", d.period).SetAmount(carry), carry)
		}
		if least := d.partner.InvoiceThreshold; least != nil && d.total.LessThan(*least) {
			continue // it waits, and its amounts go on to the next run
		}
		ready = append(ready, d)
	}
	return w.issue(ctx, ready)
}

// due finds the partners whose invoice is due: a period of theirs is over that no invoice of theirs reaches.
// A SUSPENDED partner gets no new lines [T6].
func (w *work) due(ctx context.Context, partnerIDs []int, run Run) (map[int]*draft, error) {
	partners, err := w.tx.Partner.Query().Where(partner.IDIn(partnerIDs...), partner.StatusNEQ(commission.PartnerSuspended)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the partners: %w", err)
	}
	reached := map[int]commission.Date{}
	err = database.EachIn(ctx, w.tx, `
		SELECT partner_id, MAX(to_day) FROM invoice WHERE status <> 'DELETED' AND partner_id IN (%s) GROUP BY partner_id`, nil, partnerIDs,
		func(row *stdsql.Rows) error {
			var id int
			var day commission.Date
			err := row.Scan(&id, &day)
			reached[id] = day
			return err
		})
	if err != nil {
		return nil, err
	}
	drafts := map[int]*draft{}
	for _, p := range partners {
		period, regular := p.BillingFrequency.LastPeriod(run.Through)
		last, billed := reached[p.ID]
		if !regular {
			if run.PartnerID == 0 {
				continue // it became MANUAL since the run began
			}
			period = commission.Period{From: run.Through, To: run.Through}
			if billed {
				period.From = last + 1
			}
		}
		if billed && last >= period.From && last < period.To { // another frequency had a part of it: periods do not overlap
			period.From = last + 1
		}
		if !billed || last < period.To {
			drafts[p.ID] = &draft{partner: p, period: period, total: w.network.Currency.Round(decimal.Zero)}
		}
	}
	return drafts, nil
}

func (w *work) line(kind commission.LineType, description string, days commission.Period) *ent.InvoiceLineCreate {
	return w.tx.InvoiceLine.Create().SetNetworkID(w.network.ID).SetType(kind).SetDescription(description).
		SetFrom(days.From).SetTo(days.To).SetConversions(0).SetBasisAmount(decimal.Zero)
}

func (d *draft) add(line *ent.InvoiceLineCreate, amount decimal.Decimal) {
	d.lines = append(d.lines, line)
	d.total = d.total.Add(amount)
}

// until is the days through which something is billed, each with the partners whose period ends then: there are
// as many as there are frequencies.
func until(drafts map[int]*draft) map[commission.Date][]int {
	days := map[commission.Date][]int{}
	for id, d := range drafts {
		days[d.period.To] = append(days[d.period.To], id)
	}
	return days
}

// addPayouts adds the line of each partner's own payouts.
func (w *work) addPayouts(ctx context.Context, drafts map[int]*draft) error {
	for day, partners := range until(drafts) {
		err := database.EachIn(ctx, w.tx, `
			SELECT `+fromTheLeft+` e.partner_id, MIN(e.day), MAX(e.day), SUM(e.conversions), SUM(e.payout), COUNT(*)
			FROM partner p JOIN earning_day e ON e.partner_id = p.id
			WHERE e.line_id = 0 AND e.day <= ? AND p.id IN (%s) GROUP BY e.partner_id`, []any{int32(day)}, partners, func(row *stdsql.Rows) error {
			var id, rows int
			var days commission.Period
			var conversions, micros int64
			if err := row.Scan(&id, &days.From, &days.To, &conversions, &micros, &rows); err != nil {
				return err
			}
			payout := commission.FromMicros(micros)
			amount := w.network.Currency.Round(payout)
			if amount.IsZero() {
				return nil
			}
			d := drafts[id]
			d.earningDays += rows
			d.add(w.line(commission.PartnerPayout, "Payouts of "+d.partner.Name, days).
				SetConversions(conversions).SetBasisAmount(payout).SetAmount(amount), amount)
			return nil
		})
		if err != nil {
			return fmt.Errorf("sum the payouts: %w", err)
		}
	}
	return nil
}

// term is what is known of one term of a referrer that is billed.
type term struct {
	commission.TermBill
	id, referralID int
	referrerID     int
	referredID     int
	referredName   string
	structureID    int
	granted        bool // its term is a grant's
	days           commission.Period
	rows           int
}

// addTerms adds a line for each referral term that has something payable.
func (w *work) addTerms(ctx context.Context, drafts map[int]*draft) error {
	var terms []*term
	for day, referrers := range until(drafts) {
		found, err := w.terms(ctx, day, referrers)
		if err != nil {
			return err
		}
		terms = append(terms, found...)
	}
	if len(terms) == 0 {
		return nil
	}
	if err := w.measure(ctx, terms); err != nil {
		return err
	}
	for _, t := range terms {
		amount, kind, payable := t.Line(w.network.Currency)
		if !payable {
			continue
		}
		d := drafts[t.referrerID]
		d.terms = append(d.terms, t)
		what := "Referral commission"
		switch {
		case t.granted && kind == commission.ReferralAdjustment:
			what = "Adjustment of the referral commission that was granted"
		case t.granted:
			what = "Referral commission that was granted"
		case kind == commission.ReferralAdjustment:
			what = "Adjustment of the referral commission"
		}
		description := fmt.Sprintf("%s for %s: %s", what, t.referredName, t.Structure.Summary(w.network.Currency))
		d.add(w.line(kind, description, t.days).SetTermID(t.id).SetReferredID(t.referredID).SetReferredName(t.referredName).SetStructureID(t.structureID).
			SetConversions(t.Unbilled.Conversions).SetBasisAmount(t.Unbilled.Of(t.Structure.Basis())).SetAmount(amount), amount)
	}
	return nil
}

// terms finds the terms of referrers that have something unbilled through a day.
func (w *work) terms(ctx context.Context, through commission.Date, referrers []int) ([]*term, error) {
	var terms []*term
	err := database.EachIn(ctx, w.tx, `
		SELECT `+fromTheLeft+` t.id, t.referral_id, r.referrer_id, r.referred_id, p.name, t.structure_id, t.grant_id IS NOT NULL, MIN(a.day), MAX(a.day),
			SUM(a.conversions), SUM(a.revenue), SUM(a.payout), SUM(a.fee), COUNT(*)
		FROM referral r JOIN partner p ON p.id = r.referred_id JOIN referral_term t ON t.referral_id = r.id JOIN accrual a ON a.term_id = t.id
		WHERE a.line_id = 0 AND a.day <= ? AND r.referrer_id IN (%s)
		GROUP BY t.id, t.referral_id, r.referrer_id, r.referred_id, p.name, t.structure_id, t.grant_id ORDER BY t.id`, []any{int32(through)}, referrers,
		func(row *stdsql.Rows) error {
			var t term
			var conversions, revenue, payout, fee int64
			if err := row.Scan(&t.id, &t.referralID, &t.referrerID, &t.referredID, &t.referredName, &t.structureID, &t.granted, &t.days.From, &t.days.To,
				&conversions, &revenue, &payout, &fee, &t.rows); err != nil {
				return err
			}
			t.Unbilled = commission.Sums{
				Conversions: conversions, Revenue: commission.FromMicros(revenue), Payout: commission.FromMicros(payout), Fee: commission.FromMicros(fee),
			}
			terms = append(terms, &t)
			return nil
		})
	return terms, err
}

// measure finds each term's structure, and where it matters whether its threshold is reached [C3] and what the term
// was billed so far [C6].
func (w *work) measure(ctx context.Context, terms []*term) error {
	structureIDs := make([]int, len(terms))
	for i, t := range terms {
		structureIDs[i] = t.structureID
	}
	slices.Sort(structureIDs)
	stored, err := w.tx.CommissionStructure.Query().Where(commissionstructure.IDIn(slices.Compact(structureIDs)...)).All(ctx)
	if err != nil {
		return fmt.Errorf("find the structures: %w", err)
	}
	structures := map[int]commission.Structure{}
	for _, s := range stored {
		structures[s.ID] = ledger.StructureOf(s)
	}
	byID := map[int]*term{}
	var waiting, losing []int
	for _, t := range terms {
		byID[t.id], t.Structure = t, structures[t.structureID]
		if t.Structure.MinimumEarnings != nil {
			waiting = append(waiting, t.id)
		}
		if t.Structure.Earned(t.Unbilled).IsNegative() {
			losing = append(losing, t.id)
		}
	}
	measures, err := ledger.Measures(ctx, w.tx, waiting)
	if err != nil {
		return fmt.Errorf("measure the thresholds: %w", err)
	}
	for _, t := range terms {
		t.Reached = t.Structure.ThresholdAt(measures[t.id]).Reached()
	}
	return database.EachIn(ctx, w.tx, `
		SELECT l.term_id, SUM(l.amount) FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
		WHERE i.status <> 'DELETED' AND l.term_id IN (%s) GROUP BY l.term_id`, nil, losing, func(row *stdsql.Rows) error {
		var id int
		var billed int64
		err := row.Scan(&id, &billed)
		byID[id].Billed = commission.FromMicros(billed)
		return err
	})
}

// addCarried brings back what earlier invoices carried forward [I5].
func (w *work) addCarried(ctx context.Context, drafts map[int]*draft) error {
	ids := make([]int, 0, len(drafts))
	for id := range drafts {
		ids = append(ids, id)
	}
	return database.EachIn(ctx, w.tx, `
		SELECT i.partner_id, i.number, l.id, l.amount FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id
		WHERE i.status <> 'DELETED' AND l.type = 'CARRY_FORWARD' AND l.amount > 0 AND l.carried_by IS NULL AND i.partner_id IN (%s)
		ORDER BY l.id`, nil, ids, func(row *stdsql.Rows) error {
		var partnerID, number, lineID int
		var micros int64
		if err := row.Scan(&partnerID, &number, &lineID, &micros); err != nil {
			return err
		}
		d := drafts[partnerID]
		if len(d.lines) == 0 {
			return nil // nothing to set it off against: it waits
		}
		amount := commission.FromMicros(micros).Neg()
		d.carried = append(d.carried, lineID)
		d.add(w.line(commission.CarryForward, fmt.Sprintf("Carried forward from invoice %d", number), d.period).SetAmount(amount), amount)
		return nil
	})
}

// issue numbers and stores invoices, and claims what they pay.
func (w *work) issue(ctx context.Context, drafts []*draft) ([]int, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	issuedOn := commission.DateOf(w.at, w.zone)
	number := w.network.NextInvoiceNumber
	creates := make([]*ent.InvoiceCreate, len(drafts))
	for i, d := range drafts {
		creates[i] = w.tx.Invoice.Create().SetNetworkID(w.network.ID).SetNumber(number + i).
			SetPartnerID(d.partner.ID).SetPartnerName(d.partner.Name).SetFrom(d.period.From).SetTo(d.period.To).
			SetStatus(commission.Unpaid).SetHidden(d.partner.HideInvoices).SetTotal(d.total).
			SetIssuedAt(w.at).SetDueOn(issuedOn + commission.Date(d.partner.PaymentTermsDays)) //nolint:gosec // a year at most
	}
	var ids []int
	err := audit.Together(ctx, func(ctx context.Context) (_ []int, err error) {
		if err := w.tx.Invoice.CreateBulk(creates...).Exec(ctx); err != nil {
			return nil, err
		}
		ids, err = w.tx.Invoice.Query().Where(invoice.NetworkID(w.network.ID), invoice.NumberGTE(number)).Order(invoice.ByNumber()).IDs(ctx)
		return ids, err
	})
	if err != nil {
		return nil, fmt.Errorf("store the invoices: %w", err)
	}
	if err := w.tx.Network.UpdateOneID(w.network.ID).SetNextInvoiceNumber(number + len(drafts)).Exec(ctx); err != nil {
		return nil, fmt.Errorf("count the invoices: %w", err)
	}
	var lines []*ent.InvoiceLineCreate
	for i, d := range drafts {
		for _, line := range d.lines {
			lines = append(lines, line.SetInvoiceID(ids[i]))
		}
	}
	for some := range slices.Chunk(lines, linesAStatement) {
		if err := w.tx.InvoiceLine.CreateBulk(some...).Exec(ctx); err != nil {
			return nil, fmt.Errorf("store the lines: %w", err)
		}
	}
	if err := w.claim(ctx, drafts); err != nil {
		return nil, err
	}
	return ids, w.bringBack(ctx, drafts, ids)
}

// claim marks what the lines pay as theirs: just the rows that were summed, since the gate has been shut.
func (w *work) claim(ctx context.Context, drafts []*draft) error {
	accruals, earningDays := 0, 0
	since := map[int]commission.Date{} // of each term that is paid: the first day
	for _, d := range drafts {
		earningDays += d.earningDays
		for _, t := range d.terms {
			accruals += t.rows
			since[t.id] = t.days.From
		}
	}
	for _, claim := range []struct {
		table, payer string
		summed       int
	}{
		{"accrual", "l.term_id = accrual.term_id", accruals},
		{"earning_day", "l.type = 'PARTNER_PAYOUT' AND i.partner_id = earning_day.partner_id", earningDays},
	} {
		if claim.summed == 0 {
			continue
		}
		claimed, err := w.tx.UpdateJoined(ctx, database.Joined{
			Table: claim.table,
			Set:   "slot = CASE slot WHEN 0 THEN l.id ELSE slot END, line_id = l.id",
			With:  "invoice i JOIN invoice_line l ON l.invoice_id = i.id",
			On:    claim.payer + " AND " + claim.table + ".day <= i.to_day",
			Where: "i.network_id = ? AND i.number >= ? AND line_id = 0",
		}, w.network.ID, w.network.NextInvoiceNumber)
		if err != nil {
			return fmt.Errorf("claim what the lines pay: %w", err)
		}
		if claimed != claim.summed {
			return fmt.Errorf("the lines pay %d rows of %s, and %d were there to be claimed", claim.summed, claim.table, claimed)
		}
	}
	return ledger.Recount(ctx, w.tx, since)
}

// bringBack marks what was carried forward as brought back by the lines of the new invoices.
func (w *work) bringBack(ctx context.Context, drafts []*draft, invoices []int) error {
	var bringing []int
	for i, d := range drafts {
		if len(d.carried) > 0 {
			bringing = append(bringing, invoices[i])
		}
	}
	back := map[int][]int{} // of an invoice: the lines that bring back, in the order of what they bring
	err := database.EachIn(ctx, w.tx, `
		SELECT id, invoice_id FROM invoice_line WHERE type = 'CARRY_FORWARD' AND amount < 0 AND invoice_id IN (%s) ORDER BY id`, nil, bringing,
		func(row *stdsql.Rows) error {
			var id, invoiceID int
			err := row.Scan(&id, &invoiceID)
			back[invoiceID] = append(back[invoiceID], id)
			return err
		})
	if err != nil {
		return fmt.Errorf("find the lines that bring back: %w", err)
	}
	type carried struct{ from, by int }
	var all []carried
	for i, d := range drafts {
		for j, from := range d.carried {
			all = append(all, carried{from, back[invoices[i]][j]})
		}
	}
	for some := range slices.Chunk(all, linesAStatement) {
		var cases strings.Builder
		var args, ids []any
		for _, c := range some {
			cases.WriteString(" WHEN ? THEN ?")
			args, ids = append(args, c.from, c.by), append(ids, c.from)
		}
		_, err := w.tx.ExecContext(ctx, "UPDATE invoice_line SET carried_by = CASE id"+cases.String()+" END WHERE id IN ("+database.Placeholders(len(some))+")",
			append(args, ids...)...)
		if err != nil {
			return fmt.Errorf("bring back what was carried forward: %w", err)
		}
	}
	return nil
}
