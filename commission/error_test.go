package commission_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"partner.example/referrals/commission"
)

func TestError_saysWhereAndWhat(t *testing.T) {
	for want, refusal := range map[string]*commission.Error{
		"rate: must be at most 100":  commission.Refuse(commission.BadUserInput, "rate", "must be at most %d", 100),
		"somebody was faster":        commission.Refuse(commission.Conflict, "", "somebody was faster"),
		"partnerId: no such partner": commission.ErrNotFound("partnerId", "partner"),
	} {
		if refusal.Error() != want {
			t.Errorf("the refusal reads %q, want %q", refusal, want)
		}
	}
	if code := commission.ErrNotFound("partnerId", "partner").Code; code != commission.NotFound { // [R1]
		t.Errorf("what is not there is refused with %s", code)
	}
}

func TestProblems_tellEverythingAtOnce(t *testing.T) {
	var inner commission.Problems
	inner.Add("value", "must be at most %d", 10)
	inner.Add("", "must be a duration")

	var problems commission.Problems
	problems.Add("rate", "must be more than 0")
	problems.In("structure.duration", inner)

	if want := []string{"rate", "structure.duration.value", "structure.duration"}; !slices.Equal(fields(problems), want) {
		t.Errorf("the fields are %q, want %q", fields(problems), want)
	}
	const text = "rate: must be more than 0; structure.duration.value: must be at most 10; structure.duration: must be a duration"
	if got := problems.Err().Error(); got != text {
		t.Errorf("the problems read %q, want %q", got, text)
	}
	if want := []string{"value", ""}; !slices.Equal(fields(inner), want) {
		t.Errorf("the inner problems have become %q", fields(inner))
	}
	for _, problem := range problems {
		if !errors.Is(problems.Err(), problem) {
			t.Errorf("errors.Is does not reach %q", problem)
		}
	}
}

func TestProblems_areNoErrorWhereThereAreNone(t *testing.T) {
	var none commission.Problems
	none.In("structure", nil)
	if err := none.Err(); err != nil {
		t.Errorf("nothing wrong is the error %v", err)
	}
}

func TestPath_leavesOutWhatIsEmpty(t *testing.T) {
	for want, parts := range map[string][]string{
		"": {"", ""}, "a": {"", "a", ""}, "a.b": {"a", "b"}, "a.b.c": {"a", "", "b.c"},
	} {
		if got := commission.Path(parts...); got != want {
			t.Errorf("the path of %q is %q, want %q", parts, got, want)
		}
	}
}

func TestCodeOf_isThatOfTheFirstRefusalAndNoneOfFaults(t *testing.T) {
	var problems commission.Problems
	problems.Add("rate", "must be more than 0")
	problems = append(problems, commission.Refuse(commission.Conflict, "", "somebody was faster"))
	for _, c := range []struct {
		err  error
		want commission.Code
	}{
		{nil, ""},
		{errors.New("the disk is full"), ""},
		{commission.ErrNotFound("", "partner"), commission.NotFound},
		{fmt.Errorf("save: %w", commission.ErrNotFound("", "partner")), commission.NotFound},
		{problems.Err(), commission.BadUserInput},
		{fmt.Errorf("save: %w", problems.Err()), commission.BadUserInput},
		{commission.Problems{}, ""},
	} {
		if got := commission.CodeOf(c.err); got != c.want {
			t.Errorf("the code of %v is %q, want %q", c.err, got, c.want)
		}
	}
}
