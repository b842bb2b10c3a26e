package ledger

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

// place is where sums of a term are: on an invoice line, on none yet, or given up.
type place struct{ term, line int }

// month is what a term counted in a calendar month of the network's, by what became of it: the sums of all accruals of
// the term that have a day in the month and carry the line.
type month struct {
	commission.CalendarMonth
	place
}

type months map[month]micros

func (m months) add(at month, sums micros) (err error) {
	m[at], err = m[at].plus(sums)
	return err
}

// sorted is the months in the one order in which every transaction locks them, which is that of the table.
func (m months) sorted() []month {
	return slices.SortedFunc(maps.Keys(m), func(a, b month) int {
		return cmp.Or(cmp.Compare(a.CalendarMonth, b.CalendarMonth), cmp.Compare(a.term, b.term), cmp.Compare(a.line, b.line))
	})
}

// store adds to the rows of months, which the engine finds by their primary key, and makes those that are missing.
func (m months) store(ctx context.Context, tx *database.Tx, networkID int) error {
	key := []string{"network_id", "month", "term_id", "line_id"}
	rows := tx.Rows("term_month", slices.Concat(key, termSums)...)
	for _, at := range m.sorted() {
		sums := m[at]
		rows.Add(networkID, int32(at.CalendarMonth), at.term, at.line, sums.conversions, sums.revenue, sums.payout, sums.fee)
	}
	return tx.InsertOrAdd(ctx, rows, key, termSums)
}

// termsAStatement bounds the terms that one statement lists: MariaDB makes a table of more than a thousand.
const termsAStatement = 900

// Recount sums the months of some terms anew from their accruals, each since the month of a day. Whoever gives accruals to
// other lines does so after it. It must be called behind database.Tx.Hold: nobody adds to them meanwhile. It takes two
// statements for every 900 terms.
func Recount(ctx context.Context, tx *database.Tx, since map[int]commission.Date) error {
	for terms := range slices.Chunk(slices.Sorted(maps.Keys(since)), termsAStatement) {
		byMonth := map[commission.CalendarMonth][]int{}
		for _, term := range terms {
			of := since[term].Month()
			byMonth[of] = append(byMonth[of], term)
		}
		var counted, summed []string
		var countedArgs, summedArgs []any
		for _, of := range slices.Sorted(maps.Keys(byMonth)) {
			which := "term_id IN (" + database.Placeholders(len(byMonth[of])) + ")"
			summed, counted = append(summed, "(month >= ? AND "+which+")"), append(counted, "(day >= ? AND "+which+")")
			summedArgs, countedArgs = append(summedArgs, int32(of)), append(countedArgs, int32(of.First()))
			for _, term := range byMonth[of] {
				summedArgs, countedArgs = append(summedArgs, term), append(countedArgs, term)
			}
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM term_month WHERE "+strings.Join(summed, " OR "), summedArgs...); err != nil {
			return fmt.Errorf("forget the sums of months: %w", err)
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO term_month (network_id, month, term_id, line_id, conversions, revenue, payout, fee)
			SELECT network_id, `+tx.MonthOf("day")+` AS its_month, term_id, line_id, SUM(conversions), SUM(revenue), SUM(payout), SUM(fee)
			FROM accrual WHERE `+strings.Join(counted, " OR ")+` GROUP BY network_id, its_month, term_id, line_id`, countedArgs...)
		if err != nil {
			return fmt.Errorf("sum months anew: %w", err)
		}
	}
	return nil
}

// part is rows of sums, of accruals or of months, that the report reads.
type part struct {
	table, column string
	from, to      int32
}

// parts cuts a range into the whole calendar months within, whose sums are kept, and the days before and after them.
func (r Range) parts() []part {
	first, last := (r.From-1).Month()+1, (r.To+1).Month()-1
	if last < first {
		return []part{ofDays(r.From, r.To)}
	}
	parts := []part{{"term_month", "month", int32(first), int32(last)}}
	if begin := first.First(); r.From < begin {
		parts = append(parts, ofDays(r.From, begin-1))
	}
	if end := (last + 1).First(); end <= r.To {
		parts = append(parts, ofDays(end, r.To))
	}
	return parts
}

// month is the one calendar month that the range is, if it is.
func (r Range) month() (part, bool) {
	parts := r.parts()
	return parts[0], len(parts) == 1 && parts[0].column == "month" && parts[0].from == parts[0].to
}

func ofDays(from, to commission.Date) part { return part{"accrual", "day", int32(from), int32(to)} }

// isHidden tells of a line whether it is on an invoice that its partner does not see [I6]; it is asked with what hiddenFrom says.
const isHidden = "c.line_id IN (SELECT l.id FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id WHERE i.partner_id = ? AND i.hidden = ?)"

func hiddenFrom(partnerID int) []any { return []any{partnerID, true} }

// statement reads what terms of a network counted in a range, by line, in rows that are to be added up. The terms are all,
// or those of the referrals that a condition on r names. For a partner it tells which lines are hidden from it; nil: for staff.
func (r Range) statement(networkID int, which string, args []any, partnerID *int) (string, []any) {
	var reads []string
	var all []any
	hidden := ""
	if partnerID != nil {
		hidden, args = ", "+isHidden, slices.Concat(hiddenFrom(*partnerID), args)
	}
	for _, p := range r.parts() {
		sums, group := "c.conversions, c.revenue, c.payout, c.fee", ""
		if p.column == "day" { // of which there are many in a month
			sums, group = "SUM(c.conversions), SUM(c.revenue), SUM(c.payout), SUM(c.fee)", " GROUP BY c.term_id, c.line_id"
		}
		from := p.table + " c WHERE c.network_id = ?"
		if which != "" {
			from = "referral r JOIN referral_term t ON t.referral_id = r.id JOIN " + p.table + " c ON c.term_id = t.id WHERE " + which + " AND r.network_id = ?"
		}
		reads = append(reads, "SELECT c.term_id, c.line_id, "+sums+hidden+" FROM "+from+" AND c."+p.column+" BETWEEN ? AND ?"+group)
		all = append(append(all, args...), networkID, p.from, p.to)
	}
	return strings.Join(reads, " UNION ALL "), all
}
