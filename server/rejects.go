package main

import (
	"bufio"
	"encoding/csv"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// rejects is the file of the rows that were refused. It is made with the first of them. Its own two columns stand before
// those of the input, so that it can be corrected and imported as it is.
type rejects struct {
	path   string
	header []string
	count  int
	file   *os.File
	rows   *csv.Writer
}

func (r *rejects) add(refused record, because string) error {
	r.count++
	if r.file == nil {
		file, err := os.Create(r.path)
		if err != nil {
			return fmt.Errorf("make the file of rejects (--rejects names another): %w", err)
		}
		r.file, r.rows = file, csv.NewWriter(file)
		if err := r.write(append([]string{"rejected_line", "rejected_because"}, r.header...)); err != nil {
			return err
		}
	}
	return r.write(append([]string{strconv.Itoa(refused.Line), because}, refused.Fields...))
}

func (r *rejects) write(row []string) error {
	if err := r.rows.Write(row); err != nil {
		return fmt.Errorf("write the rejects: %w", err)
	}
	return nil
}

func (r *rejects) close() error {
	if r.file == nil {
		return nil
	}
	r.rows.Flush()
	if err := errors.Join(r.rows.Error(), r.file.Close()); err != nil {
		return fmt.Errorf("write the rejects: %w", err)
	}
	return nil
}

// spool keeps records for later in a temporary file, however many they are.
type spool struct {
	file   *os.File
	out    *bufio.Writer
	write  *gob.Encoder
	reader *gob.Decoder
}

func (s *spool) add(r record) error {
	if s.file == nil {
		file, err := os.CreateTemp("", "referrals-import-")
		if err != nil {
			return fmt.Errorf("keep the adjustments for later: %w", err)
		}
		_ = os.Remove(file.Name()) // where a file in use cannot be removed, it is when it is closed
		s.file, s.out = file, bufio.NewWriter(file)
		s.write = gob.NewEncoder(s.out)
	}
	if err := s.write.Encode(r); err != nil {
		return fmt.Errorf("keep the adjustments for later: %w", err)
	}
	return nil
}

// next is the records in the order in which they were added, when all were; io.EOF is the end.
func (s *spool) next() (record, error) {
	if s.file == nil {
		return record{}, io.EOF
	}
	if s.reader == nil {
		if err := s.out.Flush(); err != nil {
			return record{}, fmt.Errorf("keep the adjustments for later: %w", err)
		}
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return record{}, fmt.Errorf("read the adjustments: %w", err)
		}
		s.reader = gob.NewDecoder(bufio.NewReader(s.file))
	}
	var r record
	err := s.reader.Decode(&r)
	return r, err
}

func (s *spool) remove() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}
