package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/rule"
)

// EarningDay is what one partner generated on one day of the network's time zone, referred or not: its
// own payouts. Slots are an accrual's.
type EarningDay struct{ ent.Schema }

// Annotations name the table.
func (EarningDay) Annotations() []schema.Annotation { return table("earning_day") }

// Policy says who sees and changes the rows.
func (EarningDay) Policy() ent.Policy {
	return rule.Policy(
		rule.Nobody(),
		rule.Nobody(),
	)
}

// Mixin makes it the network's.
func (EarningDay) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Fields of an earning day.
func (EarningDay) Fields() []ent.Field {
	return append([]ent.Field{
		field.Int("partner_id").Immutable(),
		field.Int32("day").GoType(commission.Date(0)).Immutable(),
		field.Int("slot").Default(0),
		field.Int("line_id").Default(0),
	}, sums()...)
}

// Edges of an earning day.
func (EarningDay) Edges() []ent.Edge {
	return []ent.Edge{edge.To("partner", Partner.Type).Field("partner_id").Unique().Required().Immutable()}
}

// Indexes of an earning day.
func (EarningDay) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("partner_id", "day", "slot").Unique(),
		index.Fields("network_id", "day"),
		index.Fields("line_id", "partner_id", "day"), // billing finds here what is on no line yet
	}
}
