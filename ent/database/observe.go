package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/XSAM/otelsql"
	"github.com/go-sql-driver/mysql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// Option is something that Open may be told.
type Option func(*options)

// options say who is told of every statement, and how long one may take. Where nobody is told the driver is used as it is.
type options struct {
	traces   trace.TracerProvider
	metrics  metric.MeterProvider
	patience time.Duration
	plain    bool
}

// AnswersWithin gives up a connection on which a server has not answered for so long, also to a commit, which no
// context ends. Without it statements may run as long as they need, such as those of migrations.
func AnswersWithin(patience time.Duration) Option {
	return func(o *options) { o.patience = patience }
}

// Plainly has MariaDB told nothing that MySQL would not understand, for tests of what is said to that one.
func Plainly() Option { return func(o *options) { o.plain = true } }

// Traced has every statement traced, with its text and without its values.
func Traced(by trace.TracerProvider) Option { return func(o *options) { o.traces = by } }

// Measured has the time of every statement measured, as db.client.operation.duration.
func Measured(by metric.MeterProvider) Option { return func(o *options) { o.metrics = by } }

func (o options) none() bool { return o.traces == nil && o.metrics == nil }

func (o options) openDB(connector driver.Connector) *sql.DB {
	if o.none() {
		return sql.OpenDB(connector)
	}
	return otelsql.OpenDB(connector, o.forDriver()...)
}

func (o options) forDriver() []otelsql.Option {
	if o.traces == nil {
		o.traces = tracenoop.NewTracerProvider()
	}
	if o.metrics == nil {
		o.metrics = metricnoop.NewMeterProvider()
	}
	return []otelsql.Option{
		otelsql.WithTracerProvider(o.traces), otelsql.WithMeterProvider(o.metrics), otelsql.WithDisableSkipErrMeasurement(true),
		otelsql.WithSpanOptions(otelsql.SpanOptions{
			DisableErrSkip: true, OmitConnResetSession: true, OmitConnPrepare: true, OmitRows: true, OmitConnectorConnect: true,
			DisableQuery: true,                              // told below
			RecordError:  func(error) bool { return false }, // its text may quote a value
			SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
				return trace.SpanContextFromContext(ctx).IsValid() // the program's own housekeeping begins no trace
			},
		}),
		otelsql.WithAttributesGetter(func(_ context.Context, _ otelsql.Method, query string, _ []driver.NamedValue) []attribute.KeyValue {
			if query == "" {
				return nil
			}
			return []attribute.KeyValue{semconv.DBQueryText(withoutRows(query))}
		}),
		otelsql.WithSpanErrorAttributesGetter(func(err error) []attribute.KeyValue {
			return []attribute.KeyValue{semconv.ErrorTypeKey.String(kindOf(err))}
		}),
	}
}

// kindOf is what may be told of an error without quoting it.
func kindOf(err error) string {
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		return "server error " + strconv.Itoa(int(server.Number))
	}
	return fmt.Sprintf("%T", err)
}

// watch has the pool of connections measured.
func (o options) watch(pool *sql.DB) error {
	if o.metrics == nil {
		return nil
	}
	_, err := otelsql.RegisterDBStatsMetrics(pool, otelsql.WithMeterProvider(o.metrics))
	return err
}
