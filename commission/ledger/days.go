package ledger

import (
	"context"
	stdsql "database/sql"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/viewer"
)

// Day is what a term counted on one day and what became of it: where a part of the day is on an invoice and
// another is not, the day comes twice.
type Day struct {
	TermID      int
	Date        commission.Date
	Conversions int64
	BasisAmount decimal.Decimal
	Commission  decimal.Decimal // exact to commission.Scale decimals; rows and lines round the sum of many
	LineID      int             // 0: unbilled; less: given up
}

// Forfeited tells whether the day was given up: when the referral ended [A6], or by a void.
func (d *Day) Forfeited() bool { return isGivenUp(d.LineID) }

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
	hidden, err := l.hiddenLines(ctx)
	if err != nil {
		return nil, err
	}
	type part struct {
		day    commission.Date
		lineID int
	}
	var parts []part
	counted := map[part]commission.Sums{}
	err = database.Each(ctx, l.DB, `
		SELECT day, line_id, SUM(conversions), SUM(revenue), SUM(payout), SUM(fee)
		FROM accrual WHERE term_id = ? AND day BETWEEN ? AND ? GROUP BY day, line_id ORDER BY day, line_id`,
		[]any{termID, int32(days.From), int32(days.To)}, func(row *stdsql.Rows) error {
			var at part
			sums, err := scanSums(row, &at.day, &at.lineID)
			if err != nil || sums.IsZero() {
				return err
			}
			if hidden[at.lineID] { // its partner does not know of that invoice [I6]
				at.lineID = unbilledLine
			}
			if _, known := counted[at]; !known {
				parts = append(parts, at)
			}
			counted[at] = counted[at].Plus(sums)
			return nil
		})
	if err != nil {
		return nil, err
	}
	v, _ := viewer.From(ctx)
	all := make([]*Day, 0, len(parts))
	for _, at := range parts {
		sums := counted[at]
		day := &Day{
			TermID: termID, Date: at.day, LineID: at.lineID, Conversions: sums.Conversions, BasisAmount: currency.Exact(sums.Of(structure.Basis())),
			Commission: currency.Exact(structure.Earned(sums).Round(commission.Scale)),
		}
		if v.Is(commission.PartnerUser) {
			day.Conversions, day.BasisAmount, day.Commission = 0, decimal.Zero, shownToReferrer(currency, structure, day.Commission)
		}
		if v.Is(commission.PartnerUser) && day.Commission.IsZero() {
			continue // it says no more than that there was something
		}
		all = append(all, day)
	}
	return all, nil
}

// shownToReferrer is what a referrer is shown of what it earned on one day: of what the network earns, that says no more
// than a report of the day does [R2].
func shownToReferrer(currency commission.Currency, structure commission.Structure, earned decimal.Decimal) decimal.Decimal {
	if structure.Basis() == commission.Payout {
		return earned
	}
	return currency.Round(earned)
}
