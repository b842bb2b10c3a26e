package ledger

import (
	"context"
	stdsql "database/sql"
	"slices"

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

// TermDaySums is what a term counted on one day that one thing became of, in sums.
type TermDaySums struct {
	Date   commission.Date
	LineID int
	commission.Sums
}

// CheckDays refuses a range of which not every day can be shown.
func (r Range) CheckDays() error {
	if err := r.Check(); err != nil {
		return err
	}
	if r.To-r.From > maxDays {
		return commission.Refuse(commission.BadUserInput, "to", "must be at most %d days after from", maxDays)
	}
	return nil
}

// TermDays is the part of terms in a range, day by day [P5]. The caller has found the terms, which proves that the viewer
// sees them.
func (l *Ledger) TermDays(ctx context.Context, terms []int, days Range) (map[int][]TermDaySums, error) {
	hidden, args := "FALSE", []any{int32(days.From), int32(days.To)}
	if v, _ := viewer.From(ctx); v.Is(commission.PartnerUser) {
		hidden, args = isHidden, append(hiddenFrom(v.PartnerID), args...)
	}
	counted := map[int][]TermDaySums{}
	return counted, database.EachIn(ctx, l.DB, `
		SELECT c.term_id, c.day, c.line_id, `+hidden+`, SUM(c.conversions), SUM(c.revenue), SUM(c.payout), SUM(c.fee)
		FROM accrual c WHERE c.day BETWEEN ? AND ? AND c.term_id IN (%s) GROUP BY c.term_id, c.day, c.line_id ORDER BY c.term_id, c.day, c.line_id`,
		args, terms, func(row *stdsql.Rows) error {
			var term int
			var part TermDaySums
			var onHidden bool
			var err error
			if part.Sums, err = scanSums(row, &term, &part.Date, &part.LineID, &onHidden); err != nil || part.IsZero() {
				return err
			}
			if onHidden { // its partner does not know of that invoice [I6]
				part.LineID = unbilledLine
			}
			its := counted[term]
			same := slices.IndexFunc(its, func(other TermDaySums) bool { return other.Date == part.Date && other.LineID == part.LineID })
			if same < 0 {
				counted[term] = append(its, part)
			} else {
				its[same].Sums = its[same].Plus(part.Sums)
			}
			return nil
		})
}

// TermDay says what sums of a day are to a term of a structure, as it is shown to the viewer; nil: nothing is.
func TermDay(ctx context.Context, termID int, currency commission.Currency, structure commission.Structure, sums TermDaySums) *Day {
	day := &Day{
		TermID: termID, Date: sums.Date, LineID: sums.LineID, Conversions: sums.Conversions, BasisAmount: currency.Exact(sums.Of(structure.Basis())),
		Commission: currency.Exact(structure.Earned(sums.Sums).Round(commission.Scale)),
	}
	if v, _ := viewer.From(ctx); v.Is(commission.PartnerUser) {
		day.Conversions, day.BasisAmount, day.Commission = 0, decimal.Zero, shownToReferrer(currency, structure, day.Commission)
		if day.Commission.IsZero() {
			return nil // it says no more than that there was something
		}
	}
	return day
}

// shownToReferrer is what a referrer is shown of what it earned on one day: of what the network earns, that says no more
// than a report of the day does [R2].
func shownToReferrer(currency commission.Currency, structure commission.Structure, earned decimal.Decimal) decimal.Decimal {
	if structure.Basis() == commission.Payout {
		return earned
	}
	return currency.Round(earned)
}
