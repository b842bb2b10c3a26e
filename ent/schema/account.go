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

// Account is who signs in. Without a network it is support staff, who may look into every one.
type Account struct{ ent.Schema }

// Annotations name the table.
func (Account) Annotations() []schema.Annotation { return table("account") }

// Policy says who sees and changes the rows.
func (Account) Policy() ent.Policy {
	return rule.Policy(
		rule.Roles{
			commission.Admin: rule.OfTheNetwork, commission.PartnerManager: rule.WhoManage,
			commission.Support: rule.WhoManage,
		},
		rule.Nobody(),
	)
}

// Interceptors say which fields of a row are shown to whom.
func (Account) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{rule.AccountFields.Interceptor()}
}

// Hooks write the audit log.
func (Account) Hooks() []ent.Hook {
	return []ent.Hook{audit.Hook(audit.Table{
		Name: "account", Type: "Account",
		Subject: "SELECT id, COALESCE(network_id, 0), COALESCE(partner_id, 0), name FROM account WHERE id",
	})}
}

// Fields of an account.
func (Account) Fields() []ent.Field {
	return []ent.Field{
		field.Int("network_id").Optional().Nillable().Immutable(),
		field.String("name"),
		field.String("email").SchemaType(bytewise).Default(""),
		field.Enum("role").GoType(commission.Role("")),
		field.Enum("manager_scope").GoType(commission.ManagerScope("")).Optional().Nillable(),
		field.Int("partner_id").Optional().Nillable(),
		field.String("subject").SchemaType(bytewise).Optional().Nillable().Immutable().Comment("of the identity provider; none: it signs in by tokens alone"),
		once(moment("created_at")),
	}
}

// Edges of an account.
func (Account) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("network", Network.Type).Field("network_id").Unique().Immutable(),
		edge.To("partner", Partner.Type).Field("partner_id").Unique(),
		edge.From("tokens", Token.Type).Ref("account"),
	}
}

// Indexes of an account.
func (Account) Indexes() []ent.Index {
	return []ent.Index{index.Fields("network_id", "role"), index.Fields("network_id", "subject").Unique()}
}
