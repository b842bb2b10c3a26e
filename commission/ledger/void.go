package ledger

import (
	"context"
	stdsql "database/sql"
	"fmt"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

// Voidable is what a void would take of a term.
type Voidable struct {
	Sums  commission.Sums
	Range // from the first day of which it takes something to the last

	termID     int
	byDay      cells  // what it takes, by where it is
	statements string // finds the conversions that it takes; "": it takes none, but a fee
	args       []any
}

// FindVoidable finds what a term has unbilled of conversions that occurred on some days, with what adjusts them on
// whatever day, or of a fee that was earned on those days. What takes back something that was billed is none of it. There
// is nothing to void where the sums are zero.
func FindVoidable(ctx context.Context, tx *database.Tx, termID int, kind commission.Type, days Range) (*Voidable, error) {
	const (
		fee    = " FROM accrual a WHERE a.term_id = ? AND a.line_id = 0 AND a.day BETWEEN ? AND ? AND a.fee <> 0"
		itself = ` FROM accrual a JOIN conversion c ON c.accrual_id = a.id AND c.adjusts_id IS NULL
			WHERE a.term_id = ? AND a.line_id = 0 AND a.day BETWEEN ? AND ?`
		adjustments = ` FROM accrual o JOIN conversion adjusted ON adjusted.accrual_id = o.id AND adjusted.adjusts_id IS NULL
			JOIN conversion c ON c.adjusts_id = adjusted.id JOIN accrual a ON a.id = c.accrual_id AND a.line_id = 0
			WHERE o.term_id = ? AND o.line_id = 0 AND o.day BETWEEN ? AND ?`
	)
	v := &Voidable{termID: termID, byDay: cells{}, args: []any{termID, int32(days.From), int32(days.To)}}
	query := "SELECT a.day, a.slot, 0, 0, 0, SUM(a.fee)" + fee + " GROUP BY a.day, a.slot ORDER BY a.day"
	if kind == commission.TypePercentage {
		v.statements, v.args = "SELECT c.id, c.day"+itself+" UNION ALL SELECT c.id, c.day"+adjustments, append(v.args, v.args...)
		query = `
			SELECT day, slot, SUM(originals), SUM(revenue), SUM(payout), 0 FROM (
				SELECT a.day, a.slot, 1 AS originals, c.revenue, c.payout ` + itself + ` UNION ALL SELECT a.day, a.slot, 0, c.revenue, c.payout ` + adjustments + `
			) AS voided GROUP BY day, slot ORDER BY day`
	}
	err := database.Each(ctx, tx, query, v.args, func(row *stdsql.Rows) error {
		at := cell{owner: termID}
		sums, err := scanSums(row, &at.day, &at.slot)
		if err != nil {
			return err
		}
		if len(v.byDay) == 0 {
			v.From = at.day
		}
		v.To, v.Sums = at.day, v.Sums.Plus(sums)
		taken, err := microsOf(sums)
		if err != nil {
			return err
		}
		return v.byDay.add(at, taken)
	})
	if err != nil {
		return nil, fmt.Errorf("find what there is to void: %w", err)
	}
	return v, nil
}

// Take has a void take it: no invoice will pay it. What is recorded later counts, but for what adjusts the voided. It must
// be called behind database.Tx.Hold, and takes four statements for any number of conversions.
func (v *Voidable) Take(ctx context.Context, tx *database.Tx, networkID, voidID int) error {
	moved := newCounts(networkID)
	slot := lineOfVoid(voidID)
	for at, sums := range v.byDay {
		if err := moved.accrue(at, sums.negated()); err != nil {
			return err
		}
		if err := moved.accrue(cell{at.owner, at.day, slot}, sums); err != nil {
			return err
		}
	}
	if err := moved.store(ctx, tx); err != nil || v.statements == "" {
		return err
	}
	return point(ctx, tx, v.termID, slot, v.statements, v.args...)
}

// verifyVoids finds rows that carry a void which is not there, or is another term's.
func (p *proof) verifyVoids(ctx context.Context) error {
	return database.Each(ctx, p.db, `
		SELECT a.id, a.term_id, a.line_id FROM accrual a LEFT JOIN commission_void v ON v.id = ? - a.line_id AND v.term_id = a.term_id
		WHERE a.network_id = ? AND a.line_id < ? AND v.id IS NULL`, []any{forfeitedLine, p.network.ID, forfeitedLine}, func(row *stdsql.Rows) error {
		var id, term, line int
		err := row.Scan(&id, &term, &line)
		p.tellf("accrual %d of term %d was taken by the void %d, which is not there or of another term", id, term, voidOfLine(line))
		return err
	})
}
