package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/rule"
)

// Accrual is what one term counted on one day of the network's time zone. Recording adds to the row
// whose slot is 0. A row that an invoice line claims takes the line's id as its slot, so that a new row
// begins behind it, and keeps it when the invoice is deleted and the row is unbilled again: so a
// conversion stays with its row, and the row says which line pays it. What was forfeited has the slot
// and the line -1, and what was voided those of its void, -1 - id. The commission itself is not stored: it is
// the structure's, on these sums.
type Accrual struct{ ent.Schema }

// Annotations name the table.
func (Accrual) Annotations() []schema.Annotation { return table("accrual") }

// Policy says who sees and changes the rows.
func (Accrual) Policy() ent.Policy {
	return rule.Policy(
		rule.Nobody(),
		rule.Nobody(),
	)
}

// Mixin makes it the network's.
func (Accrual) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Fields of an accrual.
func (Accrual) Fields() []ent.Field {
	return append([]ent.Field{
		field.Int("term_id").Immutable(),
		field.Int32("day").GoType(commission.Date(0)).Immutable(),
		field.Int("slot").Default(0),
		field.Int("line_id").Default(0).Comment("the invoice line that pays it; 0: none yet; -1: forfeited; less: voided by the void with the id -1 - line_id"),
	}, append(sums(), money("fee"))...)
}

// Edges of an accrual.
func (Accrual) Edges() []ent.Edge {
	return []ent.Edge{edge.To("term", ReferralTerm.Type).Field("term_id").Unique().Required().Immutable()}
}

// Indexes of an accrual.
func (Accrual) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("term_id", "day", "slot").Unique(),
		index.Fields("network_id", "day"),
		index.Fields("line_id", "term_id", "day"), // billing finds here what is on no line yet
	}
}
