package ledger

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

// Grantable is what there is to grant of a window of days, and what is left out of it.
type Grantable struct {
	Conversions   int             // that no term counts, and no grant pays
	Sums          commission.Sums // of these, with what adjusts them
	Counted       int             // left out: a term counts them, whatever has become of that
	CountedOthers int             // those of them that count for another referrer
	Granted       int             // left out: a grant pays them
}

// FindGrantable counts the conversions of a partner that occurred on some days, by whether they can be granted to a
// referrer, and sums those that can.
func FindGrantable(ctx context.Context, tx *database.Tx, referrerID, partnerID int, days Range) (Grantable, error) {
	var found Grantable
	err := database.Each(ctx, tx, `
		SELECT COALESCE(SUM(CASE WHEN c.accrual_id IS NULL THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN c.accrual_id IS NOT NULL AND c.grant_id IS NULL THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN c.grant_id IS NULL AND r.referrer_id <> ? THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN c.grant_id IS NOT NULL THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN c.accrual_id IS NULL THEN c.revenue ELSE 0 END), 0), COALESCE(SUM(CASE WHEN c.accrual_id IS NULL THEN c.payout ELSE 0 END), 0)
		FROM earning_day e JOIN conversion c ON c.earning_day_id = e.id
		LEFT JOIN accrual a ON a.id = c.accrual_id LEFT JOIN referral_term t ON t.id = a.term_id LEFT JOIN referral r ON r.id = t.referral_id
		WHERE e.partner_id = ? AND e.day BETWEEN ? AND ? AND c.adjusts_id IS NULL`,
		[]any{referrerID, partnerID, int32(days.From), int32(days.To)}, func(row *stdsql.Rows) error {
			var revenue, payout int64
			err := row.Scan(&found.Conversions, &found.Counted, &found.CountedOthers, &found.Granted, &revenue, &payout)
			found.Sums = commission.Sums{Conversions: int64(found.Conversions), Revenue: commission.FromMicros(revenue), Payout: commission.FromMicros(payout)}
			return err
		})
	if err != nil {
		return found, fmt.Errorf("count what there is to grant: %w", err)
	}
	return found, database.Each(ctx, tx, `
		SELECT 0, COALESCE(SUM(c.revenue), 0), COALESCE(SUM(c.payout), 0), 0
		FROM earning_day e JOIN conversion o ON o.earning_day_id = e.id JOIN conversion c ON c.adjusts_id = o.id
		WHERE e.partner_id = ? AND e.day BETWEEN ? AND ? AND o.accrual_id IS NULL AND o.adjusts_id IS NULL`,
		[]any{partnerID, int32(days.From), int32(days.To)}, func(row *stdsql.Rows) error {
			adjusted, err := scanSums(row)
			found.Sums = found.Sums.Plus(adjusted)
			return err
		})
}

// Window is the days of a partner that a grant pays through its term.
type Window struct {
	Range
	GrantID   int
	TermID    int
	PartnerID int
}

// Grant has the conversions that occurred in a window, and that nothing pays, paid by a grant: they say so, and count
// in its term with all their adjustments, each on its own day. What is recorded later is not granted, but for what adjusts
// them. It must be called behind database.Tx.Hold, and takes five statements for any number of conversions.
func Grant(ctx context.Context, tx *database.Tx, networkID int, w Window) error {
	inWindow := []any{w.PartnerID, int32(w.From), int32(w.To)}
	_, err := tx.UpdateJoined(ctx, database.Joined{
		Table: "conversion", Set: "grant_id = ?", With: "earning_day e", On: "e.id = conversion.earning_day_id",
		Where: "e.partner_id = ? AND e.day BETWEEN ? AND ? AND accrual_id IS NULL AND adjusts_id IS NULL",
	}, append([]any{w.GrantID}, inWindow...)...)
	if err != nil {
		return fmt.Errorf("grant conversions: %w", err)
	}
	counted := newCounts(networkID)
	const (
		itself      = " FROM earning_day e JOIN conversion c ON c.earning_day_id = e.id WHERE e.partner_id = ? AND e.day BETWEEN ? AND ? AND c.grant_id = ?"
		adjustments = " FROM earning_day e JOIN conversion o ON o.earning_day_id = e.id JOIN conversion c ON c.adjusts_id = o.id WHERE e.partner_id = ? AND e.day BETWEEN ? AND ? AND o.grant_id = ?"
	)
	these := slices.Concat(inWindow, []any{w.GrantID})
	twice := slices.Concat(these, these)
	err = database.Each(ctx, tx, `
		SELECT day, SUM(originals), SUM(revenue), SUM(payout), 0 FROM (
			SELECT c.day, 1 AS originals, c.revenue, c.payout `+itself+` UNION ALL SELECT c.day, 0, c.revenue, c.payout `+adjustments+`
		) AS granted GROUP BY day`, twice, func(row *stdsql.Rows) error {
		var day commission.Date
		sums, err := scanSums(row, &day)
		if err != nil {
			return err
		}
		granted, err := microsOf(sums)
		if err != nil {
			return err
		}
		return counted.accrue(cell{owner: w.TermID, day: day}, granted)
	})
	if err != nil {
		return fmt.Errorf("sum what is granted: %w", err)
	}
	if err := counted.store(ctx, tx); err != nil {
		return err
	}
	return point(ctx, tx, w.TermID, openSlot, "SELECT c.id, c.day"+itself+" UNION ALL SELECT c.id, c.day"+adjustments, twice...)
}

