package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/document"
	ent "partner.example/referrals/ent/generated"
	"partner.example/referrals/ent/generated/commissionstructure"
	"partner.example/referrals/ent/generated/invoice"
	"partner.example/referrals/ent/generated/invoiceline"
	"partner.example/referrals/graph"
	"partner.example/referrals/graph/scalar"
	"partner.example/referrals/table"
)

// invoices serves invoices as documents, /invoices/ID.csv and the like, to those who see the invoice in GraphQL.
type invoices struct {
	db      *ent.Client
	budgets *graph.Budgets
	now     func() time.Time
}

// kind is what a document is for HTTP.
type kind struct {
	write       func(io.Writer, document.Invoice) error
	media       string
	disposition string
	policy      string
}

var kinds = map[string]kind{
	"csv":  {document.CSV, table.Media("csv"), "attachment", "default-src 'none'"},
	"html": {document.HTML, "text/html; charset=utf-8", "inline", document.Policy},
	"pdf":  {document.PDF, "application/pdf", "attachment", "default-src 'none'"},
}

// ServeHTTP answers with a document. It may be kept by whoever asked, who asks again whether it still holds: an
// invoice is paid, deleted or hidden later.
func (d invoices) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, extension, _ := strings.Cut(r.PathValue("document"), ".")
	as, known := kinds[extension]
	w.Header().Add("Vary", "Authorization")
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	var found document.Invoice
	err := error(commission.ErrNotFound("", "document"))
	if known {
		err = d.budgets.Spend(r.Context(), graph.DocumentCost)
	}
	if err == nil {
		found, err = d.find(r.Context(), scalar.ParseID(id).Of(scalar.Invoice))
	}
	var body bytes.Buffer
	if err == nil {
		err = as.write(&body, found)
	}
	if err != nil {
		graph.Refuse(w, r, err)
		return
	}
	sum := sha256.Sum256(body.Bytes())
	w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:])+`"`)
	w.Header().Set("Content-Type", as.media)
	w.Header().Set("Content-Disposition", as.disposition+`; filename="invoice-`+strconv.Itoa(found.Number)+"."+extension+`"`)
	w.Header().Set("Content-Security-Policy", as.policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body.Bytes()))
}

// find reads an invoice as the viewer, who may see none of it.
func (d invoices) find(ctx context.Context, id int) (document.Invoice, error) {
	v, err := whoTakes(ctx)
	if err != nil {
		return document.Invoice{}, err
	}
	found, err := d.db.Invoice.Query().Where(invoice.ID(id)).
		WithLines(func(lines *ent.InvoiceLineQuery) { lines.Order(invoiceline.ByID()) }).Only(ctx)
	if ent.IsNotFound(err) {
		return document.Invoice{}, commission.ErrNotFound("", "invoice")
	}
	if err != nil {
		return document.Invoice{}, fmt.Errorf("find the invoice: %w", err)
	}
	network, err := d.db.Network.Get(ctx, found.NetworkID)
	if err != nil {
		return document.Invoice{}, fmt.Errorf("find the network: %w", err)
	}
	zone, err := network.TimeZone.Location()
	if err != nil {
		return document.Invoice{}, err
	}
	if err := lookInto(ctx, d.db, v, network, d.now()); err != nil {
		return document.Invoice{}, err
	}
	said := document.Invoice{
		Network: network.Name, Number: found.Number, Partner: found.PartnerName, From: found.From, To: found.To,
		IssuedAt: found.IssuedAt, IssuedOn: commission.DateOf(found.IssuedAt, zone), DueOn: found.DueOn,
		Status: found.Status, Currency: network.Currency, Total: found.Total, Basis: !v.Is(commission.PartnerUser),
	}
	for _, settled := range []*time.Time{found.PaidAt, found.DeletedAt} {
		if settled != nil {
			said.SettledOn = commission.DateOf(*settled, zone)
		}
	}
	said.Lines, err = d.lines(ctx, network.Currency, found.Edges.Lines)
	return said, err
}

func (d invoices) lines(ctx context.Context, currency commission.Currency, stored []*ent.InvoiceLine) ([]document.Line, error) {
	var ids []int
	for _, line := range stored {
		if line.StructureID != nil {
			ids = append(ids, *line.StructureID)
		}
	}
	structures, err := d.db.CommissionStructure.Query().Where(commissionstructure.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the structures: %w", err)
	}
	summaries := ledger.Summaries(structures, currency)
	origins, err := d.origins(ctx, stored)
	if err != nil {
		return nil, err
	}
	lines := make([]document.Line, len(stored))
	for i, line := range stored {
		lines[i] = document.Line{
			Type: line.Type, Description: billing.InWords(line, origins[line.ID]), Referred: line.ReferredName, From: line.From, To: line.To,
			Conversions: line.Conversions, BasisAmount: line.BasisAmount, Amount: line.Amount,
		}
		if line.StructureID != nil {
			lines[i].Structure = summaries[*line.StructureID]
		}
	}
	return lines, nil
}

// origins tells which lines bring back what an invoice carried forward that the viewer sees.
func (d invoices) origins(ctx context.Context, stored []*ent.InvoiceLine) (map[int]bool, error) {
	ids := make([]int, len(stored))
	for i, line := range stored {
		ids[i] = line.ID
	}
	found, err := d.db.InvoiceLine.Query().Where(invoiceline.CarriedByIn(ids...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find what was carried forward: %w", err)
	}
	seen := map[int]bool{}
	for _, origin := range found {
		seen[*origin.CarriedBy] = true
	}
	return seen, nil
}
