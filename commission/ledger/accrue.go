package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
)

// cell is one day of a term (an accrual's) or of a partner (an earning day's).
type cell struct {
	owner int
	day   commission.Date
	slot  int
}

// What a row of accruals or earning days is, by its slot and its line. A row that an invoice line claims
// takes the line's id as both; when the invoice is deleted its line is unbilled again and its slot stays.
const (
	openSlot      = 0  // the row that recording adds to
	forfeitedSlot = -1 // the row that recording adds to where the referral was forfeited

	unbilledLine  = 0
	forfeitedLine = -1
)

// line is what a row that recording begins in the slot carries.
func (c cell) line() int {
	if isGivenUp(c.slot) {
		return c.slot
	}
	return unbilledLine
}

// isGivenUp tells whether a row with that line was forfeited or voided: no invoice will pay it.
func isGivenUp(line int) bool { return line < unbilledLine }

// lineOfVoid is the line of the rows that a void took, and their slot where it took them from the open one.
func lineOfVoid(id int) int { return forfeitedLine - id }

// voidOfLine is the id of the void that took a row with that line; 0: none did.
func voidOfLine(line int) int { return max(0, forfeitedLine-line) }

type cells map[cell]commission.Sums

func (c cells) add(at cell, sums commission.Sums) { c[at] = c[at].Plus(sums) }

// sorted is the cells in the one order in which every transaction locks them.
func (c cells) sorted() []cell {
	keys := make([]cell, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.day, b.day), cmp.Compare(a.slot, b.slot))
	})
	return keys
}

// counts is what a transaction adds to the sums: to the open slots of accruals and earning days, and
// to the totals of terms.
type counts struct {
	networkID int
	accruals  cells
	earnings  cells
}

func newCounts(networkID int) counts {
	return counts{networkID: networkID, accruals: cells{}, earnings: cells{}}
}

var (
	termSums    = []string{"conversions", "revenue", "payout", "fee"}
	partnerSums = []string{"conversions", "revenue", "payout"}
)

func (c counts) store(ctx context.Context, tx *database.Tx) error {
	accruals := database.Rows{Table: "accrual", Columns: append([]string{"network_id", "term_id", "day", "slot", "line_id"}, termSums...)}
	totals := database.Rows{Table: "term_total", Columns: append([]string{"network_id", "term_id"}, termSums...)}
	byTerm := map[int]commission.Sums{}
	var terms []int
	for _, at := range c.accruals.sorted() {
		sums := c.accruals[at]
		if _, known := byTerm[at.owner]; !known {
			terms = append(terms, at.owner)
		}
		byTerm[at.owner] = byTerm[at.owner].Plus(sums)
		if err := addSums(&accruals, sums, true, c.networkID, at.owner, int32(at.day), at.slot, at.line()); err != nil {
			return err
		}
	}
	for _, term := range terms {
		if err := addSums(&totals, byTerm[term], true, c.networkID, term); err != nil {
			return err
		}
	}
	earnings := database.Rows{Table: "earning_day", Columns: append([]string{"network_id", "partner_id", "day", "slot"}, partnerSums...)}
	for _, at := range c.earnings.sorted() {
		if err := addSums(&earnings, c.earnings[at], false, c.networkID, at.owner, int32(at.day), at.slot); err != nil {
			return err
		}
	}
	if err := tx.InsertOrAdd(ctx, accruals, []string{"term_id", "day", "slot"}, termSums); err != nil {
		return err
	}
	if err := tx.InsertOrAdd(ctx, totals, []string{"term_id"}, termSums); err != nil {
		return err
	}
	return tx.InsertOrAdd(ctx, earnings, []string{"partner_id", "day", "slot"}, partnerSums)
}

func addSums(rows *database.Rows, sums commission.Sums, withFee bool, head ...any) error {
	rows.Add(head...)
	rows.Add(sums.Conversions)
	amounts := []decimal.Decimal{sums.Revenue, sums.Payout}
	if withFee {
		amounts = append(amounts, sums.Fee)
	}
	for _, amount := range amounts {
		micros, err := commission.ToMicros(amount)
		if err != nil {
			return err
		}
		rows.Add(micros)
	}
	return nil
}

// daysAStatement bounds the terms of one condition: SQLite reads no more than a thousand.
const daysAStatement = 400

// idsOf finds the ids of the open slots of cells that were just stored.
func idsOf(ctx context.Context, tx *database.Tx, table, owner string, of cells) (map[cell]int, error) {
	byDay := map[commission.Date][]int{}
	for at := range of {
		byDay[at.day] = append(byDay[at.day], at.owner)
	}
	ids := make(map[cell]int, len(of))
	var where []string
	var args []any
	find := func() error {
		query := "SELECT id, " + owner + ", day, slot FROM " + table + " WHERE slot <= 0 AND (" + strings.Join(where, " OR ") + ")"
		return database.Each(ctx, tx, query, args, func(row *sql.Rows) error {
			var id int
			var at cell
			if err := row.Scan(&id, &at.owner, &at.day, &at.slot); err != nil {
				return err
			}
			ids[at] = id
			return nil
		})
	}
	for day, owners := range byDay {
		where = append(where, "(day = ? AND "+owner+" IN ("+database.Placeholders(len(owners))+"))")
		args = append(args, int32(day))
		for _, id := range owners {
			args = append(args, id)
		}
		if len(where) == daysAStatement {
			if err := find(); err != nil {
				return nil, err
			}
			where, args = nil, nil
		}
	}
	if len(where) > 0 {
		return ids, find()
	}
	return ids, nil
}

