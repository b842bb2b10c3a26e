package sorted_test

import (
	"testing"

	"partner.example/referrals/sorted"
)

func BenchmarkEach(b *testing.B) {
	for b.Loop() {
		if err := sorted.Each(b.Context(), byAmount, some(1_000_000), func(*thing) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
