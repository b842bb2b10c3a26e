package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/rule"
)

// CommissionStructure is how a referral pays. Rows never change, and two that pay the same are one row:
// so a save that changes nothing is seen by its id (S5, S6).
type CommissionStructure struct{ ent.Schema }

// Annotations name the table.
func (CommissionStructure) Annotations() []schema.Annotation { return table("commission_structure") }

// Policy says who sees and changes the rows.
func (CommissionStructure) Policy() ent.Policy {
	return rule.Policy(
		rule.Roles{
			commission.Admin: rule.OfTheNetwork, commission.PartnerManager: rule.StructuresOfManaged,
			commission.PartnerUser: rule.OwnStructures, commission.Support: rule.Everywhere,
		},
		rule.Roles{commission.Admin: rule.OfTheNetwork, commission.PartnerManager: rule.OfTheNetwork},
	)
}

// Mixin makes it the network's.
func (CommissionStructure) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Fields of a structure.
func (CommissionStructure) Fields() []ent.Field {
	return []ent.Field{
		field.String("canonical").SchemaType(bytewise).Immutable().Comment("commission.Structure.Key: two that pay the same are one row"),
		field.Enum("type").GoType(commission.Type("")).Immutable(),
		once(optionalMoney("amount")),
		once(optionalMoney("rate")),
		field.Enum("basis").GoType(commission.Basis("")).Optional().Nillable().Immutable(),
		once(optionalMoney("minimum_earnings")),
		field.Int("duration_value").Optional().Nillable().Immutable(),
		field.Enum("duration_unit").GoType(commission.DurationUnit("")).Optional().Nillable().Immutable(),
		once(moment("created_at")),
	}
}

// Indexes of a structure.
func (CommissionStructure) Indexes() []ent.Index {
	return []ent.Index{index.Fields("network_id", "canonical").Unique()}
}
