package fault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/fault"
)

// statuses is the whole list of codes, as the documentation gives it.
var statuses = map[fault.Code]int{
	"invalid_request":         422,
	"too_large":               413,
	"unauthorized":            401,
	"insufficient_credits":    402,
	"payment_refused":         402,
	"suspended":               402,
	"forbidden":               403,
	"feature_not_in_plan":     403,
	"not_found":               404,
	"method_not_allowed":      405,
	"conflict":                409,
	"rate_limited":            429,
	"unavailable":             503,
	"payments_not_configured": 503,
	"internal":                500,
}

func TestEachCodeHasItsStatus(t *testing.T) {
	t.Parallel()
	for c, want := range statuses {
		if got := fault.New(c, "x").Status(); got != want {
			t.Errorf("%s has status %d, want %d", c, got, want)
		}
	}
	if got := fault.New("unheard_of", "x").Status(); got != 500 {
		t.Errorf("an unknown code has status %d, want 500", got)
	}
}

// The list is closed: a constant that is not in the table above fails here.
func TestListOfCodesIsComplete(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[fault.Code]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != "Code" {
			return true
		}
		for _, v := range spec.Values {
			s, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared[fault.Code(s)] = true
		}
		return true
	})
	known := map[fault.Code]bool{}
	for c := range statuses {
		known[c] = true
	}
	if diff := cmp.Diff(known, declared); diff != "" {
		t.Errorf("the codes declared are not those documented (-want +got):\n%s", diff)
	}
}

func TestFaultAsJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  *fault.Error
		want string
	}{
		{"a code and a sentence", fault.New(fault.NotFound, "There is no customer %q.", "u1"),
			`{"error":"not_found","message":"There is no customer \"u1\"."}`},
		{"details in the order of their keys", fault.New(fault.InsufficientCredits, "No.").With("required", 5).With("availableBalance", 3).With("z", nil),
			`{"error":"insufficient_credits","message":"No.","availableBalance":3,"required":5,"z":null}`},
		{"a field with its limit", fault.Field("amount", 7, 5, "Too much."),
			`{"error":"invalid_request","message":"Too much.","field":"amount","limit":5,"value":7}`},
		{"a field without a limit", fault.Field("amount", nil, nil, "Missing."),
			`{"error":"invalid_request","message":"Missing.","field":"amount","value":null}`},
		{"a cause stays inside", fault.New(fault.Unavailable, "Again.").Because(errors.New("password is hunter2")),
			`{"error":"unavailable","message":"Again."}`},
		{"a later detail replaces an earlier one", fault.New(fault.Conflict, "No.").With("a", 1).With("a", 2),
			`{"error":"conflict","message":"No.","a":2}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(tt.err)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("the JSON is\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestDetailThatIsNoJSONIsAnError(t *testing.T) {
	t.Parallel()
	if b, err := json.Marshal(fault.New(fault.Conflict, "No.").With("a", func() {})); err == nil {
		t.Errorf("a function is written as %s", b)
	}
}

func TestFaultsReadBackAsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~äöü€\n]{0,20}`)
		e := fault.New(fault.Code(text.Draw(t, "code")), "%s", text.Draw(t, "message"))
		for i := range rapid.IntRange(0, 4).Draw(t, "details") {
			value := rapid.OneOf(
				rapid.Map(rapid.Int64(), func(n int64) any { return n }),
				rapid.Map(text, func(s string) any { return s }),
				rapid.Map(rapid.Bool(), func(b bool) any { return []any{b, map[string]any{"n": 1.5}, nil} }),
			).Draw(t, "value")
			e = e.With(fmt.Sprint("key", i, text.Draw(t, "key")), value)
		}
		written, err := json.Marshal(e.Because(errors.New("cause")))
		if err != nil {
			t.Fatal(err)
		}
		var back fault.Error
		if err := json.Unmarshal(written, &back); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(&back)
		if err != nil || string(again) != string(written) {
			t.Fatalf("%s reads back as %s, %v", written, again, err)
		}
		if back.Code != e.Code || back.Message != e.Message || back.Unwrap() != nil {
			t.Fatalf("%v reads back as %v", e, &back)
		}
	})
}

func TestQuantitiesReadBackExactly(t *testing.T) {
	t.Parallel()
	in := `{"error":"insufficient_credits","message":"","availableBalance":999999999999.999999,"required":9007199254740993}`
	var e fault.Error
	if err := json.Unmarshal([]byte(in), &e); err != nil {
		t.Fatal(err)
	}
	if out, err := json.Marshal(&e); err != nil || string(out) != in {
		t.Errorf("%s reads back as %s, %v", in, out, err)
	}
}

func TestWhatIsNoFaultDoesNotRead(t *testing.T) {
	t.Parallel()
	for _, in := range []string{`[]`, `"x"`, `7`, `{"error":5}`, `{"message":[]}`} {
		var e fault.Error
		if err := json.Unmarshal([]byte(in), &e); err == nil {
			t.Errorf("%s reads as %v", in, &e)
		}
	}
}

func TestWithAndBecauseLeaveTheirFaultAlone(t *testing.T) {
	t.Parallel()
	base := fault.New(fault.Conflict, "No.").With("a", 1)
	_ = base.With("b", 2)
	_ = base.With("a", 3)
	_ = base.Because(errors.New("x"))
	if len(base.Details) != 1 || base.Details["a"] != 1 || base.Unwrap() != nil {
		t.Errorf("the fault changed: %v %v", base.Details, base.Unwrap())
	}
}

func TestFaultsAreFoundInChains(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk full")
	f := fault.New(fault.Unavailable, "Again.").Because(cause)
	err := fmt.Errorf("debit u1: %w", f)
	if fault.Of(err) != f || !fault.Has(err, fault.Unavailable) || fault.Has(err, fault.Conflict) {
		t.Errorf("the fault in %v is not found", err)
	}
	if !errors.Is(err, cause) || !errors.Is(err, &fault.Error{Code: fault.Unavailable}) || errors.Is(err, &fault.Error{Code: fault.Conflict}) {
		t.Errorf("errors.Is does not see what is in %v", err)
	}
	if errors.Is(err, fault.New(fault.Unavailable, "Another.")) {
		t.Error("a fault is the same as another of its code that says something else")
	}
	if fault.Of(cause) != nil || fault.Of(nil) != nil || fault.Has(nil, fault.Internal) {
		t.Error("a fault is found where there is none")
	}
	if got, want := err.Error(), "debit u1: unavailable: Again.: disk full"; got != want {
		t.Errorf("the log says %q, want %q", got, want)
	}
}

func FuzzUnmarshalJSON(f *testing.F) {
	f.Add([]byte(`{"error":"conflict","message":"No.","a":1e400,"b":[{}]}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"Error":"x","error":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e, back fault.Error
		if json.Unmarshal(b, &e) != nil {
			return
		}
		written, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &back); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(&back)
		if err != nil || string(again) != string(written) {
			t.Fatalf("%s reads back as %s, %v", written, again, err)
		}
	})
}

func ExampleField() {
	err := fault.Field("amount", 7, 5, "amount is larger than %d.", 5)
	b, _ := json.Marshal(err)
	fmt.Println(err.Status(), strings.TrimSpace(string(b)))
	// Output: 422 {"error":"invalid_request","message":"amount is larger than 5.","field":"amount","limit":5,"value":7}
}

func ExampleOf() {
	err := fmt.Errorf("consume: %w", fault.New(fault.InsufficientCredits, "The balance has 1 left; 2 is required."))
	if f := fault.Of(err); f != nil {
		fmt.Println(f.Code, f.Status())
	}
	// Output: insufficient_credits 402
}
