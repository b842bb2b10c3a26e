package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	sqlite "modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// ErrOutcomeUnknown says that the connection broke while a transaction committed: it is there as a whole or not at
// all, and nobody but the database knows.
var ErrOutcomeUnknown = errors.New("the connection broke during the commit")

// The errors by which a server of MySQL's family says that it takes no work: it starts, stops, is full, or has lost
// its cluster.
const (
	serverTooManyConnections = 1040
	serverUnknownCommand     = 1047 // Galera: not part of the cluster
	serverShutdown           = 1053
	serverDiskFull           = 1021
	serverTableFull          = 1114
	serverReadOnly           = 1290 // a replica, or on its way to become one
	serverReadOnlyMode       = 1836
	serverKilledConnection   = 1927
	serverKilledSession      = 3169
)

// IsUnavailable tells whether the database itself is the reason of an error: it cannot be reached, takes no work, has
// no room, or is so busy that a transaction gave way to others all the time. The same may succeed later. What is wrong
// with a statement is not meant.
func IsUnavailable(err error) bool {
	if errors.Is(err, ErrGaveWay) {
		return true
	}
	var embedded *sqlite.Error
	if errors.As(err, &embedded) {
		switch embedded.Code() & 0xff {
		case sqlitelib.SQLITE_FULL, sqlitelib.SQLITE_IOERR, sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_READONLY:
			return true
		}
		return false
	}
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		switch server.Number {
		case serverTooManyConnections, serverUnknownCommand, serverShutdown, serverDiskFull, serverTableFull, serverReadOnly,
			serverReadOnlyMode, serverKilledConnection, serverKilledSession:
			return true
		}
		return false
	}
	return errors.Is(err, ErrOutcomeUnknown) || isBroken(err)
}

// The errors by which a server says that a statement took longer than it may.
const (
	serverStatementTime = 1969 // MariaDB's max_statement_time
	serverExecutionTime = 3024 // MySQL's max_execution_time
)

// IsLate tells whether something was given up because its time was over.
func IsLate(err error) bool {
	var server *mysql.MySQLError
	return errors.Is(err, context.DeadlineExceeded) ||
		(errors.As(err, &server) && (server.Number == serverStatementTime || server.Number == serverExecutionTime))
}

// isBroken tells whether the connection is gone, or never came to be. A deadline that passed is not that, though it
// breaks the connection too.
func isBroken(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}

// Describe is the text of an error for the log. Servers quote what they refuse, such as an e-mail that is there
// already; the log does not.
func Describe(err error) string {
	text := err.Error()
	var server *mysql.MySQLError
	if !errors.As(err, &server) {
		return text
	}
	message := server.Message
	if value, key, found := strings.Cut(message, " for key "); found { // the key is a name of ours
		message = unquoted(value) + " for key " + key
	} else {
		message = unquoted(message)
	}
	return strings.ReplaceAll(text, server.Message, message)
}

// unquoted leaves out what stands between the first quote and the last.
func unquoted(text string) string {
	first, last := strings.IndexAny(text, `'"`), strings.LastIndexAny(text, `'"`)
	if first == last {
		return text
	}
	return text[:first+1] + "..." + text[last:]
}

const (
	connectPatience = 5 * time.Second  // for one attempt to connect, from the dial to the last word of the handshake
	outagePatience  = 10 * time.Second // for a database that has gone away
	connectPause    = 100 * time.Millisecond
)

// waiting is a connector that waits for a database which has gone away. It waits so long from the moment when it
// went, for everybody together: after that each attempt fails at once, until one succeeds.
type waiting struct {
	driver.Connector

	mu       sync.Mutex
	patience context.Context //nolint:containedctx // of the outage, which is nobody's request; nil where there is none
	end      context.CancelFunc
}

// Connect opens a connection.
func (w *waiting) Connect(ctx context.Context) (driver.Conn, error) {
	for {
		connection, err := w.attempt(ctx)
		if err == nil || !IsUnavailable(err) || w.exhausted() {
			return connection, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(connectPause):
		}
	}
}

func (w *waiting) attempt(ctx context.Context) (driver.Conn, error) {
	attempting, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	connection, err := w.Connector.Connect(attempting)
	switch {
	case err == nil:
		w.mu.Lock()
		if w.patience != nil {
			w.end()
			w.patience = nil
		}
		w.mu.Unlock()
	case ctx.Err() == nil && attempting.Err() != nil:
		err = fmt.Errorf("no answer within %s: %w", connectPatience, io.ErrUnexpectedEOF)
	}
	return connection, err
}

// exhausted tells, when an attempt has failed, whether it has been so for too long to wait.
func (w *waiting) exhausted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.patience == nil {
		w.patience, w.end = context.WithTimeout(context.Background(), outagePatience)
	}
	return w.patience.Err() != nil
}
