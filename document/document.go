// Package document writes invoices as documents: a table for programs (CSV), a page for people (HTML), and the same
// page to send and to keep (PDF). Values in, bytes out: the same invoice is always the same bytes.
package document

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
)

// Invoice is what the documents of an invoice say. All days are the network's.
type Invoice struct {
	Network   string
	Number    int
	Partner   string // by its name when the invoice was made
	From, To  commission.Date
	IssuedAt  time.Time
	IssuedOn  commission.Date
	DueOn     commission.Date
	Status    commission.InvoiceStatus
	SettledOn commission.Date // the day on which it was PAID or DELETED
	Currency  commission.Currency
	Total     decimal.Decimal
	Lines     []Line

	// Basis tells whether the CSV shows how many conversions a line pays, and of which amount. The page is what the
	// partner is sent, and never does.
	Basis bool
}

// Line is one line of the invoice.
type Line struct {
	Type        commission.LineType
	Description string
	Referred    string // who was referred, of a referral line
	Structure   string // how it pays, in short
	From, To    commission.Date
	Conversions int64
	BasisAmount decimal.Decimal
	Amount      decimal.Decimal
}

// name is what the document is called: "Invoice 12".
func (i Invoice) name() string { return "Invoice " + strconv.Itoa(i.Number) }

// money is an amount as people read it, in the currency's format: "−1,234.50".
func (i Invoice) money(amount decimal.Decimal) string {
	whole, fraction, _ := strings.Cut(amount.Abs().StringFixed(i.Currency.Digits()), ".")
	const group = 3
	for at := len(whole) - group; at > 0; at -= group {
		whole = whole[:at] + "," + whole[at:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if amount.IsNegative() {
		return "\u2212" + whole
	}
	return whole
}

// date is a day as people read it: "31 January 2026".
func date(d commission.Date) string {
	year, month, day := d.Civil()
	return strconv.Itoa(day) + " " + month.String() + " " + strconv.Itoa(year)
}

// days is a period as people read it, with what its days have in common said once: "1 to 31 January 2026".
func days(from, to commission.Date) string {
	fromYear, fromMonth, fromDay := from.Civil()
	toYear, toMonth, _ := to.Civil()
	switch {
	case from == to:
		return date(to)
	case fromYear != toYear:
		return date(from) + " to " + date(to)
	case fromMonth != toMonth:
		return strconv.Itoa(fromDay) + " " + fromMonth.String() + " to " + date(to)
	default:
		return strconv.Itoa(fromDay) + " to " + date(to)
	}
}

// status is where the invoice stands, in words.
func (i Invoice) status() string {
	switch i.Status {
	case commission.Paid:
		return "Paid on " + date(i.SettledOn)
	case commission.Deleted:
		return "Deleted on " + date(i.SettledOn)
	default:
		return "Unpaid"
	}
}

// notice is what a reader must know before anything else; "": nothing.
func (i Invoice) notice() string {
	if i.Status == commission.Deleted {
		return "This invoice was deleted. Nothing is paid by it."
	}
	return ""
}

// fact is one of the things that the page says above the lines.
type fact struct{ Name, Value string }

func (i Invoice) facts() []fact {
	return []fact{
		{"Pay to", i.Partner},
		{"Period", days(i.From, i.To)},
		{"Issued on", date(i.IssuedOn)},
		{"Due on", date(i.DueOn)},
		{"Status", i.status()},
	}
}

// footnote says how the amounts came to be.
func (i Invoice) footnote() string {
	return "All amounts are in " + string(i.Currency) + ". Each line is rounded by itself, and the total is the sum of the lines."
}
