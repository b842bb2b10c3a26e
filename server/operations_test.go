package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

func TestLabelOf_isOfTheSchemaAlone(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
		type Query { network: Network  viewer: Viewer }
		type Network { name: String  report: Report  partners: Report }
		type Report { total: Int }
		type Viewer { name: String  network: Network }
		type Mutation { record: Report  bill: Report }`})
	for document, want := range map[string]string{
		`{ network { name } }`: "query network",
		`query Mine { n: network { name r: report { total } } }`:               "query network.report",
		`{ network { report { total } partners { total } } }`:                  "query network",
		`{ network { ...a ...a } } fragment a on Network { report { total } }`: "query network.report",
		`{ network { name } viewer { name } }`:                                 "query several",
		`{ viewer { network { report { total } } } }`:                          "query viewer.network",
		`mutation bill { record { total } }`:                                   "mutation record",
		`{ __typename }`:                                                       "query __typename",
	} {
		parsed, err := gqlparser.LoadQuery(schema, document) //nolint:staticcheck // the rules are the default ones
		if err != nil {
			t.Fatal(document, err)
		}
		if got := labelOf(parsed.Operations[0]); got != want {
			t.Errorf("%s is %q; want %q", document, got, want)
		}
	}
	if got := labelOf(nil); got != invalid {
		t.Errorf("what was not understood is %q", got)
	}
}

func TestLog_cutsOutOfErrorsWhatIsPrivate(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var said bytes.Buffer
		newLogger(format, &said).With("a", 1).WithGroup("g").Error("fault", "error", fmt.Errorf("sign in: %w", errors.Join(
			errors.New("ann@acme.example is unknown"), errors.New("ref_ABCDEF0123"), errors.New("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.x"),
			&mysql.MySQLError{Number: 1062, Message: "Duplicate entry '7-Ann Smith' for key 'name'"},
		)))
		for _, secret := range []string{"ann@", "ABCDEF", "eyJ", "Smith"} {
			if strings.Contains(said.String(), secret) {
				t.Errorf("%s: the log has %q: %s", format, secret, said.String())
			}
		}
		if !strings.Contains(said.String(), "for key 'name'") {
			t.Errorf("%s: too much is cut: %s", format, said.String())
		}
	}
}

func TestRecovered_answersAlsoWhereTheAnswerPanics(t *testing.T) {
	var said bytes.Buffer
	kept := slog.Default()
	slog.SetDefault(newLogger("json", &said))
	defer slog.SetDefault(kept)
	answer := httptest.NewRecorder()
	recovered(answer, httptest.NewRequest(http.MethodPost, "/graphql", nil), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") }))
	var told struct{ Errors []struct{ Message string } }
	if err := json.Unmarshal(answer.Body.Bytes(), &told); err != nil || answer.Code != http.StatusInternalServerError || told.Errors[0].Message != "internal error" {
		t.Errorf("answered %d %s (%v)", answer.Code, answer.Body, err)
	}
	if !strings.Contains(said.String(), "panic: broken") || !strings.Contains(said.String(), "goroutine") {
		t.Errorf("the log: %s", said.String())
	}
}

func TestAdmit_turnsAwayWhoeverIsTooMany(t *testing.T) {
	command := &serveCommand{Timeout: time.Minute}
	if _, err := command.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	looked := newHealth(nil)
	entered, leave := make(chan bool), make(chan bool)
	handler := command.admit(looked, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, bounded := r.Context().Deadline(); !bounded {
			t.Error("a request without a deadline")
		}
		entered <- true
		<-leave
	}))
	ask := func() *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/graphql", nil))
		return answer
	}
	turnedAway := func(why string) {
		t.Helper()
		answer := ask()
		if answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), why) || answer.Header().Get("Retry-After") == "" {
			t.Errorf("answered %d %s; want %s", answer.Code, answer.Body, why)
		}
	}
	turnedAway("is starting")
	looked.welcome()
	var running sync.WaitGroup
	for range maxRunning {
		running.Go(func() { ask() })
		<-entered
	}
	turnedAway("too many")
	leave <- true
	for range maxRunning - 1 {
		leave <- true
	}
	running.Wait()
	running.Go(func() { ask() })
	<-entered
	leave <- true
	running.Wait()
}
