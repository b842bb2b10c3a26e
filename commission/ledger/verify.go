package ledger

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

// Difference is a row that is not what follows from the conversions and the history of settings.
type Difference struct {
	Row        string           // which row it is, and what is wrong with it
	ReferrerID int              // whose commission it is about; 0: nobody's
	Expected   *decimal.Decimal // the amount that follows; nil: it is about no amount
	Found      *decimal.Decimal // the amount that is stored
}

// Verify recomputes every sum of every network from the conversions under the terms, and every invoice from what it
// claimed, tells what differs, and returns how many conversions it went through. It writes nothing and its memory
// does not grow with the conversions. Each network is read as it is at one moment, whatever is written meanwhile. It
// is for the program itself.
func (l *Ledger) Verify(ctx context.Context, tell func(difference string)) (int, error) {
	if v, ok := viewer.From(ctx); !ok || !v.IsSystem() {
		return 0, commission.Refuse(commission.Forbidden, "", "only the program itself verifies")
	}
	networks, err := l.DB.Network.Query().All(ctx)
	if err != nil {
		return 0, err
	}
	verified := 0
	for _, network := range networks {
		_, count, err := l.prove(ctx, network, func(d Difference) { tell(d.Row) })
		if err != nil {
			return 0, err
		}
		verified += count
	}
	return verified, nil
}

// proof is one network that is recomputed, as it is at one moment.
type proof struct {
	db         database.Querier
	monthOf    func(column string) string // of a day, in a statement
	network    *ent.Network
	zone       *time.Location
	structures map[int]commission.Structure
	terms      map[int]*provedTerm
	counts     map[place]commission.Sums // what follows from the conversions and the first approvals
	tell       func(Difference)
}

// provedTerm is a term with what its money is computed from.
type provedTerm struct {
	id, referralID int
	referrerID     int
	structure      commission.Structure
	granted        bool            // it is a grant's
	total          commission.Sums // as stored
}

