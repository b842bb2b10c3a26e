package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
)

// record is one row of a delimited text file.
type record struct {
	Line   int // of the file, on which it begins
	Fields []string
	Wrong  string // why it cannot be read; Fields is then its first line, as it stands
}

// blank tells whether there is nothing in the record.
func (r record) blank() bool {
	for _, field := range r.Fields {
		if strings.TrimSpace(field) != "" {
			return false
		}
	}
	return true
}

// records reads a file that somebody's spreadsheet or tracking platform wrote. It takes what RFC 4180 allows, and
// also a byte order mark, line ends of every kind, semicolons or tabs in the place of commas, and blanks around fields
// that are not quoted. A line that cannot be read spoils no other: reading goes on with the next one. encoding/csv
// would read a quote that nobody closed to the end of the file, and into memory.
type records struct {
	scanner   *bufio.Scanner
	delimiter byte
	parser    parser
	current   record
	line      int  // on which the next record begins
	skipping  bool // the rest of a line that is too long
	consumed  int64
}

const (
	maxRecord   = 1 << 20
	readAtATime = 64 << 10
	sniffed     = 32 // the shortest header is longer

	delimiters    = ",;\t"
	byteOrderMark = "\ufeff"
)

// readRecords begins to read, and refuses what is no text.
func readRecords(from io.Reader) (*records, error) {
	in := bufio.NewReaderSize(from, readAtATime)
	head, err := in.Peek(sniffed)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("read: %w", err)
	case bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")):
		return nil, errors.New("this is text in UTF-16: save it as CSV in UTF-8")
	case bytes.ContainsFunc(head, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n\f", r) }):
		return nil, errors.New("this is no CSV file: it holds binary data")
	}
	r := &records{scanner: bufio.NewScanner(in), line: 1}
	if bytes.HasPrefix(head, []byte(byteOrderMark)) {
		skipped, _ := in.Discard(len(byteOrderMark))
		r.consumed = int64(skipped)
	}
	r.scanner.Buffer(make([]byte, 0, readAtATime), maxRecord)
	r.scanner.Split(r.split)
	return r, nil
}

// next is the next record that is not blank; io.EOF is the end.
func (r *records) next() (record, error) {
	for r.scanner.Scan() {
		if !r.current.blank() {
			return r.current, nil
		}
	}
	if err := r.scanner.Err(); err != nil {
		return record{}, fmt.Errorf("read: %w", err)
	}
	return record{}, io.EOF
}

// split is the scanner's: it takes one record off the data, or asks for more. What is no record comes as a blank one.
func (r *records) split(data []byte, atEOF bool) (int, []byte, error) {
	r.current = record{Line: r.line}
	switch {
	case len(data) == 0:
		return 0, nil, nil
	case r.skipping:
		end := lineLength(data, atEOF)
		r.skipping = end == 0
		return r.take(data, cmp.Or(end, len(bytes.TrimSuffix(data, []byte("\r")))))
	case r.delimiter == 0:
		if before := r.detect(data, atEOF); before > 0 || r.delimiter == 0 {
			return r.take(data, before)
		}
	}
	full := len(data) >= maxRecord
	fields, taken, wrong := r.parser.record(data, r.delimiter, atEOF)
	if taken == 0 && wrong == "" && full {
		wrong = fmt.Sprintf("this row is longer than %d bytes", maxRecord)
	}
	if wrong != "" {
		taken = lineLength(data, atEOF)
		if taken == 0 && full {
			taken, r.skipping = len(data), true
		}
		fields = []string{string(bytes.TrimRight(data[:taken], "\r\n"))}
	}
	r.current.Fields, r.current.Wrong = fields, wrong
	return r.take(data, taken)
}

// take moves on by so many bytes, and by the lines in them; without any, the scanner reads more.
func (r *records) take(data []byte, taken int) (int, []byte, error) {
	if taken == 0 {
		return 0, nil, nil
	}
	lines := func(end string) int { return bytes.Count(data[:taken], []byte(end)) }
	r.line += lines("\n") + lines("\r") - lines("\r\n")
	r.consumed += int64(taken)
	return taken, data[:taken], nil
}

