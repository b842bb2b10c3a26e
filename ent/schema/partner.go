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

// Partner is a member of a network.
type Partner struct{ ent.Schema }

// Annotations name the table.
func (Partner) Annotations() []schema.Annotation { return table("partner") }

// Policy says who sees and changes the rows.
func (Partner) Policy() ent.Policy {
	return rule.Policy(
		rule.Roles{
			commission.Admin: rule.OfTheNetwork, commission.PartnerManager: rule.ManagedPartners,
			commission.PartnerUser: rule.PartnerItself, commission.Support: rule.Everywhere,
		},
		rule.Roles{commission.Admin: rule.OfTheNetwork, commission.PartnerManager: rule.Managed},
	)
}

// Mixin makes it the network's.
func (Partner) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Interceptors say which fields of a row are shown to whom.
func (Partner) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{rule.PartnerFields.Interceptor()}
}

// Hooks write the audit log.
func (Partner) Hooks() []ent.Hook {
	return []ent.Hook{audit.Hook(audit.Table{
		Name: "partner", Type: "Partner",
		Subject: "SELECT id, network_id, id, name FROM partner WHERE id",
	})}
}

// Fields of a partner.
func (Partner) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("email").SchemaType(bytewise).Default(""),
		field.String("search_text").MaxLen(1055).Comment("name and e-mail in lower case, which engines do differently"),
		field.Enum("status").GoType(commission.PartnerStatus("")),
		optionalMoment("approved_at"), // of the first approval
		field.Int("version").Default(1),

		field.String("referral_code").SchemaType(bytewise).Unique().Sensitive(),
		field.Int("referred_by_id").Optional().Nillable(),
		field.Enum("referred_by_source").GoType(commission.ReferralSource("")).Optional().Nillable(),

		field.Enum("referral_mode").GoType(commission.Mode("")).Default(string(commission.Inherit)),
		field.Int("referral_structure_id").Optional().Nillable(),
		field.Int("referral_setting_version").Default(1),

		field.Int("manager_id").Optional().Nillable(),
		field.Enum("billing_frequency").GoType(commission.BillingFrequency("")).Default(string(commission.Monthly)),
		field.Int("payment_terms_days").Default(30),
		optionalMoney("invoice_threshold"),
		field.Bool("hide_invoices").Default(false),
		once(moment("created_at")),
	}
}

// Edges of a partner.
func (Partner) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("network", Network.Type).Field("network_id").Unique().Required().Immutable(),
		edge.To("referred_partners", Partner.Type).From("referred_by").Field("referred_by_id").Unique(),
		edge.To("referral_structure", CommissionStructure.Type).Field("referral_structure_id").Unique(),
		edge.To("manager", Account.Type).Field("manager_id").Unique(),
		edge.From("referrals_made", Referral.Type).Ref("referrer"),
	}
}

// Indexes of a partner.
func (Partner) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("network_id", "referral_mode"),
		index.Fields("network_id", "name"), // lists are in this order
		index.Fields("network_id", "email"),
		index.Fields("referred_by_id"),
		index.Fields("manager_id"),
	}
}
