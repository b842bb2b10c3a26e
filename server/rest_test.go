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

// A server rests at its start, and every minute in which nobody asks anything; not while a request is running.
func TestRests_onceNobodyAsksAnything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rests
		var rested atomic.Int64
		ctx, end := context.WithCancel(t.Context())
		looks := time.NewTicker(quiet)
		defer looks.Stop()
		go r.watch(ctx, looks.C, func() { rested.Add(1) })
		handler := r.around(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(7 * quiet / 2) }))
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
		after(10*quiet, 11)
		go ask()
		after(3*quiet, 11)
		after(3*quiet, 14)
		go ask()
		go ask()
		after(3*quiet, 14)
		after(2*quiet, 16)
		end()
		synctest.Wait()
	})
}
