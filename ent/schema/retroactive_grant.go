package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/rule"
)

// RetroactiveGrant pays a referral for a window of days that the rules pay nobody for, or is a proposal to do so. What
// it pays it pays through a term of its own, and the conversions that it pays name it.
type RetroactiveGrant struct{ ent.Schema }

// Annotations name the table.
func (RetroactiveGrant) Annotations() []schema.Annotation { return table("retroactive_grant") }

// Policy says who sees and changes the rows. Proposals of support staff are written by the use case.
func (RetroactiveGrant) Policy() ent.Policy {
	return rule.Policy(
		rule.ThroughAll("referral_id", "referral", rule.Decisions),
		rule.Roles{commission.Admin: rule.OfTheNetwork},
	)
}

// Mixin makes it the network's.
func (RetroactiveGrant) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Hooks write the audit log.
func (RetroactiveGrant) Hooks() []ent.Hook {
	return []ent.Hook{audit.Hook(audit.Table{
		Name: "retroactive_grant", Type: "RetroactiveGrant",
		Subject: "SELECT g.id, g.network_id, p.id, p.name FROM retroactive_grant g JOIN referral r ON r.id = g.referral_id JOIN partner p ON p.id = r.referred_id WHERE g.id",
	})}
}

// Fields of a grant.
func (RetroactiveGrant) Fields() []ent.Field {
	return []ent.Field{
		field.Int("referral_id").Immutable(),
		field.Int("structure_id").Immutable(),
		field.Int32("from").GoType(commission.Date(0)).StorageKey("from_day").Immutable(),
		field.Int32("to").GoType(commission.Date(0)).StorageKey("to_day").Immutable().Comment("included"),
		once(money("maximum")),
		field.String("reason").MaxLen(1000).Immutable(),
		field.Enum("status").GoType(commission.GrantStatus("")),
		field.Int64("conversions").Default(0).Comment("how many were granted"),
		money("amount"), // what they came to when they were granted; zero while they are not
		optionalMoment("proposed_at"),
		field.String("proposed_by").Default(""),
		optionalMoment("granted_at"),
		field.String("granted_by").Default(""),
		optionalMoment("ended_at"), // declined or revoked
		field.String("ended_by").Default(""),
		field.String("end_reason").MaxLen(1000).Default(""),
	}
}

// Edges of a grant.
func (RetroactiveGrant) Edges() []ent.Edge {
	return []ent.Edge{edge.To("referral", Referral.Type).Field("referral_id").Unique().Required().Immutable()}
}

// Indexes of a grant.
func (RetroactiveGrant) Indexes() []ent.Index {
	return []ent.Index{index.Fields("network_id"), index.Fields("referral_id")}
}
