package sorted_test

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"partner.example/referrals/sorted"
)

// thing has what rows have: amounts that carry their decimals, moments, and what is not there.
type thing struct {
	ID     int
	Name   string
	Amount decimal.Decimal
	Maybe  *decimal.Decimal
	Since  *time.Time
}

func byAmount(a, b *thing) int { return cmp.Or(a.Amount.Cmp(b.Amount), cmp.Compare(a.ID, b.ID)) }

// some gives so many things, in no order.
func some(n int) func(ctx context.Context, give func(*thing) error) error {
	return func(_ context.Context, give func(*thing) error) error {
		random := rand.New(rand.NewPCG(1, 2))
		for _, id := range random.Perm(n) {
			if err := give(one(id)); err != nil {
				return err
			}
		}
		return nil
	}
}

func one(id int) *thing {
	made := &thing{ID: id, Name: "thing", Amount: decimal.New(int64(id%100), -2)}
	if id%2 == 0 {
		zero, since := decimal.New(0, -2), time.UnixMicro(int64(id)).UTC()
		made.Maybe, made.Since = &zero, &since
	}
	return made
}

func TestEach_givesEverythingBackInOrderAsItWas(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 20_000} {
		var last *thing
		count := 0
		err := sorted.Each(t.Context(), byAmount, some(n), func(got *thing) error {
			if last != nil && byAmount(last, got) >= 0 {
				t.Fatalf("%d of %d: %v comes after %v", count, n, got, last)
			}
			want := one(got.ID)
			if got.Name != want.Name || got.Amount.StringFixed(-got.Amount.Exponent()) != want.Amount.StringFixed(2) ||
				(got.Maybe == nil) != (want.Maybe == nil) || (got.Since == nil) != (want.Since == nil) || (got.Since != nil && !got.Since.Equal(*want.Since)) {
				t.Fatalf("%+v became %+v", want, got)
			}
			last = got
			count++
			return nil
		})
		if err != nil || count != n {
			t.Errorf("%d of %d came back: %v", count, n, err)
		}
	}
}

// Whoever gives up on either side has it end with that error, and nothing is left in the folder of temporary files.
func TestEach_endsWithWhatWentWrongAndLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	enough := errors.New("enough")
	for name, try := range map[string]func(ctx context.Context, leave func()) (error, error){
		"the source fails": func(ctx context.Context, _ func()) (error, error) {
			return enough, sorted.Each(ctx, byAmount, func(ctx context.Context, give func(*thing) error) error {
				if err := some(20_000)(ctx, give); err != nil {
					return err
				}
				return enough
			}, func(*thing) error { t.Error("something was used"); return nil })
		},
		"the use fails": func(ctx context.Context, _ func()) (error, error) {
			return enough, sorted.Each(ctx, byAmount, some(20_000), func(*thing) error { return enough })
		},
		"the caller leaves while all are read": func(ctx context.Context, leave func()) (error, error) {
			return context.Canceled, sorted.Each(ctx, byAmount, func(ctx context.Context, give func(*thing) error) error {
				leave()
				return some(20_000)(ctx, give)
			}, func(*thing) error { return nil })
		},
		"the caller leaves while they are used": func(ctx context.Context, leave func()) (error, error) {
			return context.Canceled, sorted.Each(ctx, byAmount, some(20_000), func(*thing) error { leave(); return nil })
		},
	} {
		ctx, leave := context.WithCancel(t.Context())
		if want, err := try(ctx, leave); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
		leave()
		if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) > 0 {
			t.Errorf("%s: %q is left", name, left)
		}
	}
	t.Setenv("TMPDIR", filepath.Join(folder, "a file"))
	if err := os.WriteFile(filepath.Join(folder, "a file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sorted.Each(t.Context(), byAmount, some(20_000), func(*thing) error { return nil }); err == nil {
		t.Error("it was sorted without a place for it")
	}
}
