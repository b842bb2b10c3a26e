package ledger

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strconv"

	"entgo.io/ent/dialect/sql"
	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/ent/viewer"
)

// Line names an invoice line that is followed down to what it pays [P5]. The caller has found it, which proves that
// the viewer sees it.
type Line struct {
	ID      int
	Payouts bool // it pays a partner's own payouts; otherwise a referral term
}

// Counted names everything that the line pays.
func (l Line) Counted() Counted {
	if l.Payouts {
		return Counted{byPayoutLine, [3]int{l.ID}}
	}
	return Counted{byReferralLine, [3]int{l.ID}}
}

// DaySums is what a line pays of one day, in sums.
type DaySums struct {
	Date commission.Date
	commission.Sums
}

// LineDay is what a line pays of one day.
type LineDay struct {
	Line
	Date        commission.Date
	Conversions int64
	BasisAmount decimal.Decimal
	Amount      decimal.Decimal // exact to commission.Scale decimals; the line rounds the sum of its days
}

// Day says what sums of a day are to the line, as it is shown to the viewer. The structure is that of its term, if it
// pays one.
func (l Line) Day(ctx context.Context, currency commission.Currency, structure commission.Structure, sums DaySums) *LineDay {
	day := &LineDay{Line: l, Date: sums.Date, Conversions: sums.Conversions, BasisAmount: sums.Payout, Amount: sums.Payout}
	if !l.Payouts {
		day.BasisAmount, day.Amount = sums.Of(structure.Basis()), structure.Earned(sums.Sums).Round(commission.Scale)
	}
	day.BasisAmount, day.Amount = currency.Exact(day.BasisAmount), currency.Exact(day.Amount)
	if v, _ := viewer.From(ctx); v.Is(commission.PartnerUser) {
		day.Conversions, day.BasisAmount = 0, decimal.Zero
		if !l.Payouts {
			day.Amount = shownToReferrer(currency, structure, day.Amount)
		}
	}
	return day
}

// Counted names what the day is the sum of.
func (d *LineDay) Counted() Counted {
	if d.Payouts {
		return Counted{byPayoutLineDay, [3]int{d.ID, int(d.Date)}}
	}
	return Counted{byReferralLineDay, [3]int{d.ID, int(d.Date)}}
}

// isSomething leaves out the days of which nothing is left.
const isSomething = "HAVING SUM(conversions) <> 0 OR SUM(revenue) <> 0 OR SUM(payout) <> 0"

// isPaid leaves out the days for which a referrer is paid nothing: to it, they would say that there was something.
const isPaid = `HAVING SUM(fee) <> 0 OR SUM(CASE s.basis WHEN 'REVENUE' THEN revenue WHEN 'PROFIT' THEN revenue - payout WHEN 'PAYOUT' THEN payout ELSE 0 END) <> 0`

// paid says where the sums that lines of a kind pay are, and what their fees are.
func paid(ctx context.Context, payouts bool) (table, fee, something string) {
	switch v, _ := viewer.From(ctx); {
	case payouts:
		return "earning_day", "0", isSomething
	case v.Is(commission.PartnerUser):
		return "accrual JOIN referral_term t ON t.id = accrual.term_id JOIN commission_structure s ON s.id = t.structure_id", "SUM(fee)", isPaid
	default:
		return "accrual", "SUM(fee)", isSomething + " OR SUM(fee) <> 0"
	}
}

