package document

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"partner.example/referrals/commission"
)

// CSV writes the lines of an invoice as a table, in UTF-8 and as RFC 4180 has it: amounts as exact decimals without
// signs of thousands, days as 2026-06-30.
func CSV(w io.Writer, i Invoice) error {
	header := []string{"invoice", "type", "description", "referred", "structure", "from", "to"}
	if i.Basis {
		header = append(header, "conversions", "basisAmount")
	}
	table := csv.NewWriter(w)
	table.UseCRLF = true
	rows := [][]string{append(header, "amount", "currency")}
	for _, line := range i.Lines {
		row := []string{
			strconv.Itoa(i.Number), string(line.Type), text(line.Description), text(line.Referred), text(line.Structure), line.From.String(), line.To.String(),
		}
		if i.Basis {
			row = append(row, strconv.FormatInt(line.Conversions, 10), commission.Format(i.Currency.Exact(line.BasisAmount)))
		}
		rows = append(rows, append(row, commission.Format(i.Currency.Exact(line.Amount)), string(i.Currency)))
	}
	if err := table.WriteAll(rows); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// text is a cell that a spreadsheet takes for text: one that would be read as a formula begins with an apostrophe,
// which spreadsheets do not show. Names are chosen by whoever signs up.
func text(cell string) string {
	begins := strings.TrimLeft(cell, " \u00a0\u3000")
	if begins != "" && strings.ContainsAny(begins[:1], "=+-@\t\r\n|%") || strings.HasPrefix(begins, "\uff1d") || strings.HasPrefix(begins, "\uff0b") ||
		strings.HasPrefix(begins, "\uff0d") || strings.HasPrefix(begins, "\uff20") {
		return "'" + cell
	}
	return cell
}
