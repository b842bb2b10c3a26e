package ledger

import (
	"context"
	stdsql "database/sql"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

// Day is what a term counted on one day and what became of it: where a part of the day is on an invoice and
// another is not, the day comes twice.
type Day struct {
	TermID      int
	Date        commission.Date
	Conversions int64
	BasisAmount decimal.Decimal
	Commission  decimal.Decimal // exact to commission.Scale decimals; rows and lines round the sum of many
	LineID      int             // 0: unbilled, -1: forfeited
}

// Counted names what the day is the sum of.
func (d *Day) Counted() Counted {
	return Counted{byTermDay, [3]int{d.TermID, int(d.Date), d.LineID}}
}

// maxDays is how many days one call shows.
const maxDays = 366

// Days is a term's part of the report's range, day by day [P5]. The caller has found the term, which proves
// that the viewer sees it.
func (l *Ledger) Days(ctx context.Context, termID int, currency commission.Currency, structure commission.Structure, days Range) ([]*Day, error) {
	if err := days.Check(); err != nil {
		return nil, err
	}
	if days.To-days.From > maxDays {
		return nil, commission.Refuse(commission.BadUserInput, "to", "must be at most %d days after from", maxDays)
	}
	var all []*Day
	err := database.Each(ctx, l.DB, `
		SELECT day, line_id, SUM(conversions), SUM(revenue), SUM(payout), SUM(fee)
		FROM accrual WHERE term_id = ? AND day BETWEEN ? AND ? GROUP BY day, line_id ORDER BY day, line_id`,
		[]any{termID, int32(days.From), int32(days.To)}, func(row *stdsql.Rows) error {
			day := Day{TermID: termID}
			sums, err := scanSums(row, &day.Date, &day.LineID)
			if err != nil || sums.IsZero() {
				return err
			}
			day.Conversions, day.BasisAmount = sums.Conversions, currency.Exact(sums.Of(structure.Basis()))
			day.Commission = currency.Exact(structure.Earned(sums).Round(commission.Scale))
			all = append(all, &day)
			return nil
		})
	return all, err
}
