package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/graph/scalar"
)

// column is one that the import reads.
type column int

const (
	columnExternalID column = iota
	columnPartner
	columnOccurredAt
	columnRevenue
	columnPayout
	columnAdjusts
	columnReason
	columnCount
)

// columnNames are what headers call each column, its own name first.
var columnNames = [columnCount][]string{
	columnExternalID: {"external_id", "conversion_id", "transaction_id", "event_id", "order_id", "id"},
	columnPartner:    {"partner", "partner_id"},
	columnOccurredAt: {"occurred_at", "conversion_time", "timestamp", "datetime", "time", "date"},
	columnRevenue:    {"revenue", "sale_amount"},
	columnPayout:     {"payout", "partner_payout"},
	columnAdjusts:    {"adjusts", "adjusted_id", "original_id"},
	columnReason:     {"reason", "note", "comment"},
}

func (c column) String() string { return columnNames[c][0] }

// columns is where in a row each column stands; -1: the file does not have it.
type columns struct {
	header []string
	at     [columnCount]int
}

// plainly is a name as names are compared: "Sale Amount", "sale_amount" and "SALE-AMOUNT" are the same.
func plainly(name string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(name))
}

// findColumns finds the columns by the header: by what was said by hand, else by their own names, else by the others.
func findColumns(header []string, byHand map[string]string) (columns, error) {
	found := columns{header: header}
	said, err := saidByHand(byHand)
	if err != nil {
		return found, err
	}
	for c := range columnCount {
		names := columnNames[c]
		if text, mapped := said[c]; mapped {
			names = []string{text}
		}
		if found.at[c], err = found.find(names); err != nil {
			return found, err
		}
	}
	var missing []string
	for c := range columnCount {
		text, mapped := said[c]
		switch {
		case found.at[c] >= 0:
		case mapped:
			missing = append(missing, fmt.Sprintf("%q for %s", text, c))
		case found.needs(c):
			missing = append(missing, c.String())
		}
	}
	if len(missing) > 0 {
		return found, fmt.Errorf("the header has no column %s; it has %s. Where a column has another name, say so: --map 'revenue=Sale Amount'",
			strings.Join(missing, ", "), quoted(header))
	}
	return found, nil
}

// saidByHand is the headers that --map names, by column.
func saidByHand(byHand map[string]string) (map[column]string, error) {
	said := map[column]string{}
	for name, text := range byHand {
		known := false
		for c := range columnCount {
			if plainly(name) == plainly(c.String()) {
				said[c], known = text, true
			}
		}
		if !known {
			return nil, fmt.Errorf("--map %s=%s: the columns that the import reads are %s", name, text, quoted(ownNames()))
		}
	}
	return said, nil
}

// needs tells whether nothing can be imported without a column. The partner of an adjustment is that of its conversion.
func (c columns) needs(wanted column) bool {
	return wanted < columnAdjusts && (wanted != columnPartner || c.at[columnAdjusts] < 0)
}

// find finds the one column that has one of the names, an earlier name before a later one; -1: none.
func (c columns) find(names []string) (int, error) {
	for _, name := range names {
		at := -1
		for i, text := range c.header {
			if plainly(text) != plainly(name) {
				continue
			}
			if at >= 0 {
				return -1, fmt.Errorf("the header has both %q and %q, and only one of them can be meant", c.header[at], text)
			}
			at = i
		}
		if at >= 0 {
			return at, nil
		}
	}
	return -1, nil
}

func ownNames() []string {
	var names []string
	for c := range columnCount {
		names = append(names, c.String())
	}
	return names
}

// What is told of a header: enough to see what is wrong with it.
const (
	mostNames   = 50
	longestName = 60
)

func quoted(names []string) string {
	var text []string
	for _, name := range names[:min(len(names), mostNames)] {
		text = append(text, fmt.Sprintf("%q", name[:min(len(name), longestName)]))
	}
	return strings.Join(text, ", ")
}

// of is a row's field in a column; "" where there is none.
func (c columns) of(r record, wanted column) string {
	if at := c.at[wanted]; at >= 0 && at < len(r.Fields) {
		return r.Fields[at]
	}
	return ""
}

// called is what the file calls a column of that name.
func (c columns) called(name string) string {
	for wanted, at := range c.at {
		if at >= 0 && plainly(column(wanted).String()) == plainly(name) {
			return c.header[at]
		}
	}
	return name
}

// conversion reads a row that reports a conversion.
func (c columns) conversion(r record) (ledger.Conversion, error) {
	var wrong commission.Problems
	conversion := ledger.Conversion{
		ExternalID: c.of(r, columnExternalID),
		PartnerID:  scalar.ParseID(c.of(r, columnPartner)).Of(scalar.Partner),
		OccurredAt: c.moment(&wrong, r, columnOccurredAt),
		Revenue:    c.amount(&wrong, r, columnRevenue),
		Payout:     c.amount(&wrong, r, columnPayout),
	}
	if conversion.PartnerID == 0 {
		wrong.Add(c.called("partner"), "must be the id of a partner, as GraphQL shows it")
	}
	return conversion, wrong.Err()
}

// adjustment reads a row that adjusts a conversion.
func (c columns) adjustment(r record) (ledger.Adjustment, error) {
	var wrong commission.Problems
	return ledger.Adjustment{
		ExternalID: c.of(r, columnExternalID),
		Adjusts:    c.of(r, columnAdjusts),
		OccurredAt: c.moment(&wrong, r, columnOccurredAt),
		Revenue:    c.amount(&wrong, r, columnRevenue),
		Payout:     c.amount(&wrong, r, columnPayout),
		Reason:     c.of(r, columnReason),
	}, wrong.Err()
}

func (c columns) amount(wrong *commission.Problems, r record, from column) decimal.Decimal {
	amount, refusal := commission.ParseDecimal(c.of(r, from))
	if refusal != nil {
		wrong.Add(c.called(from.String()), "%s", refusal.Message)
	}
	return amount
}

func (c columns) moment(wrong *commission.Problems, r record, from column) time.Time {
	moment, err := scalar.UnmarshalDateTime(context.Background(), c.of(r, from))
	if err != nil {
		wrong.Add(c.called(from.String()), "%s", err.Error())
	}
	return moment
}
