// Package page holds Relay's connections, of anything.
package page

import (
	"encoding/base64"
	"strconv"
	"strings"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	ent "partner.example/referrals/ent/generated"
)

// Connection is one page of a list.
type Connection[T any] struct {
	Edges      []*Edge[T]
	TotalCount int
	PageInfo   Info
}

// Nodes is what the page holds, without cursors.
func (c *Connection[T]) Nodes() []T {
	nodes := make([]T, len(c.Edges))
	for i, edge := range c.Edges {
		nodes[i] = edge.Node
	}
	return nodes
}

// Edge is one row of a list.
type Edge[T any] struct {
	Node T

	position func(T) string
}

// Cursor names the row's place in the list. Most clients ask for that of the page's last row alone.
func (e *Edge[T]) Cursor() string { return encode(e.position(e.Node)) }

// Info says where a page begins and ends.
type Info struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

// The lists of the schema, and their rows.
//
//nolint:revive // one sentence says what all of them are
type (
	Accounts           = Connection[*ent.Account]
	Account            = Edge[*ent.Account]
	AuditEvents        = Connection[*ent.AuditEvent]
	AuditEvent         = Edge[*ent.AuditEvent]
	Conversions        = Connection[*ent.Conversion]
	Conversion         = Edge[*ent.Conversion]
	DatedChanges       = Connection[*ent.DatedChange]
	DatedChange        = Edge[*ent.DatedChange]
	LineDays           = Connection[*ledger.LineDay]
	LineDay            = Edge[*ledger.LineDay]
	RowLines           = Connection[*ledger.RowLine]
	RowLine            = Edge[*ledger.RowLine]
	Grants             = Connection[*ent.RetroactiveGrant]
	Grant              = Edge[*ent.RetroactiveGrant]
	Invoices           = Connection[*ent.Invoice]
	Invoice            = Edge[*ent.Invoice]
	Networks           = Connection[*ent.Network]
	Network            = Edge[*ent.Network]
	Partners           = Connection[*ent.Partner]
	Partner            = Edge[*ent.Partner]
	Referrals          = Connection[*ent.Referral]
	Referral           = Edge[*ent.Referral]
	ReportRows         = Connection[*ledger.Row]
	ReportRow          = Edge[*ledger.Row]
	Reconciled         = Connection[*ledger.ReferrerShares]
	ReconciledReferrer = Edge[*ledger.ReferrerShares]
)

// Node is whatever has an id.
type Node any

// Window is which rows of a list a page shows.
type Window struct {
	First int
	After *Position // nil: from the beginning
}

// Position is a row's place in a list that is sorted by a text and then by the row's number.
type Position struct {
	Text string
	Row  int
}

const (
	// Usual is how many rows a page shows that does not say.
	Usual = 20
	// Most is how many rows a page may show.
	Most = 100
)

// Read reads the arguments of a page.
func Read(first *int32, after *string) (Window, error) {
	size, err := Size(first)
	if err != nil {
		return Window{}, err
	}
	window := Window{First: size}
	if after != nil {
		row, text, found := strings.Cut(Decode(*after), ":")
		number, err := strconv.Atoi(row)
		if !found || err != nil {
			return Window{}, ErrCursor()
		}
		window.After = &Position{Text: text, Row: number}
	}
	return window, nil
}

// Size reads how many rows a page shows.
func Size(first *int32) (int, error) {
	if first == nil {
		return Usual, nil
	}
	if *first < 0 || *first > Most {
		return 0, commission.Refuse(commission.BadUserInput, "first", "must be from 0 to %d", Most)
	}
	return int(*first), nil
}

// ErrCursor refuses a cursor that no list gave out.
func ErrCursor() error {
	return commission.Refuse(commission.BadUserInput, "after", "must be the cursor of a row of this list")
}

// encode makes a cursor, which clients do not look into.
func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// Decode is the position that a cursor was made of; "" for what is no cursor.
func Decode(cursor string) string {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return ""
	}
	return string(text)
}

// String is how a cursor has it.
func (p Position) String() string { return strconv.Itoa(p.Row) + ":" + p.Text }

// Of makes a page of the rows that a list has behind the window's beginning: at most First + 1, the last
// of which says only that there is more.
func Of[T any](window Window, rows []T, total int, position func(T) Position) *Connection[T] {
	more := len(rows) > window.First
	if more {
		rows = rows[:window.First]
	}
	return With(rows, func(row T) string { return position(row).String() }, total, more, window.After != nil)
}

// With makes a page of rows, whose cursors are made of their positions.
func With[T any](rows []T, position func(T) string, total int, more, before bool) *Connection[T] {
	all, edges := make([]Edge[T], len(rows)), make([]*Edge[T], len(rows))
	for i, row := range rows {
		all[i], edges[i] = Edge[T]{Node: row, position: position}, &all[i]
	}
	info := Info{HasNextPage: more, HasPreviousPage: before}
	if len(rows) > 0 {
		first, last := all[0].Cursor(), all[len(all)-1].Cursor()
		info.StartCursor, info.EndCursor = &first, &last
	}
	return &Connection[T]{Edges: edges, TotalCount: total, PageInfo: info}
}
