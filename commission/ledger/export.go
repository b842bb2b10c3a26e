package ledger

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/rule"
	"partner.example/referrals/sorted"
)

// Reported is a conversion or an adjustment as it is read to be exported.
type Reported struct {
	ID          int
	ExternalID  string
	PartnerName string
	OccurredAt  time.Time
	RecordedAt  time.Time
	Date        commission.Date
	Revenue     decimal.Decimal
	Payout      decimal.Decimal
	Adjusts     string // the externalId of the conversion that it adjusts; "": it adjusts none
	Reason      string
}

// referralsAtOnce is of how many referrals a table of the report reads the rows at once.
const referralsAtOnce = 1000

// EachRow calls use for the rows that Report and Sorted give, one after the other: its memory does not grow with them.
// All are read before the first is used, in one snapshot and in a few statements for every thousand referrals; whoever
// takes them slowly keeps nothing of the database.
func (l *Ledger) EachRow(ctx context.Context, network *ent.Network, days Range, filter Filter, by Order, use func(*Row) error) error {
	var asked *question
	return sorted.Each(ctx, by.compare, func(ctx context.Context, give func(*Row) error) error {
		return l.DB.Snapshot(ctx, func(ctx context.Context, q database.Querier) error {
			var err error
			if asked, err = l.ask(ctx, network, days, filter); err != nil {
				return err
			}
			for of := (referrals{}); ; of.after = of.upTo {
				if of.upTo, err = l.next(ctx, q, asked, of.after); err != nil || of.upTo == 0 {
					return err
				}
				if err := l.eachRow(ctx, q, asked, of, give); err != nil {
					return err
				}
			}
		})
	}, func(row *Row) error {
		row.in(asked.zone)
		return use(row)
	})
}

// eachRow calls use for the rows of some referrals, with their names.
func (l *Ledger) eachRow(ctx context.Context, q database.Querier, asked *question, of referrals, use func(*Row) error) error {
	report, err := l.report(ctx, q, asked, of)
	if err != nil {
		return err
	}
	pages, err := rowsOf(ctx, q, Page{report, report.Keys()})
	if err != nil {
		return err
	}
	rows := pages[0]
	if err := name(ctx, q, rows); err != nil {
		return err
	}
	for _, row := range rows {
		if err := use(row); err != nil {
			return err
		}
	}
	return nil
}

// next is the last of the next referrals behind one; 0: there are none.
func (l *Ledger) next(ctx context.Context, q database.Querier, asked *question, after int) (last int, err error) {
	from, err := l.selection(ctx, asked, referrals{after, everyReferral.upTo})
	if err != nil {
		return 0, err
	}
	statement, args := from.Select(from.r.C("id")).OrderBy(from.r.C("id")).Limit(referralsAtOnce).Query()
	return last, database.Each(ctx, q, statement, args, func(row *stdsql.Rows) error { return row.Scan(&last) })
}

// EachConversion calls use for the conversions that are counted in the sums and that the viewer sees, in the order in
// which they were recorded; as EachRow, in memory that does not grow with them, and the first when all were read.
func (l *Ledger) EachConversion(ctx context.Context, of Counted, use func(*Reported) error) error {
	in := groupings[of.by]
	c, sums := sql.Table("conversion").As("c"), sql.Table(in.table).As("s")
	original, partner := sql.Table("conversion").As("o"), sql.Table("partner").As("p")
	query := sql.Dialect(l.DB.Dialect()).Select(
		c.C("id"), c.C("external_id"), partner.C("name"), c.C("occurred_at"), c.C("recorded_at"), c.C("day"), c.C("revenue"), c.C("payout"), original.C("external_id"), c.C("reason"),
	).From(c).Join(sums).On(sums.C("id"), c.C(in.pointer)).Join(partner).On(partner.C("id"), c.C("partner_id")).
		LeftJoin(original).On(original.C("id"), c.C("adjusts_id"))
	if err := rule.Conversions.Narrow(ctx, query); err != nil {
		return err
	}
	for i, column := range in.columns {
		query.Where(sql.EQ(sums.C(column), of.values[i]))
	}
	statement, args := query.Query()
	recorded := func(a, b *Reported) int { return cmp.Compare(a.ID, b.ID) }
	return sorted.Each(ctx, recorded, func(ctx context.Context, give func(*Reported) error) error {
		return database.Each(ctx, l.DB, statement, args, func(row *stdsql.Rows) error {
			var r Reported
			var revenue, payout int64
			var adjusts stdsql.NullString
			if err := row.Scan(&r.ID, &r.ExternalID, &r.PartnerName, &r.OccurredAt, &r.RecordedAt, &r.Date, &revenue, &payout, &adjusts, &r.Reason); err != nil {
				return err
			}
			r.Revenue, r.Payout, r.Adjusts = commission.FromMicros(revenue), commission.FromMicros(payout), adjusts.String
			return give(&r)
		})
	}, use)
}
