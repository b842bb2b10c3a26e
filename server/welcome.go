package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// welcome is what serve says to people when it listens: where, who can sign in, and what to ask first. It reads the file
// that demo --credentials wrote.
type welcome struct {
	tokens []string // a line for each role
	admin  string   // the token of the ADMIN
}

func readWelcome(path string) (*welcome, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // nothing is said
	}
	file, err := os.Open(path) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var w welcome
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), "=")
		if role, isToken := strings.CutSuffix(key, "_TOKEN"); isToken {
			w.tokens = append(w.tokens, fmt.Sprintf("  %-24s %s", role, value))
		}
		if key == "ADMIN_TOKEN" {
			w.admin = value
		}
	}
	return &w, lines.Err()
}

// say writes the welcome of a server at an address.
func (w *welcome) say(out io.Writer, address string) {
	if w == nil {
		return
	}
	_, _ = fmt.Fprintf(out, `
To look around, open %[1]s/explorer and sign in with one of these tokens. GraphQL is at
%[1]s/graphql: send one as Authorization: Bearer.
%[2]s

The five referrals that earned most in the year of the demo:

curl -s %[1]s/graphql -H 'Authorization: Bearer %[3]s' -H 'Content-Type: application/json' -d '{"query":'\
' "{ network { name referralReport(from: \"%[4]s\", to: \"%[5]s\") {'\
'     currency totals { rows balance unbilled belowThreshold }'\
'     rows(first: 5, orderBy: {field: BALANCE, direction: DESC}) {'\
'       nodes { referrer { name } referred { name } structure { summary } state balance } } } } }"}'

`, address, strings.Join(w.tokens, "\n"), w.admin, demoDays.From, demoDays.To)
}
