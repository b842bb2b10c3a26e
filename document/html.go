package document

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
)

//go:embed invoice.html
var pageText string

//go:embed invoice.css
var style string

var page = template.Must(template.New("invoice").Parse(pageText))

// Policy is the content security policy under which the page works: nothing but its own style, which it carries.
var Policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// row is a line as the page shows it.
type row struct{ Description, Days, Amount string }

func (i Invoice) rows() []row {
	rows := make([]row, len(i.Lines))
	for n, line := range i.Lines {
		rows[n] = row{line.Description, days(line.From, line.To), i.money(line.Amount)}
	}
	return rows
}

func (i Invoice) due() string {
	if i.Status != "UNPAID" {
		return i.status()
	}
	return "Due on " + date(i.DueOn)
}

// HTML writes the page of an invoice: one file that loads nothing, to be read on a screen and to be printed.
func HTML(w io.Writer, i Invoice) error {
	err := page.Execute(w, map[string]any{
		"Style": template.CSS(style), //nolint:gosec // ours
		"Name":  i.name(), "Network": i.Network, "Currency": i.Currency, "Notice": i.notice(), "Facts": i.facts(), "Lines": i.rows(),
		"Due": i.due(), "Total": string(i.Currency) + "\u00a0" + i.money(i.Total), "Footnote": i.footnote(),
	})
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
