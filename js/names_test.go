package js_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/tollgate/tollgate/client"
	"github.com/tollgate/tollgate/id"
)

// TestNamesAreThoseOfTheGoClient says what the Go client names the parameters in testdata/names.json. The test of
// src/transaction.ts holds the names there to it, so that a service in Go and one in TypeScript name the same work alike.
func TestNamesAreThoseOfTheGoClient(t *testing.T) {
	t.Parallel()
	const file = "testdata/names.json"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Kind       string         `json:"kind"`
		Parameters any            `json:"parameters"`
		Name       id.Transaction `json:"name"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for i, one := range all {
		name, err := client.ParametersID(one.Kind, one.Parameters)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			all[i].Name = name
		} else if name != one.Name {
			t.Errorf("number %d is %s, and %s in the file", i, name, one.Name)
		}
	}
	if !*update {
		return
	}
	if text, err = json.MarshalIndent(all, "", "  "); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
