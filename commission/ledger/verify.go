package ledger

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/viewer"
)

// Verify recomputes every sum of every network from the conversions under the terms, and every invoice from what it
// claimed, tells what differs, and
// returns how many conversions it went through. It writes nothing and its memory does not grow with the
// conversions. It is for the program itself, and wants a database that is at rest.
func (l *Ledger) Verify(ctx context.Context, tell func(difference string)) (int, error) {
	if v, ok := viewer.From(ctx); !ok || !v.IsSystem() {
		return 0, commission.Refuse(commission.Forbidden, "", "only the program itself verifies")
	}
	for _, check := range []struct{ says, query string }{
		{
			"accrual %d sums %d conversions, revenue %d, payout %d; its conversions sum %d, %d, %d", `
			SELECT a.id, a.conversions, a.revenue, a.payout, COALESCE(c.n, 0), COALESCE(c.revenue, 0), COALESCE(c.payout, 0)
			FROM accrual a LEFT JOIN (
				SELECT accrual_id, SUM(CASE WHEN adjusts_id IS NULL THEN 1 ELSE 0 END) AS n, SUM(revenue) AS revenue, SUM(payout) AS payout
				FROM conversion WHERE accrual_id IS NOT NULL GROUP BY accrual_id
			) c ON c.accrual_id = a.id
			WHERE a.conversions <> COALESCE(c.n, 0) OR a.revenue <> COALESCE(c.revenue, 0) OR a.payout <> COALESCE(c.payout, 0)`,
		},
		{
			"earning day %d sums %d conversions, revenue %d, payout %d; its conversions sum %d, %d, %d", `
			SELECT e.id, e.conversions, e.revenue, e.payout, COALESCE(c.n, 0), COALESCE(c.revenue, 0), COALESCE(c.payout, 0)
			FROM earning_day e LEFT JOIN (
				SELECT earning_day_id, SUM(CASE WHEN adjusts_id IS NULL THEN 1 ELSE 0 END) AS n, SUM(revenue) AS revenue, SUM(payout) AS payout
				FROM conversion GROUP BY earning_day_id
			) c ON c.earning_day_id = e.id
			WHERE e.conversions <> COALESCE(c.n, 0) OR e.revenue <> COALESCE(c.revenue, 0) OR e.payout <> COALESCE(c.payout, 0)`,
		},
		{
			"term %d totals %d conversions, revenue %d, payout %d; its accruals sum %d, %d, %d", `
			SELECT t.id, COALESCE(total.conversions, 0), COALESCE(total.revenue, 0), COALESCE(total.payout, 0),
				COALESCE(a.n, 0), COALESCE(a.revenue, 0), COALESCE(a.payout, 0)
			FROM referral_term t LEFT JOIN term_total total ON total.term_id = t.id LEFT JOIN (
				SELECT term_id, SUM(conversions) AS n, SUM(revenue) AS revenue, SUM(payout) AS payout, SUM(fee) AS fee FROM accrual GROUP BY term_id
			) a ON a.term_id = t.id
			WHERE COALESCE(total.conversions, 0) <> COALESCE(a.n, 0) OR COALESCE(total.revenue, 0) <> COALESCE(a.revenue, 0)
				OR COALESCE(total.payout, 0) <> COALESCE(a.payout, 0) OR COALESCE(total.fee, 0) <> COALESCE(a.fee, 0)`,
		},
	} {
		err := database.Each(ctx, l.DB, check.query, nil, func(row *stdsql.Rows) error {
			var is, should [3]int64
			var id int
			if err := row.Scan(&id, &is[0], &is[1], &is[2], &should[0], &should[1], &should[2]); err != nil {
				return err
			}
			tell(fmt.Sprintf(check.says+" (amounts in millionths)", id, is[0], is[1], is[2], should[0], should[1], should[2]))
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	networks, err := l.DB.Network.Query().All(ctx)
	if err != nil {
		return 0, err
	}
	verified := 0
	for _, network := range networks {
		count, err := l.verifyAttribution(ctx, network, tell)
		if err != nil {
			return 0, err
		}
		verified += count
		if err := l.verifyTerms(ctx, network, tell); err != nil {
			return 0, err
		}
		if err := l.verifyInvoices(ctx, network, tell); err != nil {
			return 0, err
		}
	}
	return verified, nil
}

// verifyAttribution attributes every conversion of a network anew.
func (l *Ledger) verifyAttribution(ctx context.Context, network *ent.Network, tell func(string)) (int, error) {
	zone, err := network.TimeZone.Location()
	if err != nil {
		return 0, err
	}
	history, err := load(ctx, l.DB, network.ID, nil)
	if err != nil {
		return 0, err
	}
	count := 0
	return count, database.Each(ctx, l.DB, `
		SELECT c.id, c.partner_id, c.occurred_at, o.occurred_at, c.day, COALESCE(a.term_id, 0), COALESCE(a.day, c.day), e.partner_id, e.day
		FROM conversion c
		LEFT JOIN conversion o ON o.id = c.adjusts_id
		LEFT JOIN accrual a ON a.id = c.accrual_id
		LEFT JOIN earning_day e ON e.id = c.earning_day_id
		WHERE c.network_id = ?`, []any{network.ID}, func(row *stdsql.Rows) error {
		var id, partnerID, termID int
		var occurredAt time.Time
		var originalAt *time.Time
		var day, accrualDay commission.Date
		var earningPartner, earningDay stdsql.NullInt64
		if err := row.Scan(&id, &partnerID, &occurredAt, &originalAt, &day, &termID, &accrualDay, &earningPartner, &earningDay); err != nil {
			return err
		}
		count++
		should := 0
		attributedAt := occurredAt
		if originalAt != nil {
			attributedAt = *originalAt
		}
		if term := history.attribute(partnerID, attributedAt).Term; term != nil {
			should = term.ID
		}
		switch {
		case termID != should:
			tell(fmt.Sprintf("conversion %d counts at term %d; it occurred in term %d (0: in none)", id, termID, should))
		case day != commission.DateOf(occurredAt, zone) || accrualDay != day || earningDay.Int64 != int64(day):
			tell(fmt.Sprintf("conversion %d counts on another day than %s", id, commission.DateOf(occurredAt, zone)))
		case int(earningPartner.Int64) != partnerID:
			tell(fmt.Sprintf("conversion %d counts for the partner %d and not for its own, %d", id, earningPartner.Int64, partnerID))
		}
		return nil
	})
}

// verifyTerms computes every term's window and flat fee anew, and holds Referred By against the referrals.
func (l *Ledger) verifyTerms(ctx context.Context, network *ent.Network, tell func(string)) error {
	zone, err := network.TimeZone.Location()
	if err != nil {
		return err
	}
	structures, err := structuresOf(ctx, l.DB, network.ID)
	if err != nil {
		return err
	}
	var lastReferral int
	var lastEnd *time.Time
	err = database.Each(ctx, l.DB, `
		SELECT t.id, t.referral_id, t.structure_id, t.referred_date, t.window_ends_at, t.closed_at, COALESCE(total.fee, 0),
			r.started_at, r.ended_at, referred.approved_at,
			(SELECT COUNT(*) FROM partner_status s WHERE s.partner_id = r.referrer_id AND s.status = 'ACTIVE'
				AND s.since <= r.started_at AND (s.until IS NULL OR s.until > r.started_at))
		FROM referral_term t JOIN referral r ON r.id = t.referral_id JOIN partner referred ON referred.id = r.referred_id
		LEFT JOIN term_total total ON total.term_id = t.id
		WHERE t.network_id = ? ORDER BY t.referral_id, t.referred_date`, []any{network.ID}, func(row *stdsql.Rows) error {
		var id, referralID, structureID, active int
		var term commission.Term
		var fee int64
		var startedAt time.Time
		var endedAt, approvedAt *time.Time
		if err := row.Scan(&id, &referralID, &structureID, &term.ReferredDate, &term.WindowEndsAt, &term.ClosedAt, &fee, &startedAt, &endedAt, &approvedAt, &active); err != nil {
			return err
		}
		structure := structures[structureID]
		if !same(term.WindowEndsAt, structure.WindowEndsAt(term.ReferredDate, zone)) {
			tell(fmt.Sprintf("term %d ends its window at another moment than a duration after its Referred Date", id))
		}
		if referralID == lastReferral && (lastEnd == nil || lastEnd.After(term.ReferredDate)) {
			tell(fmt.Sprintf("term %d begins before the term before it ends", id))
		}
		if end, ends := term.End(); ends {
			lastEnd = &end
		} else {
			lastEnd = nil
		}
		if endedAt != nil && (lastEnd == nil || lastEnd.After(*endedAt)) {
			tell(fmt.Sprintf("term %d runs on after its referral ended", id))
		}
		lastReferral = referralID
		earned := commission.Sums{}.Fee
		if flat, isFlat := structure.Commission.(commission.FlatFee); isFlat && approvedAt != nil &&
			approvedAt.Equal(startedAt) && term.ReferredDate.Equal(startedAt) && active > 0 {
			earned = flat.Amount
		}
		if !commission.FromMicros(fee).Equal(earned) {
			tell(fmt.Sprintf("term %d earned a flat fee of %s; it should be %s", id, commission.FromMicros(fee), earned))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return database.Each(ctx, l.DB, `
		SELECT p.id FROM partner p LEFT JOIN referral r ON r.active_key = p.id
		WHERE p.network_id = ? AND p.approved_at IS NOT NULL AND COALESCE(p.referred_by_id, 0) <> COALESCE(r.referrer_id, 0)`,
		[]any{network.ID}, func(row *stdsql.Rows) error {
			var id int
			err := row.Scan(&id)
			tell(fmt.Sprintf("partner %d has another Referred By than its referral", id))
			return err
		})
}

func same(a, b *time.Time) bool { return a == b || (a != nil && b != nil && a.Equal(*b)) }
