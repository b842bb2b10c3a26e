package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"partner.example/referrals/ent/rule"
)

// TermTotal is the sum of all accruals of the term with the same id, whatever their day and invoice:
// what the threshold is measured on (C3).
type TermTotal struct{ ent.Schema }

// Annotations name the table.
func (TermTotal) Annotations() []schema.Annotation { return table("term_total") }

// Policy says who sees and changes the rows.
func (TermTotal) Policy() ent.Policy {
	return rule.Policy(
		rule.Nobody(),
		rule.Nobody(),
	)
}

// Mixin makes it the network's.
func (TermTotal) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Fields of a total.
func (TermTotal) Fields() []ent.Field {
	return append([]ent.Field{field.Int("id").StorageKey("term_id")}, append(sums(), money("fee"))...)
}
