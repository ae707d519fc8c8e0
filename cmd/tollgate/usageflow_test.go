package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// usageflowTablesSQL is UsageFlow's documented schema, with one table under a name of its own.
const usageflowTablesSQL = `
CREATE TABLE user_plans (id SERIAL PRIMARY KEY, name TEXT NOT NULL, stripe_price_id TEXT UNIQUE, price_amount DECIMAL(10,2),
	price_currency TEXT, is_free BOOLEAN DEFAULT FALSE, created_at TIMESTAMP DEFAULT NOW(), updated_at TIMESTAMP DEFAULT NOW());
CREATE TABLE usage_feature_limits (id SERIAL PRIMARY KEY, plan_id INT NOT NULL REFERENCES user_plans(id), feature_name TEXT NOT NULL,
	limit_value INT NOT NULL, created_at TIMESTAMP DEFAULT NOW(), updated_at TIMESTAMP DEFAULT NOW());
CREATE TABLE custom_usage_events (id SERIAL PRIMARY KEY, user_id TEXT NOT NULL, feature_name TEXT NOT NULL, credits_used INT,
	event_type TEXT NOT NULL CHECK (event_type IN ('usage', 'credit', 'reset', 'adjustment')) DEFAULT 'usage', metadata JSONB, timestamp TIMESTAMP DEFAULT NOW());
CREATE TABLE user_limit_adjustments (id SERIAL PRIMARY KEY, user_id TEXT NOT NULL, feature_name TEXT NOT NULL, amount INTEGER NOT NULL,
	type TEXT NOT NULL CHECK (type IN ('one_time', 'recurring')), start_date TIMESTAMP NOT NULL, end_date TIMESTAMP NOT NULL, metadata JSONB, created_at TIMESTAMP DEFAULT NOW());
INSERT INTO user_plans (name, stripe_price_id, price_amount, price_currency, is_free) VALUES
	('Community', NULL, NULL, NULL, TRUE), ('Pro Plan', 'price_1', 7.99, 'USD', FALSE), ('Enterprise', 'price_2', 49.00, 'usd', FALSE);
INSERT INTO usage_feature_limits (plan_id, feature_name, limit_value) VALUES (1, 'design-export', 100), (2, 'design-export', 1000), (3, 'design-export', -1), (2, 'AI Chat', 50);`

func usageflowSource(t *testing.T) string {
	t.Helper()
	url := testdb.Postgres(t)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	for stmt := range strings.SplitSeq(usageflowTablesSQL, ";\n") {
		exec(stmt)
	}
	now := time.Now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	event := func(user, feature string, credits any, kind, metadata string, at time.Time) {
		exec(`INSERT INTO custom_usage_events (user_id, feature_name, credits_used, event_type, metadata, timestamp) VALUES ($1, $2, $3, $4, $5, $6)`,
			user, feature, credits, kind, metadata, at)
	}
	for i := range 1200 { // past one batch
		event("user-1", "design-export", 1, "usage", `{"model": "gpt-4o-mini"}`, month.AddDate(0, -1, 3).Add(time.Duration(i)*time.Second))
	}
	event("user-1", "design-export", -20, "adjustment", `{"reason": "service_error"}`, month.AddDate(0, -1, 4))
	event("user-1", "design-export", 40, "usage", `null`, month)
	event("user-1", "design-export", nil, "reset", `{}`, month.Add(time.Millisecond))
	event("user-1", "design-export", 7, "usage", `{}`, month.Add(2*time.Millisecond))
	event("user-1", "design-export", -2, "adjustment", `{"reason": "service_error"}`, month.Add(3*time.Millisecond))
	event("user-1", "design-export", 10, "credit", `{"reason": "loyalty"}`, month.Add(4*time.Millisecond))
	event("user-2", "AI Chat", 3, "usage", `{}`, month)
	event("user-2", "AI Chat", nil, "usage", `{}`, month)
	exec(`INSERT INTO user_limit_adjustments (user_id, feature_name, amount, type, start_date, end_date, metadata) VALUES
		('user-1', 'design-export', 25, 'one_time', $1, $2, '{"reason": "promo", "n": 1}'), ('user-1', 'nothing', 25, 'one_time', $1, $2, NULL)`, month, month.AddDate(0, 2, 0))
	return url
}

