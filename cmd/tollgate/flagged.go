package main

import (
	"regexp"
	"strings"

	"github.com/tollgate/tollgate/fault"
)

// onCommandLine words a fault for who has typed a command: faults speak of fields that are sent, as over HTTP, and what was typed
// are flags. What no flag stands for stays as it is.
func onCommandLine(f *fault.Error) *fault.Error {
	flags := map[string]string{
		"transactionId": "--id", "id": "--id", "startDate": "--from", "endDate": "--to", "from": "--from", "to": "--to", "period": "--period",
		"groupBy": "--group-by", "weekStart": "--week-start", "timezone": "--timezone", "property": "--property", "filter": "--filter",
		"limit": "--limit", "after": "--after", "cursor": "--cursor", "reason": "--reason", "kind": "--kind", "type": "--type", "meter": "--meter",
		"amount": "<amount>", "externalId": "<external-id>",
	}
	out := *f
	for _, name := range []string{"transactionId", "startDate", "endDate", "groupBy", "weekStart"} { // which are no words
		out.Message = regexp.MustCompile(`\b`+name+`\b`).ReplaceAllString(out.Message, flags[name])
	}
	if first, rest, ok := strings.Cut(out.Message, " "); ok && flags[first] != "" && f.Details["field"] == first {
		out.Message = flags[first] + " " + rest
	}
	for _, change := range []struct{ from, to string }{
		{` Create it with PUT /v1/customers/\{externalId\} first\.`, ""},
		{`\b([Ss])end (kind|type) `, "${1}end --$2 "},
		{`\bwith another request\b`, "for something else"},
		{`\bsend the same request again\b`, "run the same command again"}, {`\bSend the same request again\b`, "Run the same command again"},
		{`, or a new id\.`, ", or give a new id."},
		{`\bsend\b`, "give"}, {`\bSend\b`, "Give"},
	} {
		out.Message = regexp.MustCompile(change.from).ReplaceAllString(out.Message, change.to)
	}
	field, _ := f.Details["field"].(string)
	flag := flags[field]
	if flag == "" {
		return &out
	}
	out.Details = map[string]any{"flag": flag}
	for key, v := range f.Details {
		if key != "field" {
			out.Details[key] = v
		}
	}
	return &out
}
