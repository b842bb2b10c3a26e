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

// Conversion is what the tracking platform reported of a partner. What it says never changes; an
// adjustment is a conversion that names another. The last two fields say in which sums it counts.
type Conversion struct{ ent.Schema }

// Annotations name the table.
func (Conversion) Annotations() []schema.Annotation { return table("conversion") }

// Policy says who sees and changes the rows.
func (Conversion) Policy() ent.Policy {
	return rule.Policy(rule.Conversions, rule.Nobody())
}

// Mixin makes it the network's.
func (Conversion) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Fields of a conversion.
func (Conversion) Fields() []ent.Field {
	return []ent.Field{
		field.String("external_id").SchemaType(bytewise).Immutable(),
		field.Int("partner_id").Immutable(),
		once(moment("occurred_at")),
		once(moment("recorded_at")),
		once(money("revenue")),
		once(money("payout")),
		field.Int("adjusts_id").Optional().Nillable().Immutable(),
		field.Int("adjustment_number").Optional().Nillable().Immutable().Comment("the how-manieth of adjusts_id: two at once cannot both be it"),
		field.String("reason").MaxLen(1000).Default("").Immutable(),
		field.Int32("day").GoType(commission.Date(0)).Immutable().Comment("of occurred_at, in the network's time zone"),
		field.Int("accrual_id").Optional().Nillable().Comment("none: it earned no referral commission"),
		field.Int("earning_day_id"),
		field.Int("grant_id").Optional().Nillable().Comment("the grant that pays it where no term does; its adjustments follow it"),
	}
}

// Edges of a conversion.
func (Conversion) Edges() []ent.Edge {
	return []ent.Edge{edge.To("partner", Partner.Type).Field("partner_id").Unique().Required().Immutable()}
}

// Indexes of a conversion.
func (Conversion) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("network_id", "external_id").Unique(),
		index.Fields("network_id", "occurred_at"),
		index.Fields("adjusts_id", "adjustment_number").Unique(),
		index.Fields("accrual_id"),
		index.Fields("earning_day_id"),
	}
}
