package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"
)

// nodes connects to the first node of a cluster that answers and serves, and stays with it until it does not. A
// single server is a cluster of one.
type nodes struct {
	each     []driver.Connector
	current  atomic.Int64
	rowByRow atomic.Bool // they are TiDB's
	extended atomic.Bool // they are MariaDB's
}

// session is what every connection is told before it is used: what a server has by default is its operator's business.
// A setting that a server does not know is not for it.
//
// innodb_snapshot_isolation of MariaDB is for transactions that write what they read without a lock, at REPEATABLE READ:
// it then fails them. Ours read at READ COMMITTED and lock. There it guards nothing, and an UPDATE waits for every row that
// it passes by, also for those that it is not to change: with it, one network's gate holds up another's.
var session = []string{
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
	"SET SESSION innodb_snapshot_isolation = OFF",
	"SET SESSION wsrep_sync_wait = 1", // Galera: read what was committed on other nodes
	lockTiDB,
	"SET SESSION tidb_enable_noop_functions = 'ON'", // TiDB: takes READ ONLY for granted; who reads a moment writes nothing
}

const lockTiDB = "SET SESSION tidb_txn_mode = 'pessimistic'" // a lock is waited for

// Connect connects to a node.
func (n *nodes) Connect(ctx context.Context) (driver.Conn, error) {
	var all []error
	first := int(n.current.Load())
	for i := range n.each {
		next := (first + i) % len(n.each)
		connection, err := n.connect(ctx, n.each[next])
		if err == nil {
			n.current.Store(int64(next))
			return connection, nil
		}
		all = append(all, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(all...)
}

// Driver is the driver of the family.
func (n *nodes) Driver() driver.Driver { return mysql.MySQLDriver{} }

func (n *nodes) connect(ctx context.Context, to driver.Connector) (driver.Conn, error) {
	opened, err := to.Connect(ctx)
	if err != nil {
		return nil, err
	}
	speaks, ok := opened.(speaker)
	if !ok {
		_ = opened.Close()
		return nil, fmt.Errorf("a connection of the driver lacks something: %T", opened)
	}
	for _, setting := range session {
		_, err := speaks.ExecContext(ctx, setting, nil)
		if err != nil && numberOf(err) != unknownVariable {
			_ = opened.Close()
			return nil, fmt.Errorf("%s: %w", setting, err)
		}
		if err == nil && setting == lockTiDB {
			n.rowByRow.Store(true)
		}
	}
	version, err := versionOf(ctx, speaks) // a node outside its cluster takes settings, and no question
	if err != nil {
		_ = opened.Close()
		return nil, err
	}
	n.extended.Store(strings.Contains(version, "MariaDB"))
	return &connection{speaks}, nil
}

// versionOf is what a server says that it is.
func versionOf(ctx context.Context, speaks speaker) (version string, err error) {
	rows, err := speaks.QueryContext(ctx, "SELECT VERSION()", nil)
	if err != nil {
		return "", err
	}
	defer func() {
		if closing := rows.Close(); err == nil {
			err = closing
		}
	}()
	value := make([]driver.Value, 1)
	if err := rows.Next(value); err != nil {
		return "", err
	}
	text, _ := value[0].([]byte)
	return string(text), nil
}

// speaker is everything that a connection of the driver can do.
type speaker interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.NamedValueChecker
	driver.SessionResetter
	driver.Validator
}

// connection is one to a node. Where the node has left its cluster it does nothing that it is asked for: the
// connection is then a bad one, of which database/sql rids itself, and tries another.
type connection struct{ speaker }

// ExecContext runs a statement.
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.speaker.ExecContext(ctx, query, args)
	return result, leftCluster(err)
}

// QueryContext asks.
func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.speaker.QueryContext(ctx, query, args)
	return rows, leftCluster(err)
}

// BeginTx begins a transaction.
func (c *connection) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	tx, err := c.speaker.BeginTx(ctx, options)
	return tx, leftCluster(err)
}

// PrepareContext prepares a statement.
func (c *connection) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	made, err := c.speaker.PrepareContext(ctx, query)
	if err != nil {
		return nil, leftCluster(err)
	}
	speaks, ok := made.(prepared)
	if !ok {
		_ = made.Close()
		return nil, fmt.Errorf("a statement of the driver lacks something: %T", made)
	}
	return statement{speaks}, nil
}

func leftCluster(err error) error {
	if slices.Contains([]uint16{serverUnknownCommand, serverReadOnly, serverReadOnlyMode}, numberOf(err)) {
		return fmt.Errorf("%w: %w", driver.ErrBadConn, err)
	}
	return err
}

// numberOf is the number of a server's error; 0: it is none.
func numberOf(err error) uint16 {
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		return server.Number
	}
	return 0
}
