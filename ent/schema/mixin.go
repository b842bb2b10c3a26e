// Package schema describes the tables, one file for each. Names are those of schema.graphqls.
package schema

import (
	"database/sql"
	"database/sql/driver"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"
	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
)

// table names the table as the noun it holds and has its texts compared byte for byte.
func table(name string) []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: name, Charset: "utf8mb4", Collation: "utf8mb4_bin"}}
}

// tenant is what every row of a network carries: nothing crosses a network's border.
type tenant struct{ mixin.Schema }

func (tenant) Fields() []ent.Field {
	return []ent.Field{field.Int("network_id").Immutable()}
}

// bytewise is the type of identifiers, codes and e-mails: two are the same where every byte is. The
// collations that MySQL and MariaDB have in common take "a" and "a " for one.
var bytewise = map[string]string{dialect.MySQL: "varbinary(255)"}

// datetime keeps microseconds on MySQL too; SQLite stores them as an integer of microseconds.
var datetime = map[string]string{dialect.MySQL: "datetime(6)"}

// moment is a time in UTC, to the microsecond on every engine.
func moment(name string) ent.Field { return field.Time(name).SchemaType(datetime) }

// optionalMoment is a moment that may not have come.
func optionalMoment(name string) ent.Field {
	return field.Time(name).SchemaType(datetime).Optional().Nillable()
}

// once makes a field one that is written with the row and never again.
func once(f ent.Field) ent.Field {
	f.Descriptor().Immutable = true
	return f
}

// money is an amount with commission.Scale decimals, stored as an integer so that every engine adds,
// orders and compares it exactly.
func money(name string) ent.Field {
	return field.Int64(name).GoType(decimal.Decimal{}).ValueScanner(field.ValueScannerFunc[decimal.Decimal, *sql.NullInt64]{
		V: toMicros,
		S: func(stored *sql.NullInt64) (decimal.Decimal, error) { return commission.FromMicros(stored.Int64), nil },
	})
}

// optionalMoney is money that may be absent, as a nil pointer.
func optionalMoney(name string) ent.Field {
	return field.Int64(name).GoType(&decimal.Decimal{}).ValueScanner(field.ValueScannerFunc[*decimal.Decimal, *sql.NullInt64]{
		V: func(d *decimal.Decimal) (driver.Value, error) {
			if d == nil {
				return nil, nil
			}
			return toMicros(*d)
		},
		S: func(stored *sql.NullInt64) (*decimal.Decimal, error) {
			if !stored.Valid {
				return nil, nil
			}
			d := commission.FromMicros(stored.Int64)
			return &d, nil
		},
	}).Optional()
}

func toMicros(d decimal.Decimal) (driver.Value, error) { return commission.ToMicros(d) }

// sums are the amounts that conversions add up to.
func sums() []ent.Field {
	return []ent.Field{field.Int64("conversions"), money("revenue"), money("payout")}
}
