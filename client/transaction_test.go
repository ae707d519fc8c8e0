package client_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/client"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

func TestOperationsHaveNamesThatStayTheSame(t *testing.T) {
	t.Parallel()
	if got := client.OperationID("img", "42"); got != "img_42" {
		t.Errorf("img 42 is %s", got)
	}
	if got := client.OperationID("img", ""); got.Check("transactionId") == nil {
		t.Errorf("an operation without an id is %s, which is taken", got)
	}
	fits := client.OperationID("img", strings.Repeat("x", id.TransactionBytesMax-4))
	if len(fits) != id.TransactionBytesMax {
		t.Errorf("a name that just fits has %d bytes", len(fits))
	}
	long := strings.Repeat("x", id.TransactionBytesMax-3)
	one, two := client.OperationID("img", long), client.OperationID("img", long+"y")
	if one == two || one != client.OperationID("img", long) || one.Check("transactionId") != nil || !strings.HasPrefix(string(one), "img_") {
		t.Errorf("long names: %s and %s", one, two)
	}
	if got := client.OperationID(strings.Repeat("k", 300), "1"); got.Check("transactionId") != nil {
		t.Errorf("a long kind: %s", got)
	}
}

func TestRequestsAreNamedByTheirHeader(t *testing.T) {
	t.Parallel()
	r := &http.Request{Header: http.Header{"X-Request-Id": {"abc"}}}
	if got, err := client.RequestID(r); err != nil || got != "req_abc" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := client.RequestID(&http.Request{Header: http.Header{}}); !fault.Has(err, fault.Invalid) {
		t.Errorf("without the header: %v", err)
	}
}

func TestParametersAreNamedByTheirValues(t *testing.T) {
	t.Parallel()
	name := func(v any) id.Transaction {
		t.Helper()
		got, err := client.ParametersID("query", v)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	a := name(map[string]any{"user": "u", "prompt": "hi", "n": 1})
	if b := name(map[string]any{"n": 1, "prompt": "hi", "user": "u"}); a != b || !strings.HasPrefix(string(a), "query_") || len(a) != len("query_")+32 {
		t.Errorf("the same values are %s and %s", a, b)
	}
	seen := map[id.Transaction]any{}
	for _, v := range []any{nil, "", "a", []string{"a", "b"}, []string{"ab"}, []string{"a,b"}, map[string]any{"user": "u", "prompt": "hi", "n": 2}, 1, "1"} {
		if was, ok := seen[name(v)]; ok {
			t.Errorf("%v and %v have one name", was, v)
		}
		seen[name(v)] = v
	}
	if _, err := client.ParametersID("query", func() {}); err == nil {
		t.Error("a function was hashed")
	}
}
