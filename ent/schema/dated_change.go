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

// DatedChange is a change of settings, a network's or a partner's own, that was asked for ahead of the day on which
// it takes effect (rule S7).
type DatedChange struct{ ent.Schema }

// Annotations name the table.
func (DatedChange) Annotations() []schema.Annotation { return table("dated_change") }

// Policy says who sees and changes the rows.
func (DatedChange) Policy() ent.Policy {
	return rule.Policy(
		rule.Roles{commission.Admin: rule.OfTheNetwork, commission.PartnerManager: rule.ChangesOfManaged, commission.Support: rule.Everywhere},
		rule.Roles{commission.Admin: rule.OfTheNetwork, commission.PartnerManager: rule.ChangesOfManaged},
	)
}

// Mixin makes it the network's.
func (DatedChange) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Hooks write the audit log.
func (DatedChange) Hooks() []ent.Hook {
	return []ent.Hook{audit.Hook(audit.Table{
		Name: "dated_change", Type: "DatedChange",
		Subject: "SELECT d.id, d.network_id, COALESCE(d.partner_id, 0), COALESCE(p.name, n.name) FROM dated_change d " +
			"JOIN network n ON n.id = d.network_id LEFT JOIN partner p ON p.id = d.partner_id WHERE d.id",
	})}
}

// Fields of a change: what it changes, when, and who asked for it.
func (DatedChange) Fields() []ent.Field {
	return []ent.Field{
		field.Int("partner_id").Optional().Nillable().Immutable().Comment("whose setting it changes; none: the network's"),
		field.Int32("effective_on").GoType(commission.Date(0)).Immutable(),
		once(moment("effective_at")), // midnight of that day in the network's zone
		field.Enum("status").GoType(commission.DatedChangeStatus("")).Default(string(commission.ChangePending)),

		field.Enum("enabled").GoType(commission.Switch("")).Optional().Nillable().Immutable().Comment("the network's switch; none: stays as it is"),
		field.Enum("mode").GoType(commission.Mode("")).Optional().Nillable().Immutable().Comment("of a partner's setting"),
		field.Bool("changes_structure").Immutable(),
		field.Int("structure_id").Optional().Nillable().Immutable(),
		field.Enum("apply_to").GoType(commission.ApplyTo("")).Immutable(),
		field.Bool("revive_expired").Immutable(),
		field.Bool("disable_custom").Immutable(),

		field.String("reason").MaxLen(1000).Default("").Immutable(),
		once(moment("asked_at")),
		field.Int("asked_by_id").Optional().Nillable().Immutable().Comment("the account; none: the program itself"),
		field.String("asked_by").Immutable().Comment("the name of the account"),
		field.String("asked_as").Immutable().Comment("its role"),

		field.Int("terms_closed").Optional().Nillable().Comment("what it did when it took effect"),
		field.Int("terms_opened").Optional().Nillable(),
		field.Int("referrals_left_expired").Optional().Nillable(),
	}
}

// Edges of a change.
func (DatedChange) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("partner", Partner.Type).Field("partner_id").Unique().Immutable(),
		edge.To("structure", CommissionStructure.Type).Field("structure_id").Unique().Immutable(),
	}
}

// Indexes of a change.
func (DatedChange) Indexes() []ent.Index {
	return []ent.Index{index.Fields("network_id", "status", "effective_at"), index.Fields("partner_id", "status")}
}
