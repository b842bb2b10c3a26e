package ledger_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"partner.example/referrals/commission/ledger"
)

// A list is as a slice, also where it has many parts.
func TestList_isAsASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list ledger.List
		var want []int
		add := func(row int) {
			if place := list.Add(row); place != len(want) {
				t.Fatalf("row %d is at %d", len(want), place)
			}
			want = append(want, row)
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				if got := list.All(); !slices.Equal(got, want) {
					t.Fatalf("the list is %v, want %v", got, want)
				}
			},
			"add": func(t *rapid.T) { add(rapid.Int().Draw(t, "row")) },
			"add many in order": func(t *rapid.T) {
				first := 0
				if len(want) > 0 {
					first = slices.Max(want)
				}
				for i := range rapid.IntRange(1, 3000).Draw(t, "many") {
					add(max(first, first+i))
				}
			},
			"change": func(t *rapid.T) {
				if len(want) > 0 {
					place, row := rapid.IntRange(0, len(want)-1).Draw(t, "place"), rapid.Int().Draw(t, "row")
					*list.At(place), want[place] = row, row
				}
			},
			"sort": func(*rapid.T) {
				list.Sort()
				slices.Sort(want)
			},
		})
	})
}
