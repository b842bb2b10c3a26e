package ledger

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/rule"
)

// Counted names sums in which conversions are counted together, so that an amount can be followed down to them [P5].
// Make one by a Day or a Line.
type Counted struct {
	by     grouping
	values [3]int // of the columns by which the sums belong together
}

// grouping is a way in which sums belong together.
type grouping int

const (
	byTermDay grouping = iota
	byReferralLine
	byReferralLineDay
	byPayoutLine
	byPayoutLineDay
)

// groupings says for each in which table its sums are, which column of a conversion points to them, and by which
// columns of theirs they belong together.
var groupings = map[grouping]struct {
	table, pointer string
	columns        []string
}{
	byTermDay:         {"accrual", "accrual_id", []string{"term_id", "day", "line_id"}},
	byReferralLine:    {"accrual", "accrual_id", []string{"line_id"}},
	byReferralLineDay: {"accrual", "accrual_id", []string{"line_id", "day"}},
	byPayoutLine:      {"earning_day", "earning_day_id", []string{"line_id"}},
	byPayoutLineDay:   {"earning_day", "earning_day_id", []string{"line_id", "day"}},
}

// Conversions finds in each of the sums the first conversions behind one, in the order in which they were recorded,
// by their ids. It takes a statement for each way in which the sums belong together.
func (l *Ledger) Conversions(ctx context.Context, all []Counted, first, after int) (map[Counted][]int, error) {
	found := make(map[Counted][]int, len(all))
	return found, l.eachGrouping(ctx, all, func(query *sql.Selector, id string, columns []string) string {
		if after != 0 {
			query.Where(sql.GT(id, after))
		}
		query.AppendSelectAs(id, "found")
		query.AppendSelectExprAs(sql.RowNumber().PartitionBy(columns...).OrderBy(id), "place")
		return fmt.Sprintf("WHERE place <= %d ORDER BY found", first)
	}, func(of Counted, id int) { found[of] = append(found[of], id) })
}

// CountConversions tells how many conversions and adjustments are in each of the sums.
func (l *Ledger) CountConversions(ctx context.Context, all []Counted) (map[Counted]int, error) {
	found := make(map[Counted]int, len(all))
	for _, of := range all {
		found[of] = 0
	}
	return found, l.eachGrouping(ctx, all, func(query *sql.Selector, id string, columns []string) string {
		query.AppendSelectAs(sql.Count(id), "found").GroupBy(columns...)
		return ""
	}, func(of Counted, count int) { found[of] = count })
}

// daysAStatement bounds the terms of one condition: SQLite reads no more than a thousand.
const daysAStatement = 400

// eachGrouping asks for the conversions that are counted in the sums and that the viewer sees. What it is after is
// called found; rest narrows and orders that.
func (l *Ledger) eachGrouping(ctx context.Context, all []Counted, ask func(query *sql.Selector, id string, columns []string) (rest string), use func(of Counted, found int)) error {
	alike := map[grouping][]Counted{}
	for _, of := range all {
		alike[of.by] = append(alike[of.by], of)
	}
	for by, of := range alike {
		for some := range slices.Chunk(of, daysAStatement) {
			if err := l.ofGrouping(ctx, by, some, ask, use); err != nil {
				return fmt.Errorf("find conversions: %w", err)
			}
		}
	}
	return nil
}

func (l *Ledger) ofGrouping(ctx context.Context, by grouping, some []Counted, ask func(query *sql.Selector, id string, columns []string) (rest string), use func(of Counted, found int)) error {
	in := groupings[by]
	conversions, sums := sql.Table("conversion").As("c"), sql.Table(in.table).As("s")
	query := sql.Dialect(l.DB.Dialect()).Select().From(conversions).Join(sums).On(sums.C("id"), conversions.C(in.pointer))
	if err := rule.Conversions.Narrow(ctx, query); err != nil {
		return err
	}
	columns := make([]string, len(in.columns))
	for i, column := range in.columns {
		columns[i] = sums.C(column)
		query.AppendSelect(columns[i])
	}
	wanted := make([]*sql.Predicate, len(some))
	for i, of := range some {
		equal := make([]*sql.Predicate, len(columns))
		for j, column := range columns {
			equal[j] = sql.EQ(column, of.values[j])
		}
		wanted[i] = sql.And(equal...)
	}
	rest := ask(query.Where(sql.Or(wanted...)), conversions.C("id"), columns)
	statement, args := query.Query()
	statement = fmt.Sprintf("SELECT %s, found FROM (%s) AS found %s", strings.Join(in.columns, ", "), statement, rest)
	return database.Each(ctx, l.DB, statement, args, func(row *stdsql.Rows) error {
		of, found := Counted{by: by}, 0
		into := []any{&of.values[0], &of.values[1], &of.values[2]}[:len(columns)]
		if err := row.Scan(append(into, &found)...); err != nil {
			return err
		}
		use(of, found)
		return nil
	})
}
