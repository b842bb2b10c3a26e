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

// PartnerStatus is one stretch of a partner's status history: while a referrer is not ACTIVE its terms
// do not earn (T6), also for conversions that are reported later.
type PartnerStatus struct{ ent.Schema }

// Annotations name the table.
func (PartnerStatus) Annotations() []schema.Annotation { return table("partner_status") }

// Policy says who sees and changes the rows.
func (PartnerStatus) Policy() ent.Policy {
	return rule.Policy(
		rule.Roles{
			commission.Admin: rule.OfTheNetwork, commission.PartnerManager: rule.OfManaged("partner_id"),
			commission.Support: rule.Everywhere,
		},
		rule.Roles{commission.Admin: rule.OfTheNetwork, commission.PartnerManager: rule.OfManaged("partner_id")},
	)
}

// Mixin makes it the network's.
func (PartnerStatus) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Fields of a stretch.
func (PartnerStatus) Fields() []ent.Field {
	return []ent.Field{
		field.Int("partner_id").Immutable(),
		field.Enum("status").GoType(commission.PartnerStatus("")).Immutable(),
		once(moment("since")),
		optionalMoment("until"),
	}
}

// Edges of a stretch.
func (PartnerStatus) Edges() []ent.Edge {
	return []ent.Edge{edge.To("partner", Partner.Type).Field("partner_id").Unique().Required().Immutable()}
}

// Indexes of a stretch.
func (PartnerStatus) Indexes() []ent.Index { return []ent.Index{index.Fields("partner_id", "since")} }
