package database_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"partner.example/referrals/ent/database"
	ent "partner.example/referrals/ent/generated"
)

func TestIsUnavailable_isWhatTheDatabaseItselfIsTheReasonOf(t *testing.T) {
	for _, err := range []error{
		driver.ErrBadConn, mysql.ErrInvalidConn, io.EOF, database.ErrOutcomeUnknown, &net.OpError{Op: "dial", Err: errors.New("connection refused")},
		&mysql.MySQLError{Number: 1053}, &mysql.MySQLError{Number: 1047}, &mysql.MySQLError{Number: 1040}, &mysql.MySQLError{Number: 1021},
	} {
		if !database.IsUnavailable(fmt.Errorf("find the token: %w", err)) {
			t.Errorf("%v: want unavailable", err)
		}
	}
	for _, err := range []error{
		errors.New("anything"), context.Canceled, context.DeadlineExceeded, &mysql.MySQLError{Number: 1062}, &mysql.MySQLError{Number: 1045}, database.ErrSchema,
	} {
		if database.IsUnavailable(fmt.Errorf("find the token: %w", err)) {
			t.Errorf("%v: want another reason", err)
		}
	}
}

func TestDescribe_quotesNobody(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *database.Database, partner *ent.Partner) {
		const email = "wilhelmina@farthing.example"
		newConversion(db.Client, partner, email).ExecX(system())
		err := newConversion(db.Client, partner, email).Exec(system())
		if !database.IsDuplicate(err) {
			t.Fatalf("it is there already: %v", err)
		}
		told := database.Describe(fmt.Errorf("record: %w", err))
		if strings.Contains(told, "farthing") || !strings.HasPrefix(told, "record: ") || !strings.Contains(told, "external_id") {
			t.Errorf("told: %s", told)
		}
	})
	long := &mysql.MySQLError{Number: 1406, Message: `Incorrect string value: 'Wilhel'mina' for column "name" at row 1`}
	if told := database.Describe(fmt.Errorf("create: %w", long)); strings.Contains(told, "Wilhel") {
		t.Errorf("told: %s", told)
	}
}
