package ledger_test

import (
	"testing"

	"pgregory.net/rapid"

	"partner.example/referrals/commission/ledger"
)

func TestPlacesByID_areThoseThatWereSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var places ledger.PlacesByID
		want := map[int]int32{}
		id := 0
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				if got := places.Find(id); got != want[id] {
					t.Fatalf("the place of %d is %d, want %d", id, got, want[id])
				}
			},
			"neighbour": func(t *rapid.T) { id = max(0, id+rapid.IntRange(-40, 40).Draw(t, "step")) },
			"far away":  func(t *rapid.T) { id = rapid.IntMin(0).Draw(t, "id") },
			"ask for": func(t *rapid.T) {
				if got := *places.At(id); got != want[id] {
					t.Fatalf("the place of %d to be set is %d, want %d", id, got, want[id])
				}
			},
			"set": func(t *rapid.T) {
				place := rapid.Int32().Draw(t, "place")
				*places.At(id), want[id] = place, place
			},
		})
	})
}
