package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"partner.example/referrals/commission"
	"partner.example/referrals/ent/viewer"
	"partner.example/referrals/graph"
	"partner.example/referrals/table"
)

// tables serves tables that the test fills, to an ADMIN.
func tables(fill func(ctx context.Context, add table.Row) error) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+reportPath+"{table}", exports{}.answer(func(_ exports, ctx context.Context, _ viewer.Viewer, _ *http.Request, name string) (*export, error) {
		return &export{name, []string{"text", "n"}, func(add table.Row) error { return fill(ctx, add) }}, nil
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(viewer.With(r.Context(), viewer.Viewer{AccountID: 1, Role: commission.Admin, NetworkID: 1})))
	})
}

// A client that hangs up in the middle ends the work for it, and no temporary file stays.
func TestExports_leaveNothingWhereTheClientHangsUp(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	for format, kept := range map[string]int{"xlsx": 1, "csv": 0} {
		half, ended := make(chan bool), make(chan error, 1)
		answer := tables(func(ctx context.Context, add table.Row) (err error) {
			defer func() { ended <- err }()
			for i := range 9_000 {
				if err := add(strings.Repeat("a text that takes its place ", 80), i); err != nil {
					return err
				}
			}
			if files, err := os.ReadDir(folder); err != nil || len(files) != kept {
				t.Errorf("%s: %d temporary files, want %d (%v)", format, len(files), kept, err)
			}
			close(half)
			<-ctx.Done()
			return ctx.Err()
		})
		gone := make(chan bool)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(gone)
			answer.ServeHTTP(w, r)
		}))
		ctx, hangUp := context.WithCancel(t.Context())
		go func() {
			<-half
			hangUp()
		}()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+reportPath+"referrals."+format, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := server.Client().Do(request); err == nil {
			_, err = io.Copy(io.Discard, got.Body)
			_ = got.Body.Close()
			if err == nil {
				t.Errorf("%s: half a table looks like a whole one", format)
			}
		}
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: it ended with %v", format, err)
		}
		<-gone
		server.Close()
		if files, err := os.ReadDir(folder); err != nil || len(files) > 0 {
			t.Errorf("%s: %v is left (%v)", format, files, err)
		}
	}
}

// What goes wrong before a byte was sent is refused as anything else is.
func TestExports_refuseWhatGoesWrongBeforeTheFirstByte(t *testing.T) {
	answer := httptest.NewRecorder()
	tables(func(context.Context, table.Row) error {
		return commission.Refuse(commission.Unavailable, "", "the database is away")
	}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, reportPath+"referrals.csv", nil))
	if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" || answer.Header().Get("Content-Disposition") != "" ||
		!strings.HasPrefix(answer.Header().Get("Content-Type"), "application/") {
		t.Errorf("answered %d %v %s", answer.Code, answer.Header(), answer.Body)
	}
}

// What goes wrong later cuts the table off. The log tells why, without what is private, and of which request, once.
func TestExports_tellInTheLogWhyATableIsCutOff(t *testing.T) {
	var said bytes.Buffer
	kept := slog.Default()
	slog.SetDefault(newLogger("text", &said))
	defer slog.SetDefault(kept)
	server := tables(func(_ context.Context, add table.Row) error {
		for i := range 9_000 {
			if err := add("a text that takes its place", i); err != nil {
				return err
			}
		}
		return errors.New("ann@acme.example was in the way")
	})
	request := httptest.NewRequest(http.MethodGet, reportPath+"referrals.csv", nil)
	request = request.WithContext(graph.WithReceived(request.Context(), graph.Received{RequestID: "R1"}))
	func() {
		defer func() {
			if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
				t.Errorf("half a table looks like a whole one: %v", err)
			}
		}()
		server.ServeHTTP(httptest.NewRecorder(), request)
	}()
	if told := said.String(); !strings.Contains(told, "was in the way") || strings.Contains(told, "ann@") || strings.Count(told, "R1") != 1 {
		t.Errorf("the log: %s", told)
	}
}

// A table may take longer than the server allows to other requests.
func TestExports_mayTakeLongerThanOtherRequests(t *testing.T) {
	command := &serveCommand{Timeout: time.Second}
	if _, err := command.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	looked := newHealth(nil)
	looked.welcome()
	for path, long := range map[string]bool{reportPath + "referrals.csv": true, linePath + "1/conversions.csv": true, graphqlPath: false, invoicePath + "1.csv": false} {
		command.admit(looked, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			until, bounded := r.Context().Deadline()
			if !bounded || long != (time.Until(until) > time.Minute) {
				t.Errorf("%s may take until %s", path, until)
			}
		})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
}
