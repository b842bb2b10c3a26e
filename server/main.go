// Command referrals is the backend of partner networks' referral programs; docs/architecture.md is its map.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/commission/program"
	"partner.example/referrals/ent/database"
	"partner.example/referrals/ent/viewer"
)

// options are the commands and their flags. Every flag has an environment variable, REFERRALS_ and its name.
type options struct {
	Database  string    `default:"sqlite:referrals.db" help:"Where everything is stored: sqlite:PATH or mysql://user:password@host:port/name, with host:port,host:port for the nodes of a cluster." placeholder:"URL"`
	LogFormat string    `default:"text" enum:"text,json" help:"How the log is written: text or json." placeholder:"FORMAT"`
	Clock     time.Time `format:"2006-01-02T15:04:05Z07:00"                                                                                   help:"Start the program's clock at this moment (RFC 3339), for demonstrations and tests." placeholder:"T"`

	Serve   serveCommand   `cmd:"" help:"Answer GraphQL over HTTP."`
	Migrate migrateCommand `cmd:"" help:"Bring the tables of the database up to date."`
	Network networkCommand `cmd:"" help:"Networks: the tenants."`
	Token   tokenCommand   `cmd:"" help:"Tokens: what accounts sign in with."`
	Import  importCommand  `cmd:"" help:"Record conversions from a CSV file, as tracking platforms export them."`
	Bill    billCommand    `cmd:"" help:"Make the invoices of a network that are due."`
	Verify  verifyCommand  `cmd:"" help:"Recompute every sum from the conversions and say what differs."`
	Backup  backupCommand  `cmd:"" help:"Copy a SQLite database to a new file, while servers go on working."`
	Demo    demoCommand    `cmd:"" help:"Make a network with a year of life in it."`

	Documents documentsCommand `cmd:"" help:"Print the manifest of clients' documents, for serve --documents."`
}

// app is what a command works with.
type app struct {
	context.Context //nolint:containedctx // the command's own, from its start to its end

	db      *database.Database
	ledger  *ledger.Ledger
	program *program.Program
	billing *billing.Billing
	now     func() time.Time
	stdin   io.Reader
	stdout  io.Writer // for machines: results and nothing else
	stderr  io.Writer // for people
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the process at once
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	success = 0
	failure = 1
	misuse  = 2
)

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	slog.SetDefault(newLogger("text", stderr))
	var given options
	exited := -1
	parser, err := kong.New(
		&given, kong.Name("referrals"),
		kong.Description("The backend of partner networks' referral programs."),
		kong.DefaultEnvars("REFERRALS"), kong.Writers(stdout, stderr), kong.UsageOnError(),
		kong.Exit(func(code int) { exited = code }),
		kong.Vars{"listen": "127.0.0.1:8080"},
	)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "referrals:", err)
		return failure
	}
	command, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "referrals: %v; 'referrals --help' lists the commands and flags\n", err)
		return misuse
	}
	if err := given.run(ctx, command, stdin, stdout, stderr); err != nil {
		_, _ = fmt.Fprintln(stderr, "referrals:", err)
		return failure
	}
	return success
}

func (o *options) run(ctx context.Context, command *kong.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	slog.SetDefault(newLogger(o.LogFormat, stderr))
	if command.Command() == documentsName {
		return o.Documents.run(stdout)
	}
	var options []database.Option
	serving := command.Command() == "serve"
	if serving {
		var err error
		if options, err = o.Serve.prepare(ctx); err != nil {
			return err
		}
	}
	db, err := database.Open(o.Database, options...)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	now := time.Now
	if !o.Clock.IsZero() {
		ahead := time.Until(o.Clock)
		now = func() time.Time { return time.Now().Add(ahead) }
		slog.Warn("the clock was set: this is for demonstrations and tests", "clock", o.Clock)
	}
	if !serving { // which waits for a database that is not there yet
		if err := ready(ctx, db, command.Command()); err != nil {
			return err
		}
	}
	p := &program.Program{DB: db, Now: now}
	return command.Run(&app{
		Context: viewer.AsSystem(ctx, "command line"),
		db:      db, program: p, now: now,
		ledger: &ledger.Ledger{DB: db, Now: now, TakeEffect: p.TakeEffect}, billing: &billing.Billing{DB: db, Now: now, TakeEffect: p.TakeEffect},
		stdin: stdin, stdout: stdout, stderr: stderr,
	})
}

// ready sees to it that the tables are those of this program. An embedded database is brought up to date as it is
// opened; a server's is the operator's to migrate.
func ready(ctx context.Context, db *database.Database, command string) error {
	switch {
	case command == "migrate":
		return nil
	case db.Embedded():
		_, err := db.Migrate(ctx)
		return err
	default:
		return db.Check(ctx)
	}
}

type migrateCommand struct {
	Status bool `help:"Change nothing: list the migrations and where each stands, and exit with 1 where other commands would not start."`
}

// Run migrates, and says on stdout what was applied.
func (c migrateCommand) Run(a *app) error {
	if c.Status {
		all, err := a.db.Migrations(a)
		if err != nil {
			return fmt.Errorf("reach the database: %w", err)
		}
		for _, m := range all {
			_, _ = fmt.Fprintf(a.stdout, "%-11s %s\n", m.State, m.Name)
		}
		return a.db.Check(a)
	}
	applied, err := a.db.Migrate(a)
	for _, name := range applied {
		_, _ = fmt.Fprintln(a.stdout, name)
	}
	if err == nil && len(applied) == 0 {
		_, _ = fmt.Fprintln(a.stderr, "the tables are up to date")
	}
	return err
}
