package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A server rests at its start, and after work; not while a request is running, and not again until there was another one.
func TestRests_onceNobodyAsksAnything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rests
		var rested atomic.Int64
		ctx, end := context.WithCancel(t.Context())
		looks := time.NewTicker(quiet)
		defer looks.Stop()
		go r.watch(ctx, looks.C, func() { rested.Add(1) })
		handler := r.around(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(4 * quiet) }))
		ask := func() {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, graphqlPath, nil))
		}
		after := func(wait time.Duration, want int64) {
			t.Helper()
			time.Sleep(wait)
			synctest.Wait()
			if got := rested.Load(); got != want {
				t.Errorf("rested %d times, want %d", got, want)
			}
		}
		after(10*quiet, 1)
		go ask()
		after(3*quiet, 1)
		after(3*quiet, 2)
		after(10*quiet, 2)
		go ask()
		go ask()
		after(20*quiet, 3)
		end()
		synctest.Wait()
	})
}
