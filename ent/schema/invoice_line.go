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

// InvoiceLine is one line of an invoice: the partner's own payouts, a referral term, or what is carried to the
// next invoice and comes back on it (I2, I5).
type InvoiceLine struct{ ent.Schema }

// Annotations name the table.
func (InvoiceLine) Annotations() []schema.Annotation { return table("invoice_line") }

// Policy says who sees and changes the rows.
func (InvoiceLine) Policy() ent.Policy {
	return rule.Policy(rule.ThroughAll("invoice_id", "invoice", rule.Invoices), rule.Nobody())
}

// Interceptors say which fields of a row are shown to whom.
func (InvoiceLine) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{rule.InvoiceLineFields.Interceptor()}
}

// Mixin makes it the network's.
func (InvoiceLine) Mixin() []ent.Mixin { return []ent.Mixin{tenant{}} }

// Fields of a line.
func (InvoiceLine) Fields() []ent.Field {
	return []ent.Field{
		field.Int("invoice_id").Immutable(),
		field.Enum("type").GoType(commission.LineType("")).Immutable(),
		field.String("description").MaxLen(1000).Immutable(),
		field.Int("term_id").Optional().Nillable().Immutable(),
		field.Int("referred_id").Optional().Nillable().Immutable(),
		field.String("referred_name").Default("").Immutable(),
		field.Int("structure_id").Optional().Nillable().Immutable(),
		field.Int32("from").GoType(commission.Date(0)).StorageKey("from_day").Immutable(),
		field.Int32("to").GoType(commission.Date(0)).StorageKey("to_day").Immutable(),
		field.Int64("conversions").Immutable(),
		once(money("basis_amount")),
		once(money("amount")),
		field.Int("carried_by").Optional().Nillable().Comment("of a line that carries forward: the line that brings it back"),
	}
}

// Edges of a line.
func (InvoiceLine) Edges() []ent.Edge {
	return []ent.Edge{edge.To("invoice", Invoice.Type).Field("invoice_id").Unique().Required().Immutable()}
}

// Indexes of a line.
func (InvoiceLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("invoice_id"), index.Fields("term_id"), index.Fields("carried_by")}
}