func (l *Ledger) prove(ctx context.Context, network *ent.Network, tell func(Difference)) (r *Reconciliation, conversions int, err error) {
	zone, err := network.TimeZone.Location()
	if err != nil {
		return nil, 0, err
	}
	return r, conversions, l.DB.Snapshot(ctx, func(ctx context.Context, db database.Querier) error {
		p := &proof{db: db, monthOf: l.DB.MonthOf, network: network, zone: zone, terms: map[int]*provedTerm{}, counts: map[place]commission.Sums{}, tell: tell}
		if p.structures, err = structuresOf(ctx, db, network.ID); err != nil {
			return err
		}
		for _, step := range []func(context.Context) error{
			p.verifyStructures, p.findTerms, p.verifySums, p.verifyMonths, func(ctx context.Context) (err error) {
				conversions, err = p.verifyAttribution(ctx)
				return err
			}, p.verifyTerms, p.verifyGrants, p.verifyVoids, p.verifyReferredBy, p.verifyInvoices, func(ctx context.Context) (err error) {
				r, err = p.reconcile(ctx)
				return err
			},
		} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *proof) tellf(format string, args ...any) {
	p.tell(Difference{Row: fmt.Sprintf(format, args...)})
}

// tellOf tells of a row of a term, whose sums are worth something else than they should be.
func (p *proof) tellOf(term int, is, should commission.Sums, format string, args ...any) {
	d := Difference{Row: fmt.Sprintf(format, args...)}
	if t := p.terms[term]; t != nil {
		expected, found := t.structure.Earned(should).Round(commission.Scale), t.structure.Earned(is).Round(commission.Scale)
		d.ReferrerID, d.Expected, d.Found = t.referrerID, &expected, &found
	}
	p.tell(d)
}

// verifyStructures holds each structure against the text that it is known by: two of them must never say the same, and
// none changes [S5].
func (p *proof) verifyStructures(ctx context.Context) error {
	return database.Each(ctx, p.db, "SELECT id, canonical FROM commission_structure WHERE network_id = ?", []any{p.network.ID}, func(row *stdsql.Rows) error {
		var id int
		var canonical string
		err := row.Scan(&id, &canonical)
		if key := p.structures[id].Key(); key != canonical {
			p.tellf("structure %d says %q, and is known as %q", id, key, canonical)
		}
		return err
	})
}

// findTerms reads the terms, with what is stored of their sums.
func (p *proof) findTerms(ctx context.Context) error {
	return database.Each(ctx, p.db, `
		SELECT t.id, t.referral_id, r.referrer_id, t.structure_id, t.grant_id IS NOT NULL,
			COALESCE(total.conversions, 0), COALESCE(total.revenue, 0), COALESCE(total.payout, 0), COALESCE(total.fee, 0)
		FROM referral_term t JOIN referral r ON r.id = t.referral_id LEFT JOIN (
			SELECT term_id, SUM(conversions) AS conversions, SUM(revenue) AS revenue, SUM(payout) AS payout, SUM(fee) AS fee
			FROM term_month WHERE network_id = ? GROUP BY term_id
		) total ON total.term_id = t.id
		WHERE t.network_id = ?`, []any{p.network.ID, p.network.ID}, func(row *stdsql.Rows) error {
		var t provedTerm
		var structureID int
		var err error
		t.total, err = scanSums(row, &t.id, &t.referralID, &t.referrerID, &structureID, &t.granted)
		t.structure = p.structures[structureID]
		p.terms[t.id] = &t
		return err
	})
}

// verifySums adds up accruals and earning days anew.
func (p *proof) verifySums(ctx context.Context) error {
	for _, check := range []struct{ says, query string }{
		{
			"accrual %d sums %d conversions, revenue %s, payout %s; its conversions sum %d, %s, %s", `
			SELECT a.id, a.term_id, a.conversions, a.revenue, a.payout, 0, COALESCE(c.n, 0), COALESCE(c.revenue, 0), COALESCE(c.payout, 0), 0
			FROM accrual a LEFT JOIN (
				SELECT accrual_id, SUM(CASE WHEN adjusts_id IS NULL THEN 1 ELSE 0 END) AS n, SUM(revenue) AS revenue, SUM(payout) AS payout
				FROM conversion WHERE network_id = ? AND accrual_id IS NOT NULL GROUP BY accrual_id
			) c ON c.accrual_id = a.id
			WHERE a.network_id = ? AND (a.conversions <> COALESCE(c.n, 0) OR a.revenue <> COALESCE(c.revenue, 0) OR a.payout <> COALESCE(c.payout, 0))`,
		},
		{
			"earning day %d sums %d conversions, revenue %s, payout %s; its conversions sum %d, %s, %s", `
			SELECT e.id, 0, e.conversions, e.revenue, e.payout, 0, COALESCE(c.n, 0), COALESCE(c.revenue, 0), COALESCE(c.payout, 0), 0
			FROM earning_day e LEFT JOIN (
				SELECT earning_day_id, SUM(CASE WHEN adjusts_id IS NULL THEN 1 ELSE 0 END) AS n, SUM(revenue) AS revenue, SUM(payout) AS payout
				FROM conversion WHERE network_id = ? GROUP BY earning_day_id
			) c ON c.earning_day_id = e.id
			WHERE e.network_id = ? AND (e.conversions <> COALESCE(c.n, 0) OR e.revenue <> COALESCE(c.revenue, 0) OR e.payout <> COALESCE(c.payout, 0))`,
		},
	} {
		err := database.Each(ctx, p.db, check.query, []any{p.network.ID, p.network.ID}, func(row *stdsql.Rows) error {
			var id, term int
			var n [2]int64
			var micros [6]int64
			if err := row.Scan(&id, &term, &n[0], &micros[0], &micros[1], &micros[2], &n[1], &micros[3], &micros[4], &micros[5]); err != nil {
				return err
			}
			is := commission.Sums{Conversions: n[0], Revenue: commission.FromMicros(micros[0]), Payout: commission.FromMicros(micros[1]), Fee: commission.FromMicros(micros[2])}
			should := commission.Sums{Conversions: n[1], Revenue: commission.FromMicros(micros[3]), Payout: commission.FromMicros(micros[4]), Fee: commission.FromMicros(micros[5])}
			p.tellOf(term, is, should, check.says, id, n[0], is.Revenue, is.Payout, n[1], should.Revenue, should.Payout)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// verifyMonths adds up the months of terms anew. A row that sums nothing is as good as none.
func (p *proof) verifyMonths(ctx context.Context) error {
	return database.Each(ctx, p.db, `
		SELECT month, line_id, term_id, SUM(n), SUM(brought), SUM(paid), SUM(fees), SUM(conversions), SUM(revenue), SUM(payout), SUM(fee) FROM (
			SELECT month, line_id, term_id, conversions, revenue, payout, fee, 0 AS n, 0 AS brought, 0 AS paid, 0 AS fees
			FROM term_month WHERE network_id = ?
			UNION ALL
			SELECT `+p.monthOf("day")+`, line_id, term_id, 0, 0, 0, 0, conversions, revenue, payout, fee
			FROM accrual WHERE network_id = ?
		) AS each_of_both GROUP BY month, line_id, term_id
		HAVING SUM(conversions) <> SUM(n) OR SUM(revenue) <> SUM(brought) OR SUM(payout) <> SUM(paid) OR SUM(fee) <> SUM(fees)
		ORDER BY term_id, month, line_id`, []any{p.network.ID, p.network.ID}, func(row *stdsql.Rows) error {
		var at month
		var n, revenue, payout, fee int64
		is, err := scanSums(row, &at.CalendarMonth, &at.line, &at.term, &n, &revenue, &payout, &fee)
		should := micros{n, revenue, payout, fee}.sums()
		p.tellOf(at.term, is, should, "term %d sums %d conversions, revenue %s, payout %s, fee %s in %s with the line %d; its accruals sum %d, %s, %s, %s",
			at.term, is.Conversions, is.Revenue, is.Payout, is.Fee, at.CalendarMonth, at.line, should.Conversions, should.Revenue, should.Payout, should.Fee)
		return err
	})
}

// verifyAttribution attributes every conversion of the network anew, and sums what follows from it.
func (p *proof) verifyAttribution(ctx context.Context) (int, error) {
	history, err := load(ctx, p.db, p.network.ID, nil)
	if err != nil {
		return 0, err
	}
	count := 0
	return count, database.Each(ctx, p.db, `
		SELECT c.id, c.partner_id, c.occurred_at, o.occurred_at, c.day, COALESCE(a.term_id, 0), COALESCE(a.day, c.day), COALESCE(a.line_id, 0), e.partner_id, e.day,
			c.revenue, c.payout, COALESCE(o.grant_id, c.grant_id, 0)
		FROM conversion c
		LEFT JOIN conversion o ON o.id = c.adjusts_id
		LEFT JOIN accrual a ON a.id = c.accrual_id
		LEFT JOIN earning_day e ON e.id = c.earning_day_id
		WHERE c.network_id = ?`, []any{p.network.ID}, func(row *stdsql.Rows) error {
		var id, partnerID, termID, line, grantID int
		var occurredAt time.Time
		var originalAt *time.Time
		var day, accrualDay commission.Date
		var earningPartner, earningDay stdsql.NullInt64
		var revenue, payout int64
		if err := row.Scan(&id, &partnerID, &occurredAt, &originalAt, &day, &termID, &accrualDay, &line, &earningPartner, &earningDay, &revenue, &payout, &grantID); err != nil {
			return err
		}
		count++
		should := 0
		sums := commission.Sums{Conversions: 1, Revenue: commission.FromMicros(revenue), Payout: commission.FromMicros(payout)}
		attributedAt := occurredAt
		if originalAt != nil {
			attributedAt, sums.Conversions = *originalAt, 0
		}
		attribution := history.attribute(partnerID, attributedAt, grantID)
		if grantID != 0 && attribution.Grant == nil {
			p.tellf("conversion %d says that the grant %d pays it, which does not", id, grantID)
		}
		if term := attribution.Term; term != nil {
			should = term.ID
			at := place{should, line}
			p.counts[at] = p.counts[at].Plus(sums)
		}
		switch {
		case termID != should && should != 0:
			p.tellOf(should, commission.Sums{}, sums, "conversion %d counts at term %d; it occurred in term %d (0: in none)", id, termID, should)
		case termID != should:
			p.tellOf(termID, sums, commission.Sums{}, "conversion %d counts at term %d; it occurred in term %d (0: in none)", id, termID, should)
		case day != commission.DateOf(occurredAt, p.zone) || accrualDay != day || earningDay.Int64 != int64(day):
			p.tellf("conversion %d counts on another day than %s", id, commission.DateOf(occurredAt, p.zone))
		case int(earningPartner.Int64) != partnerID:
			p.tellf("conversion %d counts for the partner %d and not for its own, %d", id, earningPartner.Int64, partnerID)
		}
		return nil
	})
}

// verifyTerms computes every term's window and flat fee anew, and follows the chain that the terms of a referral are.
func (p *proof) verifyTerms(ctx context.Context) error {
	var last commission.Term // the one before, of the same referral
	var lastReferral, latest int
	var lastEndedAt *time.Time
	over := func() { // all that can end the last one is known
		if end, ends := last.End(); last.ID != 0 && lastEndedAt != nil && (!ends || end.After(*lastEndedAt)) {
			p.tellf("term %d runs on after its referral ended", last.ID)
		}
	}
	ended := func() {
		over()
		if last.ID != latest {
			p.tellf("referral %d takes the term %d for its latest, which is %d", lastReferral, latest, last.ID)
		}
	}
	fees := map[int]decimal.Decimal{}
	err := database.Each(ctx, p.db, `
		SELECT t.id, t.referral_id, t.structure_id, t.referred_date, t.window_ends_at, t.stopped_at,
			COALESCE(t.previous_id, -1), COALESCE(r.latest_term_id, 0), r.started_at, r.ended_at, referred.approved_at,
			(SELECT COUNT(*) FROM partner_status s WHERE s.partner_id = r.referrer_id AND s.status = 'ACTIVE'
				AND s.since <= r.started_at AND (s.until IS NULL OR s.until > r.started_at))
		FROM referral_term t JOIN referral r ON r.id = t.referral_id JOIN partner referred ON referred.id = r.referred_id
		WHERE t.network_id = ? AND t.grant_id IS NULL ORDER BY t.referral_id, t.referred_date`, []any{p.network.ID}, func(row *stdsql.Rows) error {
		var id, referralID, structureID, previous, latestTerm, active int
		var term commission.Term
		var startedAt time.Time
		var endedAt, approvedAt *time.Time
		if err := row.Scan(&id, &referralID, &structureID, &term.ReferredDate, &term.WindowEndsAt, &term.ClosedAt, &previous, &latestTerm, &startedAt, &endedAt, &approvedAt, &active); err != nil {
			return err
		}
		if referralID != lastReferral {
			ended()
			last = commission.Term{}
		}
		if previous != last.ID {
			p.tellf("term %d says that it follows %d, and it follows %d", id, previous, last.ID)
		}
		if last.ClosedAt != nil && last.ClosedAt.After(term.ReferredDate) {
			p.tellf("term %d begins before the term before it ends", id)
		}
		if last.ID != 0 {
			last.Supersede(term.ReferredDate)
			over()
		}
		term.ID = id
		last, lastReferral, lastEndedAt, latest = term, referralID, endedAt, latestTerm
		structure := p.structures[structureID]
		if !same(term.WindowEndsAt, structure.WindowEndsAt(term.ReferredDate, p.zone)) {
			p.tellf("term %d ends its window at another moment than a duration after its Referred Date", id)
		}
		earned := commission.Sums{}.Fee
		if flat, isFlat := structure.Commission.(commission.FlatFee); isFlat && approvedAt != nil &&
			approvedAt.Equal(startedAt) && term.ReferredDate.Equal(startedAt) && active > 0 {
			earned = flat.Amount
		}
		if !earned.IsZero() {
			fees[id] = earned
		}
		if found := p.terms[id].total.Fee; !found.Equal(earned) {
			p.tellOf(id, commission.Sums{Fee: found}, commission.Sums{Fee: earned}, "term %d earned a flat fee of %s; it should be %s", id, found, earned)
		}
		return nil
	})
	if err != nil {
		return err
	}
	ended()
	if err := p.verifyLatest(ctx); err != nil {
		return err
	}
	return p.addFees(ctx, fees)
}

// verifyLatest looks for referrals whose latest term is none of theirs.
func (p *proof) verifyLatest(ctx context.Context) error {
	return database.Each(ctx, p.db, `
		SELECT r.id, r.latest_term_id FROM referral r LEFT JOIN referral_term t ON t.id = r.latest_term_id AND t.referral_id = r.id AND t.previous_id IS NOT NULL
		WHERE r.network_id = ? AND r.latest_term_id IS NOT NULL AND t.id IS NULL`, []any{p.network.ID}, func(row *stdsql.Rows) error {
		var id, term int
		err := row.Scan(&id, &term)
		p.tellf("referral %d takes the term %d for its latest, which is none of its", id, term)
		return err
	})
}

// addFees puts the fees that follow from the first approvals to where they count: each is in one accrual.
func (p *proof) addFees(ctx context.Context, fees map[int]decimal.Decimal) error {
	lines := map[int]int{} // by term
	err := database.Each(ctx, p.db, "SELECT term_id, line_id FROM accrual WHERE network_id = ? AND fee <> 0", []any{p.network.ID}, func(row *stdsql.Rows) error {
		var term, line int
		err := row.Scan(&term, &line)
		lines[term] = line
		return err
	})
	for term, fee := range fees {
		at := place{term, lines[term]}
		p.counts[at] = p.counts[at].Plus(commission.Sums{Fee: fee})
	}
	return err
}

// verifyReferredBy holds Referred By against the referrals.
func (p *proof) verifyReferredBy(ctx context.Context) error {
	return database.Each(ctx, p.db, `
		SELECT p.id FROM partner p LEFT JOIN referral r ON r.active_key = p.id
		WHERE p.network_id = ? AND p.approved_at IS NOT NULL AND COALESCE(p.referred_by_id, 0) <> COALESCE(r.referrer_id, 0)`,
		[]any{p.network.ID}, func(row *stdsql.Rows) error {
			var id int
			err := row.Scan(&id)
			p.tellf("partner %d has another Referred By than its referral", id)
			return err
		})
}

func same(a, b *time.Time) bool { return a == b || (a != nil && b != nil && a.Equal(*b)) }
