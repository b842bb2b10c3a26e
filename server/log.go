package main

import (
	"context"
	"io"
	"log/slog"
	"regexp"

	"go.opentelemetry.io/otel/trace"

	"partner.example/referrals/ent/database"
	"partner.example/referrals/graph"
)

// newLogger writes the log: as text for people, or one JSON object a line. What it writes names no person and holds
// no secret: requests, accounts and partners are there by their ids alone.
func newLogger(format string, to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{ReplaceAttr: func(_ []string, attribute slog.Attr) slog.Attr {
		if attribute.Value.Kind() == slog.KindAny {
			if err, ok := attribute.Value.Any().(error); ok {
				attribute.Value = slog.StringValue(describe(err))
			}
		}
		return attribute
	}}
	if format == "json" {
		return slog.New(tagged{slog.NewJSONHandler(to, options)})
	}
	return slog.New(tagged{slog.NewTextHandler(to, options)})
}

// private is what an error may quote of what it was about: e-mails, tokens of ours, and JWTs.
var private = regexp.MustCompile(`[^\s"'<>()]+@[\w-]+(\.[\w-]+)+|\bref_\w+|\beyJ[\w-]+(\.[\w-]*)+`)

func describe(err error) string {
	return private.ReplaceAllString(database.Describe(err), "...")
}

// tagged adds to what is logged of a request the ids of the request and of its trace.
type tagged struct{ slog.Handler }

// Handle writes one line.
func (t tagged) Handle(ctx context.Context, record slog.Record) error {
	if id := graph.RequestID(ctx); id != "" {
		record.AddAttrs(slog.String("request", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(slog.String("trace", span.TraceID().String()))
	}
	return t.Handler.Handle(ctx, record)
}

// WithAttrs is the handler whose lines have these too.
func (t tagged) WithAttrs(attributes []slog.Attr) slog.Handler {
	return tagged{t.Handler.WithAttrs(attributes)}
}

// WithGroup is the handler whose lines have what follows in a group.
func (t tagged) WithGroup(name string) slog.Handler { return tagged{t.Handler.WithGroup(name)} }