// AccrueFee adds a flat fee that a term earned at a moment [C2], in the caller's transaction.
func AccrueFee(ctx context.Context, tx *database.Tx, networkID, termID int, at time.Time, zone *time.Location, fee decimal.Decimal) error {
	counted := newCounts(networkID)
	counted.accruals.add(cell{owner: termID, day: commission.DateOf(at, zone)}, commission.Sums{Fee: fee})
	return counted.store(ctx, tx)
}

// counted is a conversion with where it counts so far.
type counted struct {
	id, partnerID int
	occurredAt    time.Time // of the original
	day           commission.Date
	sums          commission.Sums
	termID, slot  int // where it counts so far; 0: nowhere
	grantID       int // that granted it; 0: none did
}

// Reattribute puts the conversions that occurred at a moment or later, and their adjustments, to where
// they count now that terms, referrals or pauses have changed at that moment, in the transaction that
// changed them: a conversion may be recorded some minutes before it occurred, by clocks that differ. It
// must be called behind database.Tx.Hold. No such conversion is on an invoice yet: its day is not over.
func Reattribute(ctx context.Context, tx *database.Tx, networkID int, since time.Time) error {
	var all []counted
	partners := map[int]struct{}{}
	const columns = `SELECT c.id, c.partner_id, o.occurred_at, c.day, c.revenue, c.payout, c.adjusts_id IS NULL, COALESCE(a.term_id, 0), COALESCE(a.slot, 0), COALESCE(o.grant_id, 0) `
	err := database.Each(ctx, tx, columns+`
		FROM conversion o JOIN conversion c ON c.id = o.id LEFT JOIN accrual a ON a.id = c.accrual_id
		WHERE o.network_id = ? AND o.occurred_at >= ? AND o.adjusts_id IS NULL
		UNION ALL `+columns+`
		FROM conversion o JOIN conversion c ON c.adjusts_id = o.id LEFT JOIN accrual a ON a.id = c.accrual_id
		WHERE o.network_id = ? AND o.occurred_at >= ?`, []any{networkID, since, networkID, since}, func(row *sql.Rows) error {
		var c counted
		var revenue, payout int64
		var isOriginal bool
		if err := row.Scan(&c.id, &c.partnerID, &c.occurredAt, &c.day, &revenue, &payout, &isOriginal, &c.termID, &c.slot, &c.grantID); err != nil {
			return err
		}
		c.sums.Revenue, c.sums.Payout = commission.FromMicros(revenue), commission.FromMicros(payout)
		if isOriginal {
			c.sums.Conversions = 1
		}
		all = append(all, c)
		partners[c.partnerID] = struct{}{}
		return nil
	})
	if err != nil || len(all) == 0 {
		return err
	}
	history, err := load(ctx, tx, networkID, keysOf(partners))
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(all, MaxBatch) {
		if err := move(ctx, tx, networkID, batch, history); err != nil {
			return err
		}
	}
	return nil
}

// move puts conversions to the terms that their history gives them now.
func move(ctx context.Context, tx *database.Tx, networkID int, all []counted, history histories) error {
	moves := newCounts(networkID)
	moved := map[cell][]int{}
	for _, c := range all {
		to := cell{day: c.day}
		if term := history.attribute(c.partnerID, c.occurredAt, c.grantID).Term; term != nil {
			to.owner = term.ID
		}
		if to.owner == c.termID {
			continue
		}
		if c.termID != 0 {
			moves.accruals.add(cell{c.termID, c.day, c.slot}, c.sums.Negated())
		}
		if to.owner != 0 {
			moves.accruals.add(to, c.sums)
		}
		moved[to] = append(moved[to], c.id)
	}
	if err := moves.store(ctx, tx); err != nil {
		return err
	}
	ids, err := idsOf(ctx, tx, "accrual", "term_id", moves.accruals)
	if err != nil {
		return err
	}
	for at, conversions := range moved {
		var accrual any
		if at.owner != 0 {
			accrual = ids[at]
		}
		args := []any{accrual}
		for _, id := range conversions {
			args = append(args, id)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE conversion SET accrual_id = ? WHERE id IN ("+database.Placeholders(len(conversions))+")", args...); err != nil {
			return err
		}
	}
	return nil
}

// Forfeit gives up what a referral that ends has unbilled, below its threshold or not [A6]. What is recorded
// later of the time before its end is given up too; only what takes back something billed still counts.
func Forfeit(ctx context.Context, tx *database.Tx, referralID int) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE accrual SET line_id = ?, slot = CASE slot WHEN ? THEN ? ELSE slot END
		WHERE line_id = ? AND term_id IN (SELECT id FROM referral_term WHERE referral_id = ?)`,
		forfeitedLine, openSlot, forfeitedSlot, unbilledLine, referralID)
	if err != nil {
		return fmt.Errorf("forfeit: %w", err)
	}
	return nil
}
