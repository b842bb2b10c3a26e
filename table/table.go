// Package table writes rows as they come, as CSV or as a workbook, in memory that does not grow with them. It knows
// neither a database nor HTTP.
package table

import (
	"archive/zip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"

	"partner.example/referrals/commission"
)

// Row takes the next row of a table, whose cells are texts, whole numbers, exact amounts, or nil.
type Row func(cells ...any) error

// format is a way to write a table.
type format struct {
	media string
	write func(w io.Writer, columns []any, fill func(Row) error) error
}

var formats = map[string]format{
	"csv":  {"text/csv; charset=utf-8; header=present", writeCSV},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", writeXLSX},
}

// Media is how a format, csv or xlsx, is called in HTTP; "": there is no such format.
func Media(name string) string { return formats[name].media }

// Write writes a table in a format that there is: the names of its columns, and the rows that fill gives, as they come.
// Where fill fails the table stays cut off. What was kept aside meanwhile is gone in any case.
func Write(name string, w io.Writer, columns []string, fill func(Row) error) error {
	header := make([]any, len(columns))
	for i, column := range columns {
		header[i] = column
	}
	if err := formats[name].write(w, header, fill); err != nil {
		return fmt.Errorf("write a table: %w", err)
	}
	return nil
}

// writeCSV is UTF-8, as RFC 4180 has it: amounts are exact decimals without signs of thousands.
func writeCSV(w io.Writer, columns []any, fill func(Row) error) error {
	table := csv.NewWriter(w)
	table.UseCRLF = true
	row := func(cells ...any) error {
		written := make([]string, len(cells))
		for i, cell := range cells {
			switch cell := cell.(type) {
			case nil:
			case string:
				written[i] = text(cell)
			case decimal.Decimal:
				written[i] = commission.Format(cell)
			default:
				written[i] = fmt.Sprint(cell)
			}
		}
		return table.Write(written)
	}
	if err := row(columns...); err != nil {
		return err
	}
	if err := fill(row); err != nil {
		return err
	}
	table.Flush()
	return table.Error()
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

// writeXLSX is a workbook. Its rows go to a temporary file until they are all there; where they are more than a sheet
// holds, they go on in another.
func writeXLSX(w io.Writer, columns []any, fill func(Row) error) (err error) {
	book := &workbook{file: excelize.NewFile(), columns: columns}
	defer func() { err = errors.Join(err, book.file.Close()) }() // which removes the temporary files
	if err := book.nextSheet(); err != nil {
		return err
	}
	if err := fill(book.add); err != nil {
		return err
	}
	if err := book.sheet.Flush(); err != nil {
		return err
	}
	book.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(w) }) // and not into memory first
	_, err = book.file.WriteToBuffer()
	return err
}

type workbook struct {
	file    *excelize.File
	columns []any
	sheet   *excelize.StreamWriter
	sheets  int
	row     int // the last that was written to the sheet
}

// digitsOfANumber is how many digits a number of a spreadsheet keeps: amounts with more are written as texts.
const digitsOfANumber = 15

// add writes a row. A cell of text is never a formula there: none but a cell of formulas is.
func (b *workbook) add(cells ...any) error {
	if b.row == excelize.TotalRows {
		if err := b.nextSheet(); err != nil {
			return err
		}
	}
	b.row++
	at, err := excelize.CoordinatesToCellName(1, b.row)
	if err != nil {
		return err
	}
	row := make([]any, len(cells))
	for i, cell := range cells {
		if amount, exact := cell.(decimal.Decimal); exact {
			cell = number(amount)
		}
		row[i] = cell
	}
	return b.sheet.SetRow(at, row)
}

// number is an amount as a number that means just that, or else as text.
func number(amount decimal.Decimal) any {
	if amount.NumDigits() > digitsOfANumber {
		return commission.Format(amount)
	}
	near, _ := amount.Float64() // the nearest of 15 digits is shown as them
	return near
}

func (b *workbook) nextSheet() error {
	if b.sheet != nil {
		if err := b.sheet.Flush(); err != nil {
			return err
		}
	}
	b.sheets++
	name := fmt.Sprintf("Sheet%d", b.sheets)
	if b.sheets > 1 {
		if _, err := b.file.NewSheet(name); err != nil {
			return err
		}
	}
	var err error
	if b.sheet, err = b.file.NewStreamWriter(name); err != nil {
		return err
	}
	b.row = 0
	return b.add(b.columns...)
}