// point has conversions, which a query finds by id and day, count in the accruals of a term with a slot.
func point(ctx context.Context, tx *database.Tx, termID, slot int, conversions string, args ...any) error {
	_, err := tx.UpdateJoined(ctx, database.Joined{
		Table: "conversion", Set: "accrual_id = found", On: "pointing.its = conversion.id",
		With: "(SELECT these.id AS its, a.id AS found FROM (" + conversions + ") AS these JOIN accrual a ON a.term_id = ? AND a.day = these.day AND a.slot = ?) AS pointing",
	}, append(args, termID, slot)...)
	return err
}

// Revoke takes back what a grant's term counts: its conversions are nobody's again, and the term counts nothing. It must
// be called behind database.Tx.Hold.
func Revoke(ctx context.Context, tx *database.Tx, termID int) error {
	_, err := tx.UpdateJoined(ctx, database.Joined{
		Table: "conversion", Set: "accrual_id = NULL, grant_id = NULL", With: "accrual a", On: "a.id = conversion.accrual_id", Where: "a.term_id = ?",
	}, termID)
	for _, table := range []string{"accrual", "term_month"} {
		if err == nil {
			_, err = tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE term_id = ?", termID)
		}
	}
	if err != nil {
		return fmt.Errorf("revoke a grant: %w", err)
	}
	return nil
}

// PaidBy is the number of an invoice that pays a part of a term; 0: none does.
func PaidBy(ctx context.Context, tx *database.Tx, termID int) (int, error) {
	number := 0
	return number, database.Each(ctx, tx, `
		SELECT COALESCE(MAX(i.number), 0) FROM accrual a JOIN invoice_line l ON l.id = a.line_id JOIN invoice i ON i.id = l.invoice_id
		WHERE a.term_id = ?`, []any{termID}, func(row *stdsql.Rows) error { return row.Scan(&number) })
}

// verifyGrants holds every grant against its term: it has one just while it stands, over its days; and none that was
// revoked counts anything.
func (p *proof) verifyGrants(ctx context.Context) error {
	return database.Each(ctx, p.db, `
		SELECT g.id, g.status, g.from_day, g.to_day, g.structure_id, COALESCE(t.id, 0), COALESCE(t.structure_id, 0), t.referred_date, t.window_ends_at,
			t.stopped_at IS NULL AND t.previous_id IS NULL, COALESCE(t.referral_id = g.referral_id, TRUE), (SELECT COUNT(*) FROM accrual a WHERE a.term_id = t.id)
		FROM retroactive_grant g LEFT JOIN referral_term t ON t.grant_id = g.id WHERE g.network_id = ?`, []any{p.network.ID}, func(row *stdsql.Rows) error {
		var id, structureID, termID, termsStructure, accruals int
		var status commission.GrantStatus
		var days Range
		var term commission.Term
		var beginsAt *time.Time
		var stands, ofReferral bool
		if err := row.Scan(&id, &status, &days.From, &days.To, &structureID, &termID, &termsStructure, &beginsAt, &term.WindowEndsAt, &stands, &ofReferral, &accruals); err != nil {
			return err
		}
		begin, end := days.From.Start(p.zone), (days.To + 1).Start(p.zone)
		switch {
		case status == commission.GrantGranted && (termID == 0 || !stands):
			p.tellf("grant %d stands, and has no term that does", id)
		case status == commission.GrantRevoked && (stands || accruals > 0):
			p.tellf("grant %d was revoked, and its term %d counts something", id, termID)
		case status != commission.GrantGranted && status != commission.GrantRevoked && termID != 0:
			p.tellf("grant %d is %s, and has the term %d", id, status, termID)
		case termID != 0 && (!same(beginsAt, &begin) || !same(term.WindowEndsAt, &end) || termsStructure != structureID || !ofReferral):
			p.tellf("grant %d has the term %d, which is of other days, of another structure or of another referral", id, termID)
		}
		return nil
	})
}
