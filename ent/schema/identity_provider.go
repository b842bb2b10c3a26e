package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"partner.example/referrals/ent/audit"
	"partner.example/referrals/ent/rule"
)

// IdentityProvider is the OpenID Connect provider by which a network's people sign in: who issues their
// tokens, for whom, and in which claims it says what they may do.
type IdentityProvider struct{ ent.Schema }

// Annotations name the table.
func (IdentityProvider) Annotations() []schema.Annotation { return table("identity_provider") }

// Policy says who sees and changes the rows.
func (IdentityProvider) Policy() ent.Policy { return rule.Policy(rule.Nobody(), rule.Nobody()) }

// Hooks write the audit log.
func (IdentityProvider) Hooks() []ent.Hook {
	return []ent.Hook{audit.Hook(audit.Table{
		Name: "identity_provider", Type: "IdentityProvider",
		Subject: "SELECT id, network_id, 0, issuer FROM identity_provider WHERE id",
	})}
}

// Fields of a provider.
func (IdentityProvider) Fields() []ent.Field {
	return []ent.Field{
		field.Int("network_id").Unique().Immutable(),
		field.String("issuer").SchemaType(bytewise).Unique(),
		field.String("audience"),
		field.String("role_claim"),
		field.String("partner_claim"),
		field.String("scope_claim"),
	}
}
