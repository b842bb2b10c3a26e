package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/schollz/progressbar/v3"

	"partner.example/referrals/commission"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/graph/scalar"
)

type demoCommand struct {
	Name        string `default:"Demo Network" help:"The name of the network."`
	Credentials string `help:"A file to keep what is printed in, for serve --welcome. Nobody else may read it." placeholder:"FILE"`
}

// Run makes the demo. Its year always has the same dates and, but for codes and tokens, the same content.
func (c demoCommand) Run(a *app) error {
	y, err := beginDemoYear(a, a.db, c.Name)
	if err != nil {
		return err
	}
	shown := showProgress(a.stderr, "living a year", int64(demoDays.To-demoDays.From)+1, progressbar.OptionShowCount())
	err = y.live(func(day commission.Date) { shown.at(int64(day-demoDays.From) + 1) })
	shown.done()
	if err != nil {
		return fmt.Errorf("make the demo: %w", err)
	}
	credentials, err := y.credentials(a)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(a.stdout, credentials); err != nil {
		return err
	}
	if c.Credentials != "" {
		if err := keepSecret(c.Credentials, credentials); err != nil {
			return fmt.Errorf("keep the credentials: %w", err)
		}
	}
	return y.tell(a.stderr)
}

// credentials makes a token for each account, by the clock on the wall, and says whose it is.
func (y *demoYear) credentials(a *app) (string, error) {
	var lines strings.Builder
	fmt.Fprintf(&lines, "NETWORK=%s\n", scalar.ID{Type: scalar.Network, Row: y.networkID})
	for _, account := range y.accounts {
		token, _, err := a.program.CreateToken(a, account.id, "demo", nil)
		if err != nil {
			return "", fmt.Errorf("make the token of %s: %w", account.name, err)
		}
		fmt.Fprintf(&lines, "%s_TOKEN=%s\n", account.name, token)
	}
	fmt.Fprintf(&lines, "PARTNER=%s\n", scalar.ID{Type: scalar.Partner, Row: y.members[0].id})
	return lines.String(), nil
}

// keepSecret writes a file that nobody else may read, whoever could read one of this name before.
func keepSecret(path, text string) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-") // its mode is 0600
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// tell says to people what there is, and where to go on.
func (y *demoYear) tell(stderr io.Writer) error {
	report, err := y.referralReport()
	if err != nil {
		return err
	}
	totals := report.Totals
	_, err = fmt.Fprintf(stderr, `%s lived from %s to %s: %d partners, %d conversions and %d adjustments, %d invoices.
The referral report of these days has %d rows: Balance %s, billed %s, unbilled %s, below threshold %s %s.
Next: 'referrals serve', and send one of the tokens above to http://127.0.0.1:8080/graphql as Authorization: Bearer.
`,
		y.name, demoDays.From, demoDays.To, len(y.members), y.conversions, y.adjustments, y.invoices,
		totals.Rows, commission.Format(totals.Balance), commission.Format(totals.Billed), commission.Format(totals.Unbilled), commission.Format(totals.BelowThreshold), report.Currency)
	return err
}

// referralReport is the referral report of the whole year, as an ADMIN sees it at its end.
func (y *demoYear) referralReport() (*ledger.Report, error) {
	network, err := y.program.DB.Network.Get(y.staff, y.networkID)
	if err != nil {
		return nil, fmt.Errorf("find the network: %w", err)
	}
	return y.ledger.Report(y.staff, network, demoDays, ledger.Filter{})
}
