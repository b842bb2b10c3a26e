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
	Cursor string
	Node   T
}

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

// Encode makes a cursor, which clients do not look into.
func Encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// Decode is what Encode was given; "" for what it did not make.
func Decode(cursor string) string {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return ""
	}
	return string(text)
}

func (p Position) cursor() string { return Encode(strconv.Itoa(p.Row) + ":" + p.Text) }

// Of makes a page of the rows that a list has behind the window's beginning: at most First + 1, the last
// of which says only that there is more.
func Of[T any](window Window, rows []T, total int, position func(T) Position) *Connection[T] {
	more := len(rows) > window.First
	if more {
		rows = rows[:window.First]
	}
	edges := make([]*Edge[T], len(rows))
	for i, row := range rows {
		edges[i] = &Edge[T]{Cursor: position(row).cursor(), Node: row}
	}
	return With(edges, total, more, window.After != nil)
}

// With makes a connection of edges.
func With[T any](edges []*Edge[T], total int, more, before bool) *Connection[T] {
	info := Info{HasNextPage: more, HasPreviousPage: before}
	if len(edges) > 0 {
		info.StartCursor, info.EndCursor = &edges[0].Cursor, &edges[len(edges)-1].Cursor
	}
	return &Connection[T]{Edges: edges, TotalCount: total, PageInfo: info}
}