// detect finds the delimiter by which the header has the most fields. What comes before the header it takes off: blank
// lines, and the line by which spreadsheets are told the delimiter.
func (r *records) detect(data []byte, atEOF bool) (before int) {
	line := lineLength(data, atEOF)
	if line == 0 && len(data) < maxRecord {
		return 0
	}
	first := strings.Trim(string(data[:cmp.Or(line, len(data))]), " \r\n")
	if first == "" {
		return line
	}
	if named, found := strings.CutPrefix(first, "sep="); found && len(named) == 1 {
		r.delimiter = named[0]
		return line
	}
	most := 0
	for _, delimiter := range []byte(delimiters) {
		fields, taken, wrong := r.parser.record(data, delimiter, atEOF)
		if taken == 0 && wrong == "" && len(data) < maxRecord {
			r.delimiter = 0
			return 0
		}
		if len(fields) > most {
			most, r.delimiter = len(fields), delimiter
		}
	}
	if r.delimiter == 0 {
		r.delimiter = delimiters[0]
	}
	return 0
}

// parser takes records apart. It has the memory that the last one needed.
type parser struct {
	text []byte // of all fields
	ends []int  // where in it fields end
}

// record takes the record that data begins with apart. It takes no bytes where the end is not in the data yet. All fields
// are parts of one text: rows are kept by the ten thousands while they wait to be recorded.
func (p *parser) record(data []byte, delimiter byte, atEOF bool) (fields []string, taken int, wrong string) {
	p.text, p.ends = p.text[:0], p.ends[:0]
	for at := 0; ; at++ {
		end, wrong := p.field(data, at, delimiter, atEOF)
		if end < 0 {
			return nil, 0, wrong
		}
		p.ends = append(p.ends, len(p.text))
		switch at = end; {
		case at == len(data):
			return p.fields(), at, ""
		case data[at] != delimiter:
			ending := lineLength(data[at:], atEOF)
			if ending == 0 {
				return nil, 0, ""
			}
			return p.fields(), at + ending, ""
		}
	}
}

func (p *parser) fields() []string {
	text, begin := string(p.text), 0
	fields := make([]string, len(p.ends))
	for i, end := range p.ends {
		fields[i], begin = text[begin:end], end
	}
	return fields
}

// field reads the field that begins at a place, and tells where it ends; -1 where its end is not in the data.
func (p *parser) field(data []byte, at int, delimiter byte, atEOF bool) (end int, wrong string) {
	begin := at + len(data[at:]) - len(bytes.TrimLeft(data[at:], " "))
	if begin == len(data) && !atEOF {
		return -1, ""
	}
	if begin < len(data) && data[begin] == '"' {
		return p.quoted(data, begin+1, delimiter, atEOF)
	}
	length := bytes.IndexAny(data[at:], string(rune(delimiter))+"\r\n")
	if length < 0 {
		if !atEOF {
			return -1, ""
		}
		length = len(data) - at
	}
	p.text = append(p.text, bytes.Trim(data[at:at+length], " ")...)
	return at + length, ""
}

// quoted reads on behind an opening quote.
func (p *parser) quoted(data []byte, at int, delimiter byte, atEOF bool) (end int, wrong string) {
	for {
		length := bytes.IndexByte(data[at:], '"')
		if length < 0 {
			if atEOF {
				wrong = "a quote is opened and not closed"
			}
			return -1, wrong
		}
		p.text = append(p.text, data[at:at+length]...)
		at += length + 1
		if at == len(data) || data[at] != '"' {
			break
		}
		p.text = append(p.text, '"')
		at++
	}
	at += len(data[at:]) - len(bytes.TrimLeft(data[at:], " "))
	switch {
	case at == len(data) && !atEOF:
		return -1, ""
	case at < len(data) && data[at] != delimiter && data[at] != '\r' && data[at] != '\n':
		return -1, "there is text behind a closing quote; a quote within quotes is written twice"
	}
	return at, ""
}

// lineLength is the length of the line that data begins with, its end included; 0 where the end is not in the data yet.
func lineLength(data []byte, atEOF bool) int {
	end := bytes.IndexAny(data, "\r\n")
	switch {
	case end < 0 && atEOF:
		return len(data)
	case end < 0:
		return 0
	case data[end] == '\n':
		return end + 1
	case end+1 < len(data) && data[end+1] == '\n':
		return end + 2
	case end+1 == len(data) && !atEOF:
		return 0
	default:
		return end + 1
	}
}