func TestImportUsageflow(t *testing.T) {
	t.Parallel()
	source := usageflowSource(t)
	customers := filepath.Join(t.TempDir(), "customers.csv")
	if err := os.WriteFile(customers, []byte("externalId,plan\nuser-1,Pro Plan\nuser-3,enterprise\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{testdb.SQLite(t), testdb.Postgres(t)} {
		var counts [2]usageflowCounts
		for i := range counts {
			var out, notes bytes.Buffer
			c := &console{in: strings.NewReader(""), out: &out, err: &notes}
			args := []string{"import", "usageflow", source, "--db", url, "--events-table", "custom_usage_events", "--customers", customers, "--json"}
			if code := run(t.Context(), args, c); code != 0 {
				t.Fatalf("exit %d: %s%s", code, &out, &notes)
			}
			if err := json.Unmarshal(out.Bytes(), &counts[i]); err != nil {
				t.Fatalf("%v: %s", err, &out)
			}
			for _, want := range []string{"events row 1208: credits_used is NULL", `limit adjustments row 2: no plan limits the feature "nothing"`} {
				if !strings.Contains(notes.String(), want) {
					t.Errorf("nobody was told %q:\n%s", want, &notes)
				}
			}
		}
		if want := (usageflowCounts{Customers: 2, Charged: 2, History: 1201, Refunds: 2, Bonuses: 1, Resets: 1, Adjustments: 1, Skipped: 2}); counts[0] != want {
			t.Errorf("the first run counts %v, want %v", counts[0], want)
		}
		if want := (usageflowCounts{Customers: 2, Resets: 1, Duplicate: 1207, Skipped: 2}); counts[1] != want {
			t.Errorf("the second run counts %v, want %v", counts[1], want)
		}
		e, err := tollgate.Open(t.Context(), url, tollgate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		total, err := e.UsageTotal(t.Context(), tollgate.UsageRequest{Customer: "user-1", Meter: "design-export",
			UsageSpan: tollgate.UsageSpan{From: usage.At(time.Now().AddDate(0, -3, 0))}})
		if err != nil || total != quantity.Whole(1200-20+40+7-2) {
			t.Errorf("total %s, %v", total, err)
		}
		b, err := e.Balance(t.Context(), "user-1", "design-export")
		if err != nil || b.Used != quantity.Whole(5) || *b.Limit != quantity.Whole(1025) || *b.Available != quantity.Whole(1030) {
			t.Errorf("balance %+v, %v", b, err)
		}
		if b, err = e.Balance(t.Context(), "user-3", "design-export"); err != nil || !b.Unlimited {
			t.Errorf("enterprise: %+v, %v", b, err)
		}
		if audit, err := e.Audit(t.Context()); err != nil || len(audit.Findings) > 0 {
			t.Errorf("audit %+v, %v", audit, err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestImportUsageflowRefuses(t *testing.T) {
	t.Parallel()
	source := usageflowSource(t)
	other := filepath.Join(t.TempDir(), "catalog.yaml")
	if err := os.WriteFile(other, []byte("meters:\n  x: {name: X, aggregation: sum}\nplans:\n  free: {name: Free, default: true}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	used := testdb.SQLite(t)
	fresh := testdb.SQLite(t)
	for i, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"apply", "--db", used, other}, ""},
		{[]string{"import", "usageflow", source, "--db", used, "--events-table", "custom_usage_events"}, "the catalog in force lacks meter design-export"},
		{[]string{"import", "usageflow", source, "--db", fresh}, `relation "usage_events" does not exist`},
		{[]string{"import", "usageflow", "mysql://x", "--db", fresh}, "name UsageFlow's database as postgres://"},
		{[]string{"import", "usageflow", source, "--db", fresh, "--dry-run", "--events-table", "custom_usage_events"}, ""},
	} {
		var out, notes bytes.Buffer
		code := run(t.Context(), tt.args, &console{in: strings.NewReader(""), out: &out, err: &notes})
		if (code == 0) != (tt.want == "") || !strings.Contains(notes.String(), tt.want) {
			t.Errorf("case %d: exit %d, %s; want %q", i, code, &notes, tt.want)
		}
		if tt.want == "" && i > 0 && !strings.Contains(out.String(), "pro_plan_monthly: {amount: 799, every: month}") {
			t.Errorf("the dry run shows\n%s", &out)
		}
	}
}

func TestMinorUnits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		amount, currency string
		want             int64
		ok               bool
	}{{"7.99", "usd", 799, true}, {"500.00", "jpy", 500, true}, {"1.50", "jpy", 0, false}, {"1.20", "kwd", 1200, true}, {"3", "gold", 0, false}, {"-1.00", "usd", 0, false}} {
		got, err := minorUnits(tt.amount, tt.currency)
		if got != tt.want && tt.ok || (err == nil) != tt.ok {
			t.Errorf("%s %s: %s, %v", tt.amount, tt.currency, fmt.Sprint(got), err)
		}
	}
}
