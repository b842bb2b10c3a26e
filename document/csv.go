package document

import (
	"io"

	"partner.example/referrals/table"
)

// CSV writes the lines of an invoice as a table.
func CSV(w io.Writer, i Invoice) error {
	columns := []string{"invoice", "type", "description", "referred", "structure", "from", "to"}
	if i.Basis {
		columns = append(columns, "conversions", "basisAmount")
	}
	return table.Write("csv", w, append(columns, "amount", "currency"), func(row table.Row) error {
		for _, line := range i.Lines {
			cells := []any{i.Number, string(line.Type), line.Description, line.Referred, line.Structure, line.From.String(), line.To.String()}
			if i.Basis {
				cells = append(cells, line.Conversions, i.Currency.Exact(line.BasisAmount))
			}
			if err := row(append(cells, i.Currency.Exact(line.Amount), string(i.Currency))...); err != nil {
				return err
			}
		}
		return nil
	})
}
