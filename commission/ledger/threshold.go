package ledger

import (
	"context"
	stdsql "database/sql"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

// isMeasured is a condition on a term, earlier, that a threshold of the term t is measured on it too [C3]. It asks for the grant so
// that no engine looks terms up by it: nearly all have none.
const isMeasured = "earlier.referral_id = t.referral_id AND earlier.referred_date <= t.referred_date AND COALESCE(earlier.grant_id, 0) = 0"

// measure is what sums, called total, come to in the basis of s, a structure: commission.Sums.Of in a statement.
const measure = "SUM(CASE s.basis WHEN 'REVENUE' THEN total.revenue WHEN 'PROFIT' THEN total.revenue - total.payout ELSE total.payout END)"

const measuring = `
	SELECT t.id, ` + measure + `
	FROM referral_term t
	JOIN commission_structure s ON s.id = t.structure_id
	JOIN referral_term earlier ON ` + isMeasured + `
	JOIN term_month total ON total.term_id = earlier.id
	WHERE t.id IN (%s) GROUP BY t.id`

// Measures is what the referred partner of each term generated over it and the referral's earlier terms, in the basis of the
// term's structure: what its threshold is measured on [C3]. What was granted counts for none. A term that counted nothing is not
// in it.
func Measures(ctx context.Context, q database.Querier, termIDs []int) (map[int]decimal.Decimal, error) {
	measures := make(map[int]decimal.Decimal, len(termIDs))
	return measures, database.EachIn(ctx, q, measuring, nil, termIDs, func(row *stdsql.Rows) error {
		var id int
		var micros int64
		err := row.Scan(&id, &micros)
		measures[id] = commission.FromMicros(micros)
		return err
	})
}

// ReachedOn finds for terms with a minimum the day on which what the referred partner generated reached it, to
// stay there [C3]; a term that is below is not in the answer. The caller has found the terms, which proves that
// the viewer sees them. It takes one statement.
func (l *Ledger) ReachedOn(ctx context.Context, termIDs []int) (map[int]commission.Date, error) {
	type climb struct {
		sums   commission.Sums
		day    commission.Date
		above  bool
		target decimal.Decimal
	}
	climbs := map[int]*climb{}
	err := database.EachIn(ctx, l.DB, `
		SELECT t.id, s.minimum_earnings, COALESCE(s.basis, 'PAYOUT'), a.day, SUM(a.revenue), SUM(a.payout)
		FROM referral_term t
		JOIN commission_structure s ON s.id = t.structure_id AND s.minimum_earnings IS NOT NULL
		JOIN referral_term earlier ON `+isMeasured+`
		JOIN accrual a ON a.term_id = earlier.id
		WHERE t.id IN (%s)
		GROUP BY t.id, s.minimum_earnings, s.basis, a.day ORDER BY t.id, a.day`, nil, termIDs, func(row *stdsql.Rows) error {
		var termID int
		var target, revenue, payout int64
		var basis commission.Basis
		var day commission.Date
		if err := row.Scan(&termID, &target, &basis, &day, &revenue, &payout); err != nil {
			return err
		}
		c := climbs[termID]
		if c == nil {
			c = &climb{target: commission.FromMicros(target)}
			climbs[termID] = c
		}
		c.sums = c.sums.Plus(commission.Sums{Revenue: commission.FromMicros(revenue), Payout: commission.FromMicros(payout)})
		above := c.sums.Of(basis).GreaterThanOrEqual(c.target)
		if above && !c.above {
			c.day = day
		}
		c.above = above
		return nil
	})
	reached := map[int]commission.Date{}
	for termID, c := range climbs {
		if c.above {
			reached[termID] = c.day
		}
	}
	return reached, err
}
