package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/rule"
)

// Token lets its bearer act as an account. Only the hash of it is kept.
type Token struct{ ent.Schema }

// Annotations name the table.
func (Token) Annotations() []schema.Annotation { return table("token") }

// Policy says who sees and changes the rows.
func (Token) Policy() ent.Policy {
	return rule.Policy(
		rule.ThroughAll("account_id", "account", rule.Roles{commission.Admin: rule.OfTheNetwork}),
		rule.Nobody(),
	)
}

// Hooks write the audit log.
func (Token) Hooks() []ent.Hook {
	return []ent.Hook{audit.Hook(audit.Table{
		Name: "token", Type: "Token",
		Subject: "SELECT t.id, COALESCE(a.network_id, 0), COALESCE(a.partner_id, 0), t.name FROM token t JOIN account a ON a.id = t.account_id WHERE t.id",
	})}
}

// Fields of a token.
func (Token) Fields() []ent.Field {
	return []ent.Field{
		field.Int("account_id").Immutable(),
		field.String("name").Immutable(),
		field.String("hash").SchemaType(bytewise).Unique().Immutable().Sensitive().Comment("SHA-256 of the token, in hex"),
		once(moment("created_at")),
		optionalMoment("expires_at"),
		optionalMoment("last_used_at"),
		optionalMoment("revoked_at"),
	}
}

// Edges of a token.
func (Token) Edges() []ent.Edge {
	return []ent.Edge{edge.To("account", Account.Type).Field("account_id").Unique().Required().Immutable()}
}
