package ledger

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/rule"
)

// Reported is a conversion or an adjustment as it is read to be exported.
type Reported struct {
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

// EachConversion reads the conversions that are counted in the sums and that the viewer sees, in the order in which they
// were recorded, one after the other: its memory does not grow with them.
func (l *Ledger) EachConversion(ctx context.Context, of Counted, use func(*Reported) error) error {
	in := groupings[of.by]
	c, sums := sql.Table("conversion").As("c"), sql.Table(in.table).As("s")
	original, partner := sql.Table("conversion").As("o"), sql.Table("partner").As("p")
	query := sql.Dialect(l.DB.Dialect()).Select(
		c.C("external_id"), partner.C("name"), c.C("occurred_at"), c.C("recorded_at"), c.C("day"), c.C("revenue"), c.C("payout"), original.C("external_id"), c.C("reason"),
	).From(c).Join(sums).On(sums.C("id"), c.C(in.pointer)).Join(partner).On(partner.C("id"), c.C("partner_id")).
		LeftJoin(original).On(original.C("id"), c.C("adjusts_id")).OrderBy(c.C("id"))
	if err := rule.Conversions.Narrow(ctx, query); err != nil {
		return err
	}
	for i, column := range in.columns {
		query.Where(sql.EQ(sums.C(column), of.values[i]))
	}
	statement, args := query.Query()
	err := database.Each(ctx, l.DB, statement, args, func(row *stdsql.Rows) error {
		var r Reported
		var revenue, payout int64
		var adjusts stdsql.NullString
		if err := row.Scan(&r.ExternalID, &r.PartnerName, &r.OccurredAt, &r.RecordedAt, &r.Date, &revenue, &payout, &adjusts, &r.Reason); err != nil {
			return err
		}
		r.Revenue, r.Payout, r.Adjusts = commission.FromMicros(revenue), commission.FromMicros(payout), adjusts.String
		return use(&r)
	})
	if err != nil {
		return fmt.Errorf("read conversions: %w", err)
	}
	return nil
}
