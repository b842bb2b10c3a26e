package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"partner.example/referrals/ent/rule"
)

// IdempotencyKey is a key that a client sent with a mutation, what its transactions came to, and what was
// answered. ent/database/key.go reads and writes it.
type IdempotencyKey struct{ ent.Schema }

// Annotations name the table.
func (IdempotencyKey) Annotations() []schema.Annotation { return table("idempotency_key") }

// Policy says who sees and changes the rows.
func (IdempotencyKey) Policy() ent.Policy { return rule.Policy(rule.Nobody(), rule.Nobody()) }

// Fields of a key.
func (IdempotencyKey) Fields() []ent.Field {
	sealed := map[string]string{dialect.MySQL: "longblob"}
	return []ent.Field{
		field.Int("account_id").Comment("whose key it is; 0: of those who did not sign in"),
		field.String("key_hash").SchemaType(bytewise).Comment("of the key, which is kept nowhere"),
		field.String("request_hash").SchemaType(bytewise).Comment("of document, operation and variables"),
		field.Int("uses").Default(1).Comment("written by whoever uses the key: others wait"),
		field.Bytes("results").SchemaType(sealed).Optional().Comment("sealed by the key: what each transaction came to"),
		field.Bytes("answer").SchemaType(sealed).Optional().Comment("sealed by the key; none while it was not given yet"),
		moment("created_at"),
	}
}

// Indexes of a key.
func (IdempotencyKey) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("account_id", "key_hash").Unique(),
		index.Fields("created_at"),
	}
}