// LineDays finds of each line the first days behind one that it pays. It takes a statement for each kind of line.
func (l *Ledger) LineDays(ctx context.Context, lines []Line, first int, after commission.Date) (map[Line][]DaySums, error) {
	days := make(map[Line][]DaySums, len(lines))
	return days, eachKind(lines, func(payouts bool, ids []int) error {
		table, fee, something := paid(ctx, payouts)
		return database.EachIn(ctx, l.DB, `
			SELECT line_id, day, conversions, revenue, payout, fee FROM (
				SELECT line_id, day, SUM(conversions) AS conversions, SUM(revenue) AS revenue, SUM(payout) AS payout, `+fee+` AS fee,
					ROW_NUMBER() OVER (PARTITION BY line_id ORDER BY day) AS place
				FROM `+table+` WHERE day > ? AND line_id IN (%s) GROUP BY line_id, day `+something+`
			) AS days WHERE place <= `+strconv.Itoa(first)+` ORDER BY line_id, day`, []any{int32(after)}, ids, func(row *stdsql.Rows) error {
			line := Line{Payouts: payouts}
			var day DaySums
			var err error
			day.Sums, err = scanSums(row, &line.ID, &day.Date)
			days[line] = append(days[line], day)
			return err
		})
	})
}

// CountLineDays tells how many days each line pays.
func (l *Ledger) CountLineDays(ctx context.Context, lines []Line) (map[Line]int, error) {
	counts := make(map[Line]int, len(lines))
	for _, line := range lines {
		counts[line] = 0
	}
	return counts, eachKind(lines, func(payouts bool, ids []int) error {
		table, _, something := paid(ctx, payouts)
		return database.EachIn(ctx, l.DB, `
			SELECT line_id, COUNT(*) FROM (SELECT line_id FROM `+table+` WHERE line_id IN (%s) GROUP BY line_id, day `+something+`) AS days
			GROUP BY line_id`, nil, ids, func(row *stdsql.Rows) error {
			line, count := Line{Payouts: payouts}, 0
			err := row.Scan(&line.ID, &count)
			counts[line] = count
			return err
		})
	})
}

func eachKind(lines []Line, ask func(payouts bool, ids []int) error) error {
	kinds := map[bool][]int{}
	for _, line := range lines {
		kinds[line.Payouts] = append(kinds[line.Payouts], line.ID)
	}
	for payouts, ids := range kinds {
		if err := ask(payouts, ids); err != nil {
			return fmt.Errorf("find the days of lines: %w", err)
		}
	}
	return nil
}

// RowLine is an invoice line, and what it pays of a row of the report.
type RowLine struct {
	LineID int
	Billed decimal.Decimal
}

// LineSums is what an invoice line pays of a term in a range of days, in sums.
type LineSums struct {
	LineID int
	commission.Sums
}

// TermLines finds the invoice lines that pay a part of terms in a range of days, those that the viewer sees, the
// latest first.
func (l *Ledger) TermLines(ctx context.Context, terms []int, days Range) (map[int][]LineSums, error) {
	invoices, lines, accruals := sql.Table("invoice").As("i"), sql.Table("invoice_line").As("l"), sql.Table("accrual").As("a")
	sum := func(column string) string { return sql.Sum(accruals.C(column)) }
	query := sql.Dialect(l.DB.Dialect()).
		Select(accruals.C("term_id"), accruals.C("line_id"), sum("conversions"), sum("revenue"), sum("payout"), sum("fee")).From(invoices).
		Join(lines).On(lines.C("invoice_id"), invoices.C("id")).
		Join(accruals).On(accruals.C("line_id"), lines.C("id")).
		Where(sql.And(sql.InInts(accruals.C("term_id"), terms...), sql.GTE(accruals.C("day"), int32(days.From)), sql.LTE(accruals.C("day"), int32(days.To)))).
		GroupBy(accruals.C("term_id"), accruals.C("line_id")).OrderBy(sql.Desc(accruals.C("line_id")))
	if err := rule.Invoices.Narrow(ctx, query); err != nil {
		return nil, err
	}
	statement, args := query.Query()
	found := make(map[int][]LineSums, len(terms))
	for _, term := range terms {
		found[term] = nil
	}
	return found, database.Each(ctx, l.DB, statement, args, func(row *stdsql.Rows) error {
		var term int
		var line LineSums
		var err error
		line.Sums, err = scanSums(row, &term, &line.LineID)
		found[term] = append(found[term], line)
		return err
	})
}
