package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver of UsageFlow's database

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
)

// usageflowTables are UsageFlow's four tables, by the names its configuration may have given them.
type usageflowTables struct{ plans, limits, events, adjustments string }

// A usageflow is UsageFlow's database, read only.
type usageflow struct {
	db     *sql.DB
	tables usageflowTables
}

func openUsageflow(ctx context.Context, dsn string, tables usageflowTables) (*usageflow, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return nil, errors.New("name UsageFlow's database as postgres://user:password@host/name")
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, errors.New("the URL of UsageFlow's database cannot be read: write postgres://user:password@host/name")
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach UsageFlow's database: %w", err), db.Close())
	}
	quote := func(name string) string { return pgx.Identifier(strings.Split(name, ".")).Sanitize() }
	return &usageflow{db, usageflowTables{quote(tables.plans), quote(tables.limits), quote(tables.events), quote(tables.adjustments)}}, nil
}

func (u *usageflow) close() error { return u.db.Close() }

// each runs read for every row of a query.
func (u *usageflow) each(ctx context.Context, query string, read func(*sql.Rows) error) error {
	rows, err := u.db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("read UsageFlow: %w", err)
	}
	for rows.Next() {
		if err := read(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// count returns how many rows there are to import.
func (u *usageflow) count(ctx context.Context) (string, error) {
	var parts []string
	err := u.each(ctx, "SELECT event_type, count(*) FROM "+u.tables.events+" GROUP BY 1 ORDER BY 1", func(r *sql.Rows) error {
		var kind string
		var n int64
		err := r.Scan(&kind, &n)
		parts = append(parts, fmt.Sprintf("%s %d", kind, n))
		return err
	})
	return "Events: " + strings.Join(parts, ", "), err
}

// A shop is the catalog that follows from UsageFlow's plans and limits.
type shop struct {
	currency string
	plans    []shopPlan
	meters   []string           // features, in the order they were met
	slugs    map[string]id.Slug // of features
}

type shopPlan struct {
	slug    id.Slug
	name    string
	free    bool
	amount  int64 // minor units; 0 for none
	limits  map[string]int64
	comment string
}

// shop reads the plans and limits.
func (u *usageflow) shop(ctx context.Context) (*shop, error) {
	s := &shop{slugs: map[string]id.Slug{}}
	byID := map[int64]int{}
	used := map[id.Slug]bool{}
	err := u.each(ctx, "SELECT id, name, COALESCE(stripe_price_id, ''), COALESCE(CAST(price_amount AS TEXT), ''), lower(COALESCE(price_currency, '')), COALESCE(is_free, FALSE) FROM "+u.tables.plans+" ORDER BY id", func(r *sql.Rows) error {
		var n int64
		var p shopPlan
		var stripeID, amount, currency string
		if err := r.Scan(&n, &p.name, &stripeID, &amount, &currency, &p.free); err != nil {
			return err
		}
		p.slug, p.limits = slugify(p.name, used), map[string]int64{}
		byID[n] = len(s.plans)
		if amount != "" && !p.free {
			minor, err := minorUnits(amount, currency)
			if err != nil {
				return fmt.Errorf("plan %d (%s): %w", n, p.name, err)
			}
			if s.currency == "" {
				s.currency = currency
			}
			if s.currency != currency {
				return fmt.Errorf("plan %d (%s) is priced in %s, others in %s: a catalog has one currency. Import them apart", n, p.name, currency, s.currency)
			}
			p.amount, p.comment = minor, stripeID
		}
		s.plans = append(s.plans, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	meters := map[id.Slug]bool{}
	feature := func(name string) {
		if _, ok := s.slugs[name]; !ok {
			s.slugs[name] = slugify(name, meters)
			s.meters = append(s.meters, name)
		}
	}
	err = u.each(ctx, "SELECT plan_id, feature_name, limit_value FROM "+u.tables.limits+" ORDER BY id", func(r *sql.Rows) error {
		var planID, limit int64
		var name string
		if err := r.Scan(&planID, &name, &limit); err != nil {
			return err
		}
		i, ok := byID[planID]
		if !ok {
			return fmt.Errorf("a limit of %s is for plan %d, which is not there", name, planID)
		}
		feature(name)
		s.plans[i].limits[name] = limit
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = u.each(ctx, "SELECT DISTINCT feature_name FROM "+u.tables.events+" ORDER BY 1", func(r *sql.Rows) error {
		var name string
		err := r.Scan(&name)
		feature(name)
		return err
	})
	return s, err
}

// slugify makes a slug of a name, unlike those used.
func slugify(name string, used map[id.Slug]bool) id.Slug {
	slug := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '_', r == '-':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, strings.TrimSpace(name))
	slug = strings.Trim(slug, "_-")
	if slug == "" {
		slug = "unnamed"
	}
	base := id.Slug(slug[:min(len(slug), id.SlugBytesMax-4)])
	out := base
	for n := 2; used[out]; n++ {
		out = id.Slug(fmt.Sprintf("%s_%d", base, n))
	}
	used[out] = true
	return out
}

// minorUnits reads an amount as UsageFlow keeps it, DECIMAL(10,2), whatever the currency's own decimals.
func minorUnits(amount, currency string) (int64, error) {
	exponent, ok := money.Exponent(currency)
	if !ok {
		return 0, fmt.Errorf("the currency %q is unknown", currency)
	}
	whole, frac, _ := strings.Cut(amount, ".")
	frac = strings.TrimRight(frac, "0")
	if len(frac) > exponent {
		return 0, fmt.Errorf("%s has more decimals than %s takes", amount, currency)
	}
	var minor int64
	if _, err := fmt.Sscanf(whole+frac+strings.Repeat("0", exponent-len(frac)), "%d", &minor); err != nil || minor < 0 {
		return 0, fmt.Errorf("%q is no price", amount)
	}
	return minor, nil
}

// yaml spells the catalog.
func (s *shop) yaml() string {
	var b strings.Builder
	b.WriteString("# Made by tollgate import usageflow.\n")
	if s.currency != "" {
		fmt.Fprintf(&b, "currency: %s\n", s.currency)
	}
	b.WriteString("meters:\n")
	for _, name := range s.meters {
		fmt.Fprintf(&b, "  %s: {name: %q, aggregation: sum}\n", s.slugs[name], name)
	}
	b.WriteString("plans:\n")
	fallback := -1
	for i, p := range s.plans {
		if p.free && fallback < 0 {
			fallback = i
		}
	}
	if fallback < 0 {
		b.WriteString("  no_plan: {name: No plan, default: true}\n")
	}
	for i, p := range s.plans {
		fmt.Fprintf(&b, "  %s:\n    name: %q\n", p.slug, p.name)
		if i == fallback {
			b.WriteString("    default: true\n")
		}
		if p.amount > 0 {
			fmt.Fprintf(&b, "    prices: {%s_monthly: {amount: %d, every: month}}", p.slug, p.amount)
			if p.comment != "" {
				fmt.Fprintf(&b, "  # %s at Stripe", p.comment)
			}
			b.WriteString("\n")
		}
		if len(p.limits) > 0 {
			b.WriteString("    includes:\n")
		}
		for _, name := range s.meters {
			limit, ok := p.limits[name]
			switch {
			case ok && limit < 0:
				fmt.Fprintf(&b, "      %s: {limit: unlimited, every: month}\n", s.slugs[name])
			case ok:
				fmt.Fprintf(&b, "      %s: {limit: %d, every: month}\n", s.slugs[name], limit)
			}
		}
	}
	return b.String()
}

// plan returns the slug of a plan by its slug or its name in UsageFlow.
func (s *shop) plan(name string) (id.Slug, bool) {
	for _, p := range s.plans {
		if string(p.slug) == name || p.name == name {
			return p.slug, true
		}
	}
	return "", false
}

// readPlans reads a CSV file of externalId,plan; a first line of those words is skipped.
func readPlans(file string) (map[id.Customer]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read the customers: %w", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = 2
	out := map[id.Customer]string{}
	for line := 1; ; line++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the customers: %w", err)
		}
		if line > 1 || row[0] != "externalId" {
			out[id.Customer(row[0])] = row[1]
		}
	}
}

// A flowEvent is a row of UsageFlow's events.
type flowEvent struct {
	id       int64
	user     id.Customer
	feature  string
	credits  sql.NullInt64
	kind     string
	metadata sql.NullString
	at       time.Time
}

func (u *usageflow) events(ctx context.Context, read func(flowEvent) error) error {
	return u.each(ctx, `SELECT id, user_id, feature_name, credits_used, event_type, CAST(metadata AS TEXT), timestamp AT TIME ZONE 'UTC' FROM `+u.tables.events+" ORDER BY id", func(r *sql.Rows) error {
		var e flowEvent
		if err := r.Scan(&e.id, &e.user, &e.feature, &e.credits, &e.kind, &e.metadata, &e.at); err != nil {
			return err
		}
		return read(e)
	})
}
