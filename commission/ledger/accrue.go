package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
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

func (c cell) compare(other cell) int {
	if c.owner != other.owner {
		return cmp.Compare(c.owner, other.owner)
	}
	return cmp.Or(cmp.Compare(c.day, other.day), cmp.Compare(c.slot, other.slot))
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

// micros is sums as they are stored: whole numbers of millionths.
type micros struct{ conversions, revenue, payout, fee int64 }

// microsOf is sums as they are stored.
func microsOf(s commission.Sums) (m micros, err error) {
	m.conversions = s.Conversions
	for of, amount := range map[*int64]decimal.Decimal{&m.revenue: s.Revenue, &m.payout: s.Payout, &m.fee: s.Fee} {
		if *of, err = commission.ToMicros(amount); err != nil {
			return micros{}, err
		}
	}
	return m, nil
}

// sums is what microsOf was given.
func (m micros) sums() commission.Sums {
	return commission.Sums{
		Conversions: m.conversions, Revenue: commission.FromMicros(m.revenue),
		Payout: commission.FromMicros(m.payout), Fee: commission.FromMicros(m.fee),
	}
}

func (m micros) negated() micros { return micros{-m.conversions, -m.revenue, -m.payout, -m.fee} }

// plus adds two sums; what does not fit into 64 bits cannot be stored.
func (m micros) plus(other micros) (micros, error) {
	sum := micros{m.conversions + other.conversions, m.revenue + other.revenue, m.payout + other.payout, m.fee + other.fee}
	if overflows(m.revenue, other.revenue, sum.revenue) || overflows(m.payout, other.payout, sum.payout) || overflows(m.fee, other.fee, sum.fee) {
		return micros{}, errors.New("a sum of a day is too large to be stored")
	}
	return sum, nil
}

func overflows(a, b, sum int64) bool { return (a < 0) == (b < 0) && (a < 0) != (sum < 0) }

type cells map[cell]micros

func (c cells) add(at cell, sums micros) (err error) {
	c[at], err = c[at].plus(sums)
	return err
}

// neighbours adds up what comes one after the other for one cell, and adds it when another one comes.
type neighbours struct {
	add  func(at cell, sums micros) error
	at   cell // zero: nothing came yet
	sums micros
}

func (n *neighbours) count(at cell, sums micros) (err error) {
	if at != n.at {
		if err := n.end(); err != nil {
			return err
		}
		n.at, n.sums = at, micros{}
	}
	n.sums, err = n.sums.plus(sums)
	return err
}

// end adds what came last.
func (n *neighbours) end() error {
	if n.at == (cell{}) {
		return nil
	}
	return n.add(n.at, n.sums)
}

// sorted is the cells in the one order in which every transaction locks them.
func (c cells) sorted() []cell {
	keys := make([]cell, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, cell.compare)
	return keys
}

// counts is what a transaction adds to the sums: to accruals and earning days, and to the months of terms.
type counts struct {
	networkID int
	accruals  cells
	months    months
	earnings  cells
}

func newCounts(networkID int) counts {
	return counts{networkID: networkID, accruals: cells{}, months: months{}, earnings: cells{}}
}

// accrue adds to what a term counted on a day, in a row that recording begins, and in its month.
func (c counts) accrue(at cell, sums micros) error { return c.accrueOn(at.line(), at, sums) }

// accrueOn adds to what a term counted on a day, in a row that carries a line, and in its month.
func (c counts) accrueOn(line int, at cell, sums micros) error {
	if err := c.accruals.add(at, sums); err != nil {
		return err
	}
	return c.months.add(month{at.day.Month(), place{at.owner, line}}, sums)
}

var (
	sumColumns  = slices.Concat([]string{"line_id"}, termSums)
	termSums    = []string{"conversions", "revenue", "payout", "fee"}
	partnerSums = []string{"conversions", "revenue", "payout"}
)

// store adds to the sums.
func (c counts) store(ctx context.Context, tx *database.Tx) error {
	if err := ofTerms.add(ctx, tx, c.networkID, c.accruals); err != nil {
		return err
	}
	if err := c.months.store(ctx, tx, c.networkID); err != nil {
		return err
	}
	return ofPartners.add(ctx, tx, c.networkID, c.earnings)
}

// kept is one of the two tables that keep the sums of days.
type kept struct {
	table, owner string
	sums         []string
}

var (
	ofTerms    = kept{"accrual", "term_id", termSums}
	ofPartners = kept{"earning_day", "partner_id", partnerSums}
)

// add adds to the rows of cells, and makes those that are missing.
func (k kept) add(ctx context.Context, tx *database.Tx, networkID int, of cells) error {
	rows := tx.Rows(k.table, slices.Concat(k.cell(), k.sums)...)
	for _, at := range of.sorted() {
		k.write(rows, networkID, at, of[at])
	}
	return tx.InsertOrAdd(ctx, rows, k.key(), k.sums)
}

// usualSums is how many bytes a row of sums takes in a statement.
const usualSums = 70

// addTo adds to the rows of a tally by their ids, but for those that were made.
func (k kept) addTo(ctx context.Context, tx *database.Tx, networkID int, t tally) error {
	rows := tx.Rows(k.table, slices.Concat(k.cell(), k.sums, []string{"id"})...)
	rows.Grow(len(t.at), usualSums)
	for i, at := range t.at {
		if !t.made[i] {
			k.write(rows, networkID, at, t.sums[i])
			rows.Add(t.ids[i])
		}
	}
	return tx.AddTo(ctx, rows, k.key(), k.sums)
}

// key is the columns of a row's unique key.
func (k kept) key() []string { return []string{k.owner, "day", "slot"} }

// cell is the columns that say of what the sums are.
func (k kept) cell() []string { return []string{"network_id", k.owner, "day", "slot", "line_id"} }

func (k kept) write(rows *database.Rows, networkID int, at cell, sums micros) {
	rows.Add(networkID, at.owner, int32(at.day), at.slot, at.line(), sums.conversions, sums.revenue, sums.payout)
	if k.table == ofTerms.table {
		rows.Add(sums.fee)
	}
}

// tally is sums of cells in the one order in which every transaction locks them, and what is known of their rows.
type tally struct {
	at   []cell
	sums []micros
	ids  []int  // of the rows; 0: not known
	told []bool // the id was remembered
	made []bool // the row was made, with these sums
}

// tallies is those of both tables.
type tallies struct{ accruals, earnings tally }

func (c counts) tallies() tallies { return tallies{c.accruals.tally(), c.earnings.tally()} }

func (c cells) tally() tally {
	t := tally{at: c.sorted(), sums: make([]micros, len(c)), ids: make([]int, len(c)), told: make([]bool, len(c)), made: make([]bool, len(c))}
	for i, at := range t.at {
		t.sums[i] = c[at]
	}
	return t
}

// id is the id of a cell's row; 0: the cell is not among these.
func (t tally) id(at cell) int {
	if i, found := slices.BinarySearchFunc(t.at, at, cell.compare); found {
		return t.ids[i]
	}
	return 0
}

// unknown is of how many rows the id is not known.
func (t tally) unknown() (count int) {
	for _, id := range t.ids {
		if id == 0 {
			count++
		}
	}
	return count
}

// note notes the id of a row, and whether it was made.
func (t tally) note(made bool) func(row *sql.Rows) error {
	return func(row *sql.Rows) error {
		var id int
		var at cell
		if err := row.Scan(&id, &at.owner, &at.day, &at.slot); err != nil {
			return err
		}
		if i, found := slices.BinarySearchFunc(t.at, at, cell.compare); found {
			t.ids[i], t.made[i] = id, made
		}
		return nil
	}
}

// begin finds the rows of a tally, and makes those that are missing, with their sums. It waits for nobody but those who
// make the same rows on another server. Ids that were remembered may be wrong, which addTo finds.
//
// Where nearly all are remembered the others are new, as a rule: they are made without being looked for. One that is there
// after all has its sums then.
func (k kept) begin(ctx context.Context, tx *database.Tx, networkID int, t tally) error {
	const nearlyAll = 10
	if nearlyAll*t.unknown() > len(t.at) {
		if err := k.find(ctx, tx, t); err != nil {
			return err
		}
	}
	rows, keys := tx.Rows(k.table, slices.Concat(k.cell(), k.sums)...), tx.Keys(k.table, k.key()...)
	for i, at := range t.at {
		if t.ids[i] == 0 {
			k.write(rows, networkID, at, t.sums[i])
			keys.Add(at.owner, int32(at.day), at.slot)
		}
	}
	return tx.InsertOrAddAndFind(ctx, rows, keys, k.sums, t.note(true))
}

// find finds the ids that are not known, of rows that are there.
func (k kept) find(ctx context.Context, tx *database.Tx, t tally) error {
	keys := tx.Keys(k.table, k.key()...)
	for i, at := range t.at {
		if t.ids[i] == 0 {
			keys.Add(at.owner, int32(at.day), at.slot)
		}
	}
	return tx.Find(ctx, keys, t.note(false))
}

// AccrueFee adds a flat fee that a term earned at a moment [C2], in the caller's transaction.
func AccrueFee(ctx context.Context, tx *database.Tx, networkID, termID int, at time.Time, zone *time.Location, fee decimal.Decimal) error {
	earned, err := microsOf(commission.Sums{Fee: fee})
	if err != nil {
		return err
	}
	counted := newCounts(networkID)
	if err := counted.accrue(cell{owner: termID, day: commission.DateOf(at, zone)}, earned); err != nil {
		return err
	}
	return counted.store(ctx, tx)
}

// counted is a conversion with where it counts so far.
type counted struct {
	id, partnerID int
	occurredAt    time.Time // of the original
	day           commission.Date
	sums          micros
	termID, slot  int // where it counts so far; 0: nowhere
	line          int // of that row
	grantID       int // that granted it; 0: none did
}

// Reattribute puts the conversions that occurred at a moment or later, and their adjustments, to where
// they count now that terms, referrals or pauses have changed at that moment, in the transaction that
// changed them: a conversion may be recorded some minutes before it occurred, by clocks that differ. It
// must be called behind database.Tx.Hold. No such conversion is on an invoice yet: its day is not over.
func Reattribute(ctx context.Context, tx *database.Tx, networkID int, since time.Time) error {
	var all []counted
	partners := map[int]struct{}{}
	const columns = `SELECT c.id, c.partner_id, o.occurred_at, c.day, c.revenue, c.payout, c.adjusts_id IS NULL, COALESCE(a.term_id, 0), COALESCE(a.slot, 0), COALESCE(a.line_id, 0), COALESCE(o.grant_id, 0) `
	err := database.Each(ctx, tx, columns+`
		FROM conversion o JOIN conversion c ON c.id = o.id LEFT JOIN accrual a ON a.id = c.accrual_id
		WHERE o.network_id = ? AND o.occurred_at >= ? AND o.adjusts_id IS NULL
		UNION ALL `+columns+`
		FROM conversion o JOIN conversion c ON c.adjusts_id = o.id LEFT JOIN accrual a ON a.id = c.accrual_id
		WHERE o.network_id = ? AND o.occurred_at >= ?`, []any{networkID, since, networkID, since}, func(row *sql.Rows) error {
		var c counted
		var isOriginal bool
		if err := row.Scan(&c.id, &c.partnerID, &c.occurredAt, &c.day, &c.sums.revenue, &c.sums.payout, &isOriginal, &c.termID, &c.slot, &c.line, &c.grantID); err != nil {
			return err
		}
		if isOriginal {
			c.sums.conversions = 1
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
			if err := moves.accrueOn(c.line, cell{c.termID, c.day, c.slot}, c.sums.negated()); err != nil {
				return err
			}
		}
		if to.owner != 0 {
			if err := moves.accrue(to, c.sums); err != nil {
				return err
			}
		}
		moved[to] = append(moved[to], c.id)
	}
	if err := moves.store(ctx, tx); err != nil {
		return err
	}
	rows := moves.accruals.tally()
	if err := ofTerms.find(ctx, tx, rows); err != nil {
		return err
	}
	for at, conversions := range moved {
		var accrual any
		if at.owner != 0 {
			accrual = rows.id(at)
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
	since := map[int]commission.Date{} // ever
	err := database.Each(ctx, tx, "SELECT id FROM referral_term WHERE referral_id = ?", []any{referralID}, func(row *sql.Rows) error {
		var id int
		err := row.Scan(&id)
		since[id] = 0
		return err
	})
	if err != nil {
		return fmt.Errorf("forfeit: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE accrual SET line_id = ?, slot = CASE slot WHEN ? THEN ? ELSE slot END
		WHERE line_id = ? AND term_id IN (SELECT id FROM referral_term WHERE referral_id = ?)`,
		forfeitedLine, openSlot, forfeitedSlot, unbilledLine, referralID)
	if err != nil {
		return fmt.Errorf("forfeit: %w", err)
	}
	return Recount(ctx, tx, since)
}
