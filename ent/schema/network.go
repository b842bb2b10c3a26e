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

// Network is the tenant: a company that runs a partner program.
type Network struct{ ent.Schema }

// Annotations name the table.
func (Network) Annotations() []schema.Annotation { return table("network") }

// Policy says who sees and changes the rows.
func (Network) Policy() ent.Policy {
	return rule.Policy(
		rule.Roles{
			commission.Admin: rule.TheNetworkItself, commission.PartnerManager: rule.TheNetworkItself,
			commission.PartnerUser: rule.TheNetworkItself, commission.Tracker: rule.TheNetworkItself,
			commission.Support: rule.Everywhere,
		},
		rule.Roles{commission.Admin: rule.TheNetworkItself},
	)
}

// Interceptors say which fields of a row are shown to whom.
func (Network) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{rule.NetworkFields.Interceptor()}
}

// Hooks write the audit log.
func (Network) Hooks() []ent.Hook {
	return []ent.Hook{audit.Hook(audit.Table{
		Name: "network", Type: "Network",
		Subject: "SELECT id, id, 0, name FROM network WHERE id",
	})}
}

// Fields of a network. The settings are S1's, with the version that S8 asks for.
func (Network) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("currency").GoType(commission.Currency("")).Immutable(),
		field.String("time_zone").GoType(commission.Zone("")).Immutable(),
		field.Bool("referral_enabled").Default(false),
		field.Int("referral_structure_id").Optional().Nillable(),
		field.Int("referral_settings_version").Default(1),
		optionalMoment("referral_settings_updated_at"),
		field.String("referral_settings_updated_by").Default("").Comment("the name of the account"),
		field.String("sign_up_page").Default("").Comment("the URL of the public page behind sign-up links"),
		field.Int("next_invoice_number").Default(1),
		field.Int32("billed_through").GoType(commission.Date(0)).Optional().Nillable().Comment("the last day through which a server ran billing by itself; none: it never did"),
		field.String("billing_by").Default("").Comment("the server whose billing run is on its way; none: there is none"),
		field.Int("billing_beat").Default(0).Comment("counts the steps of such runs: where it stands still, the server is gone"),
		optionalMoment("next_change_at"), // at which the next change takes effect that was dated ahead
		moment("changed_at"),             // of the last change that opens or closes terms: the network's time never runs backwards
		once(moment("created_at")),
	}
}

// Edges of a network.
func (Network) Edges() []ent.Edge {
	return []ent.Edge{edge.To("referral_structure", CommissionStructure.Type).Field("referral_structure_id").Unique()}
}

// Indexes of a network. By them a server sees, without reading the networks, where billing is due, and where a change
// that was dated ahead is.
func (Network) Indexes() []ent.Index {
	return []ent.Index{index.Fields("time_zone", "billed_through"), index.Fields("next_change_at")}
}
