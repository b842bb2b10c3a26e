package main

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// quiet is for how long nobody asks anything before a server rests, at the least: the first dozen of requests after that take
// about half a millisecond longer.
const quiet = time.Minute

// rests has a server rest while it has no work: what a report of a large network or a call of thousands of rows needed is
// given back once nobody has asked anything for a while, whatever is asked next.
type rests struct {
	begun, done atomic.Int64 // requests
}

// around counts requests.
func (r *rests) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.begun.Add(1)
		defer r.done.Add(1)
		next.ServeHTTP(w, request)
	})
}

// watch rests now, and at each look since the last of which nothing was asked: looking after the database, once a second, takes
// memory as well.
func (r *rests) watch(ctx context.Context, looks <-chan time.Time, rest func()) {
	rest()
	for seen := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-looks:
		}
		begun := r.begun.Load()
		if begun == seen && begun == r.done.Load() {
			rest()
		}
		seen = begun
	}
}
