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

// Referral is the association of one referrer and one referred partner, from the moment it starts
// until it is removed. A Referred By that waits for the approval is on the partner alone.
type Referral struct{ ent.Schema }

// Annotations name the table.
func (Referral) Annotations() []schema.Annotation { return table("referral") }

// Policy says who sees and changes the rows.
func (Referral) Policy() ent.Policy {
	return rule.Policy(
		rule.Referrals,
		rule.Roles{commission.Admin: rule.OfTheNetwork, commission.PartnerManager: rule.OfManaged("referred_id")},
	)
}

// Mixin makes it the network's.
func (Referral) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Interceptors say which fields of a row are shown to whom.
func (Referral) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{rule.ReferralFields.Interceptor()}
}

// Hooks write the audit log.
func (Referral) Hooks() []ent.Hook {
	return []ent.Hook{audit.Hook(audit.Table{
		Name: "referral", Type: "Referral",
		Subject: "SELECT r.id, r.network_id, p.id, p.name FROM referral r JOIN partner p ON p.id = r.referred_id WHERE r.id",
	})}
}

// Fields of a referral.
func (Referral) Fields() []ent.Field {
	return []ent.Field{
		field.Int("referrer_id").Immutable(),
		field.Int("referred_id").Immutable(),
		field.Enum("source").GoType(commission.ReferralSource("")).Immutable(),
		once(moment("started_at")),
		optionalMoment("ended_at"),
		field.Int("active_key").Optional().Nillable().Unique().Comment("referred_id while the referral is ACTIVE: one at a time"),
		field.Int("latest_term_id").Optional().Nillable().Comment("the term that a setting opened last, closed by now or not; none: it was tracked only so far"),
		optionalMoment("forfeited_at"), // what was unbilled at the end is not paid (A6)
		field.String("end_reason").MaxLen(1000).Default(""),
	}
}

// Edges of a referral.
func (Referral) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("referrer", Partner.Type).Field("referrer_id").Unique().Required().Immutable(),
		edge.To("referred", Partner.Type).Field("referred_id").Unique().Required().Immutable(),
		edge.From("terms", ReferralTerm.Type).Ref("referral"),
	}
}

// Indexes of a referral.
func (Referral) Indexes() []ent.Index {
	return []ent.Index{index.Fields("network_id"), index.Fields("network_id", "started_at"), index.Fields("referrer_id", "network_id"), index.Fields("referred_id")}
}
