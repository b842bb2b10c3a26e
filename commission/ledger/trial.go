package ledger

import (
	"context"
	stdsql "database/sql"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
)

// Referrals picks referrals by a condition on r, the table of referrals.
type Referrals struct {
	Condition string
	Args      []any
}

// Cost is what the referrals that held in a range of days would have cost, each under the structure of the trial
// [S7]: from the sums of days, and without reading a conversion. It takes three statements for any number of
// referrals, and a fourth where a structure has a threshold. The caller has made sure that the viewer may know.
func Cost(ctx context.Context, q database.Querier, network *ent.Network, of Referrals, trials ...*commission.Trial) ([]decimal.Decimal, error) {
	costs := make([]decimal.Decimal, len(trials))
	var days commission.Period
	zone, err := network.TimeZone.Location()
	if err != nil {
		return nil, err
	}
	for i, trial := range trials {
		costs[i] = network.Currency.Round(decimal.Zero)
		if trial != nil {
			days = trial.Days
		}
	}
	if days == (commission.Period{}) { // nothing pays
		return costs, nil
	}
	pasts, err := pastsOf(ctx, q, network.ID, of, days, zone)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(trials, func(t *commission.Trial) bool { return t != nil && t.Structure.MinimumEarnings != nil }) {
		if err := countPasts(ctx, q, network.ID, of, pasts); err != nil {
			return nil, err
		}
	}
	tried := map[int][]*tried{} // by referred partner
	for _, past := range pasts {
		tried[past.referredID] = append(tried[past.referredID], try(past, trials)...)
	}
	query := "SELECT e.partner_id, e.day, e.revenue, e.payout FROM earning_day e WHERE e.network_id = ? AND e.day BETWEEN ? AND ? " +
		"AND e.partner_id IN (SELECT r.referred_id FROM referral r WHERE r.network_id = ? AND " + of.Condition + ")"
	args := append([]any{network.ID, int32(days.From), int32(days.To), network.ID}, of.Args...)
	err = database.Each(ctx, q, query, args, func(row *stdsql.Rows) error {
		var partnerID int
		var day commission.Date
		var revenue, payout int64
		if err := row.Scan(&partnerID, &day, &revenue, &payout); err != nil {
			return err
		}
		for _, t := range tried[partnerID] {
			t.add(day, revenue, payout)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, of := range tried {
		for _, t := range of {
			cost := t.trial.Cost(t.past.Past, network.Currency, sumsOf(t.earned), sumsOf(t.unpaid))
			costs[t.number] = costs[t.number].Add(cost)
		}
	}
	return costs, nil
}

// past is a referral with whose it is.
type past struct {
	commission.Past

	referredID int
}

// tried is one referral in one trial, with what its days sum, in millionths.
type tried struct {
	past             *past
	trial            *commission.Trial
	number           int
	earning, inTerms commission.Days
	earned, unpaid   [2]int64 // revenue and payout: of all earning days, and of those without a term
}

func try(p *past, trials []*commission.Trial) []*tried {
	var all []*tried
	for i, trial := range trials {
		if trial != nil {
			all = append(all, &tried{past: p, trial: trial, number: i, earning: trial.EarningDays(p.Past), inTerms: trial.TermDays(p.Past)})
		}
	}
	return all
}

func (t *tried) add(day commission.Date, revenue, payout int64) {
	if !t.earning.Has(day) {
		return
	}
	t.earned[0], t.earned[1] = t.earned[0]+revenue, t.earned[1]+payout
	if !t.inTerms.Has(day) {
		t.unpaid[0], t.unpaid[1] = t.unpaid[0]+revenue, t.unpaid[1]+payout
	}
}

func sumsOf(micros [2]int64) commission.Sums {
	return commission.Sums{Revenue: commission.FromMicros(micros[0]), Payout: commission.FromMicros(micros[1])}
}

// countPasts reads what the terms of referrals have counted over all time, which thresholds are measured on.
func countPasts(ctx context.Context, q database.Querier, networkID int, of Referrals, pasts []*past) error {
	byID := make(map[int]*past, len(pasts))
	for _, p := range pasts {
		byID[p.ID] = p
	}
	return database.Each(ctx, q, `
		SELECT r.id, SUM(c.conversions), SUM(c.revenue), SUM(c.payout), SUM(c.fee)
		FROM referral r JOIN referral_term t ON t.referral_id = r.id AND t.grant_id IS NULL JOIN term_month c ON c.term_id = t.id
		WHERE r.network_id = ? AND `+of.Condition+` GROUP BY r.id`, append([]any{networkID}, of.Args...), func(row *stdsql.Rows) error {
		var id int
		sums, err := scanSums(row, &id)
		if p := byID[id]; p != nil {
			p.Counted = sums
		}
		return err
	})
}

// pastsOf reads the referrals that held at some moment of the days, with their terms and pauses.
func pastsOf(ctx context.Context, q database.Querier, networkID int, of Referrals, days commission.Period, zone *time.Location) ([]*past, error) {
	begin, end := days.From.Start(zone), (days.To + 1).Start(zone)
	var all []*past
	byReferrer := map[int][]*past{}
	args := append([]any{networkID, end, begin}, of.Args...)
	err := database.Each(ctx, q, `
		SELECT r.id, r.referrer_id, r.referred_id, r.started_at, r.ended_at, referred.approved_at, next.started_at,
			t.id, t.referred_date, t.window_ends_at, t.stopped_at
		FROM referral r JOIN partner referred ON referred.id = r.referred_id
		LEFT JOIN referral next ON next.referred_id = r.referred_id AND next.id > r.id AND r.ended_at IS NOT NULL
		LEFT JOIN referral_term t ON t.referral_id = r.id AND t.grant_id IS NULL
		WHERE r.network_id = ? AND r.started_at < ? AND (r.ended_at IS NULL OR r.ended_at > ?) AND `+of.Condition+`
			AND (next.id IS NULL OR next.id = (SELECT MIN(n.id) FROM referral n WHERE n.referred_id = r.referred_id AND n.id > r.id))
		ORDER BY r.id, t.referred_date`, args, func(row *stdsql.Rows) error {
		var p past
		var term commission.Term
		var approvedAt, nextAt, referredDate *time.Time
		var termID stdsql.NullInt64
		if err := row.Scan(&p.ID, &p.ReferrerID, &p.referredID, &p.From, &p.Until, &approvedAt, &nextAt, &termID, &referredDate, &term.WindowEndsAt, &term.ClosedAt); err != nil {
			return err
		}
		if len(all) == 0 || all[len(all)-1].ID != p.ID {
			p.FirstApproval = approvedAt != nil && approvedAt.Equal(p.From)
			if nextAt != nil {
				through := commission.DateOf(*nextAt, zone) - 1
				p.Through = &through
			}
			all = append(all, &p)
			byReferrer[p.ReferrerID] = append(byReferrer[p.ReferrerID], &p)
		}
		if termID.Valid {
			last := all[len(all)-1]
			term.ID, term.ReferredDate = int(termID.Int64), *referredDate
			last.Append(term)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, database.Each(ctx, q, `
		SELECT s.partner_id, s.since, s.until FROM partner_status s
		WHERE s.network_id = ? AND s.status <> 'ACTIVE' AND s.since < ? AND (s.until IS NULL OR s.until > ?)`, []any{networkID, end, begin}, func(row *stdsql.Rows) error {
		var referrerID int
		var pause commission.Interval
		err := row.Scan(&referrerID, &pause.From, &pause.Until)
		for _, p := range byReferrer[referrerID] {
			p.Pauses = append(p.Pauses, pause)
		}
		return err
	})
}
