package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"partner.example/referrals/ent/rule"
)

// Gate is the network's many-in, one-through lock, in a few rows: whoever records conversions passes
// through one of them, whoever opens or closes terms through all. docs/adr/0004 says why.
type Gate struct{ ent.Schema }

// Annotations name the table.
func (Gate) Annotations() []schema.Annotation { return table("gate") }

// Policy says who sees and changes the rows.
func (Gate) Policy() ent.Policy {
	return rule.Policy(
		rule.Nobody(),
		rule.Nobody(),
	)
}

// Mixin makes it the network's.
func (Gate) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Fields of a gate.
func (Gate) Fields() []ent.Field {
	return []ent.Field{
		field.Int("stripe").Immutable(),
		field.Int64("passes").Default(0),
		optionalMoment("reserved_until"), // of the first stripe: others wait until then for one who was undone too often
	}
}

// Indexes of a gate.
func (Gate) Indexes() []ent.Index { return []ent.Index{index.Fields("network_id", "stripe").Unique()} }
