package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"partner.example/referrals/ent/database/databasetest"
)

// Whatever is asked of a server, with whatever variables, it answers in JSON, with a code for each error and none that
// is its own fault.
func FuzzDocuments(f *testing.F) {
	database := databasetest.SQLite(f)
	command := func(args ...string) string {
		said, err := exec.Command(binary, append(args, "--database", database)...).Output()
		if err != nil {
			f.Fatalf("%q: %v", args, err)
		}
		return strings.TrimSpace(string(said))
	}
	network := command("network", "create", "--name", "Acme", "--currency", "USD", "--time-zone", "UTC")
	token := command("token", "create", "--network", network, "--role", "ADMIN", "--name", "Ada")
	server := start(f, database, "2026-02-01T10:00:00Z", "--account-points", "0")
	f.Cleanup(func() { _ = server.stop() })
	all, err := sent()
	if err != nil {
		f.Fatal(err)
	}
	for _, document := range all {
		f.Add(document.text, `{"input": {"name": "Ann", "version": 1}, "first": 1, "from": "2026-01-01", "to": "2026-12-31", "id": "UGFydG5lcjox"}`)
	}
	for _, bad := range hostile() {
		if len(bad.document) < 4000 {
			f.Add(bad.document, `{}`)
		}
	}
	f.Fuzz(func(t *testing.T, document, variables string) {
		body := map[string]any{"query": document}
		if json.Valid([]byte(variables)) {
			body["variables"] = json.RawMessage(variables)
		}
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.address+"/graphql", bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := server.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Data   json.RawMessage
			Errors problems
		}
		if err := json.Unmarshal(answer, &got); err != nil || response.StatusCode >= http.StatusInternalServerError || (got.Data == nil && got.Errors == nil) {
			t.Fatalf("HTTP %d %s", response.StatusCode, answer)
		}
		for _, wrong := range got.Errors {
			if wrong.Extensions.Code == "" || wrong.Extensions.Code == "INTERNAL_SERVER_ERROR" {
				t.Errorf("%s", answer)
			}
		}
	})
}
