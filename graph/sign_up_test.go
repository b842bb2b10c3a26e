package graph

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Whatever the work takes, the answer is given at a beat: 300 ms after the request came in, or 600 where that was not
// enough.
func TestSignUp_isAnsweredAtTheBeat(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{
		0: beat, time.Microsecond: beat, 5 * time.Millisecond: beat, beat - 1: beat,
		beat: 2 * beat, beat + 1: 2 * beat, 2*beat + 5*time.Millisecond: 3 * beat,
	} {
		synctest.Test(t, func(t *testing.T) {
			arrived := time.Now()
			time.Sleep(took) // the work
			if err := waitForBeat(t.Context(), time.Since(arrived)); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(arrived); got != want {
				t.Errorf("work of %s is answered after %s, want %s", took, got, want)
			}
		})
	}
}

func TestSignUp_waitsForNobodyWhoHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, gone := context.WithTimeout(t.Context(), time.Millisecond)
		defer gone()
		if err := waitForBeat(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestSignUp_countsByTheCustomer(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::1": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "", "unknown": "unknown",
	} {
		if got := origin(address); got != want {
			t.Errorf("%q counts as %q, want %q", address, got, want)
		}
	}
	limits := newSignUps()
	for i := range signUpsAnAddress {
		if !limits.allow("address a", signUpsAnAddress) || !limits.allow("address b", signUpsAnAddress) {
			t.Fatalf("the application %d is refused", i)
		}
	}
	if limits.allow("address a", signUpsAnAddress) {
		t.Error("one more is not refused")
	}
}
