// Package table writes rows as they come, as CSV or as a workbook, in memory that does not grow with them. It knows
// neither a database nor HTTP.
package table

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"

	"partner.example/referrals/commission"
)

// Writer takes the rows of a table, one after the other. A cell is a text, a whole number, an exact amount, or nil.
type Writer interface {
	Row(cells ...any) error
	Close() error // writes what is left
}

// New makes a writer of a format, csv or xlsx, with the names of the columns as its first row; nil: there is no such format.
func New(format string, w io.Writer, columns ...string) Writer {
	header := make([]any, len(columns))
	for i, column := range columns {
		header[i] = column
	}
	switch format {
	case "csv":
		table := csv.NewWriter(w)
		table.UseCRLF = true
		return &asCSV{table: table, header: header}
	case "xlsx":
		return &asXLSX{file: excelize.NewFile(), to: w, header: header}
	default:
		return nil
	}
}

// Media is how a format is called in HTTP.
func Media(format string) string {
	if format == "xlsx" {
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "text/csv; charset=utf-8; header=present"
}

// Text is a cell that a spreadsheet takes for text: one that would be read as a formula begins with an apostrophe,
// which spreadsheets do not show. Names are chosen by whoever signs up.
func Text(cell string) string {
	begins := strings.TrimLeft(cell, " \u00a0\u3000")
	if begins != "" && strings.ContainsAny(begins[:1], "=+-@\t\r\n|%") || strings.HasPrefix(begins, "\uff1d") || strings.HasPrefix(begins, "\uff0b") ||
		strings.HasPrefix(begins, "\uff0d") || strings.HasPrefix(begins, "\uff20") {
		return "'" + cell
	}
	return cell
}

// asCSV is UTF-8, as RFC 4180 has it.
type asCSV struct {
	table  *csv.Writer
	header []any
}

func (c *asCSV) Row(cells ...any) error {
	if header := c.header; header != nil {
		c.header = nil
		if err := c.Row(header...); err != nil {
			return err
		}
	}
	row := make([]string, len(cells))
	for i, cell := range cells {
		switch cell := cell.(type) {
		case nil:
		case string:
			row[i] = Text(cell)
		case decimal.Decimal:
			row[i] = commission.Format(cell)
		default:
			row[i] = fmt.Sprint(cell)
		}
	}
	return c.table.Write(row)
}

func (c *asCSV) Close() error {
	if c.header != nil {
		header := c.header
		c.header = nil
		if err := c.Row(header...); err != nil {
			return err
		}
	}
	c.table.Flush()
	return c.table.Error()
}

// asXLSX is a workbook. Its rows go to a temporary file until they are all there; where they are more than a sheet
// holds, they go on in another.
type asXLSX struct {
	file   *excelize.File
	to     io.Writer
	header []any
	sheet  *excelize.StreamWriter
	sheets int
	row    int // the last that was written to the sheet
}

// digitsOfANumber is how many digits a number of a spreadsheet keeps: amounts with more are written as texts.
const digitsOfANumber = 15

func (x *asXLSX) Row(cells ...any) error {
	if x.sheet == nil || x.row == excelize.TotalRows {
		if err := x.nextSheet(); err != nil {
			return err
		}
	}
	x.row++
	at, err := excelize.CoordinatesToCellName(1, x.row)
	if err != nil {
		return err
	}
	row := make([]any, len(cells))
	for i, cell := range cells {
		switch cell := cell.(type) {
		case string: // a cell of text is never a formula: none but a cell of formulas is
			row[i] = cell
		case decimal.Decimal:
			row[i] = number(cell)
		default:
			row[i] = cell
		}
	}
	return x.sheet.SetRow(at, row)
}

// number is an amount as a number that means just that, or else as text.
func number(amount decimal.Decimal) any {
	if amount.NumDigits() > digitsOfANumber {
		return commission.Format(amount)
	}
	near, _ := amount.Float64() // the nearest of 15 digits is shown as them
	return near
}

func (x *asXLSX) nextSheet() error {
	if x.sheet != nil {
		if err := x.sheet.Flush(); err != nil {
			return err
		}
	}
	x.sheets++
	name := fmt.Sprintf("Sheet%d", x.sheets)
	if x.sheets > 1 {
		if _, err := x.file.NewSheet(name); err != nil {
			return err
		}
	}
	var err error
	if x.sheet, err = x.file.NewStreamWriter(name); err != nil {
		return err
	}
	x.row = 0
	return x.Row(x.header...)
}

func (x *asXLSX) Close() error {
	err := error(nil)
	if x.sheet == nil {
		err = x.nextSheet()
	}
	if err == nil {
		err = x.sheet.Flush()
	}
	if err == nil {
		err = x.file.Write(x.to)
	}
	return errors.Join(err, x.file.Close())
}
