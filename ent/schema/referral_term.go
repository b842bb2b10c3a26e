package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/rule"
)

// ReferralTerm is one row of the referral report: a referral under one structure (T1 to T4).
type ReferralTerm struct{ ent.Schema }

// Annotations name the table.
func (ReferralTerm) Annotations() []schema.Annotation { return table("referral_term") }

// Policy says who sees and changes the rows.
func (ReferralTerm) Policy() ent.Policy {
	return rule.Policy(
		rule.ThroughAll("referral_id", "referral", rule.Referrals),
		rule.Nobody(),
	)
}

// Mixin makes it the network's.
func (ReferralTerm) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Fields of a term.
func (ReferralTerm) Fields() []ent.Field {
	return []ent.Field{
		field.Int("referral_id").Immutable(),
		field.Int("structure_id").Immutable(),
		once(moment("referred_date")),
		optionalMoment("window_ends_at"),
		optionalMoment("stopped_at"), // by what the reason says; a term that another follows is superseded, at that one's Referred Date
		field.Enum("stop_reason").GoType(commission.CloseReason("")).Optional().Nillable(),
		field.Int("grant_id").Optional().Nillable().Immutable().Comment("the grant whose term it is, over the days that it pays; none: it is one that a setting opened"),
		field.Int("previous_id").Optional().Nillable().Immutable().Comment("the term before it, 0: it is the first; none: it is a grant's. None is followed by two: one at a time is open"),
	}
}

// Edges of a term.
func (ReferralTerm) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("referral", Referral.Type).Field("referral_id").Unique().Required().Immutable(),
		edge.To("structure", CommissionStructure.Type).Field("structure_id").Unique().Required().Immutable(),
	}
}

// Indexes of a term.
func (ReferralTerm) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("referral_id", "previous_id").Unique(),
		// Nearly all terms are of no grant. SQLite, which takes a unique key for one that finds a row, would look for them by it.
		index.Fields("grant_id").Unique().Annotations(entsql.IndexWhere("grant_id IS NOT NULL")),
		index.Fields("network_id"),
	}
}
