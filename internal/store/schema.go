package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// A schema puts our tables, and an index that a migration drops, into one named PostgreSQL schema by writing its name before
// theirs. It needs nothing of the session, such as a search_path, so it works behind a pooler that hands every transaction another
// connection. nil leaves SQL as it is.
type schema struct {
	name   string
	tables *regexp.Regexp // where our SQL names a table: after these words, and no other thing of that name comes after them
	known  sync.Map       // SQL → SQL with the schema's name: our statements are not many
}

// tables are all of ours.
func tables() []string {
	return []string{"account", "api_key", "automatic_subscription", "catalog", "customer", "entry", "event", "mail", "migration", "notice", "price", "seen",
		"stripe_customer", "stripe_event", "stripe_mark", "stripe_record", "subscription", "token_key", "usage_days", "usage_month", "usage_report", "usage_tally"}
}

func newSchema(name string) (*schema, error) {
	if name == "" {
		return nil, nil
	}
	if !regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`).MatchString(name) { // what PostgreSQL takes without quotes
		return nil, fmt.Errorf("%q cannot be the schema of the PostgreSQL URL: use lower-case letters, digits and _", name)
	}
	return &schema{name: name, tables: regexp.MustCompile(`\b(FROM|JOIN|INTO|UPDATE|TABLE|EXISTS|ON|COPY|DROP INDEX) (` + strings.Join(tables(), "|") + `|event_ledger)\b`)}, nil
}

// in returns a statement with its tables in the schema.
func (s *schema) in(text string) string {
	if s == nil {
		return text
	}
	if known, ok := s.known.Load(text); ok {
		return known.(string)
	}
	full := s.tables.ReplaceAllString(text, "${1} "+s.name+".${2}")
	s.known.Store(text, full)
	return full
}

// of returns a table's name in the schema.
func (s *schema) of(table string) string {
	if s == nil {
		return table
	}
	return s.name + "." + table
}

// make makes the schema where it is missing.
func (s *schema) make(ctx context.Context, tx *sql.Tx) error {
	if s == nil {
		return nil
	}
	var found bool
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)", s.name).Scan(&found); err != nil {
		return fmt.Errorf("look for schema %s: %w", s.name, err)
	}
	if found {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "CREATE SCHEMA "+s.name); err != nil {
		return fmt.Errorf("make schema %s (or have its owner do it: CREATE SCHEMA %s AUTHORIZATION this_user): %w", s.name, s.name, err)
	}
	return nil
}

// A runner runs our SQL on a pool or in a transaction.
type runner struct {
	on interface {
		querier
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	}
	schema *schema
	stmts  *statements // prepared ones; nil where the driver keeps its own
}

func (r runner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if r.stmts != nil {
		stmt, err := r.stmts.of(ctx, query)
		if err != nil {
			return nil, err
		}
		return stmt.QueryContext(ctx, args...)
	}
	return r.on.QueryContext(ctx, r.schema.in(query), args...)
}

func (r runner) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if r.stmts != nil {
		if stmt, err := r.stmts.of(ctx, query); err == nil {
			return stmt.QueryRowContext(ctx, args...)
		}
	}
	return r.on.QueryRowContext(ctx, r.schema.in(query), args...)
}

// Statements are a SQLite pool's prepared ones: reading a statement takes SQLite longer than most of ours take to run.
type statements struct {
	pool  *sql.DB
	known sync.Map // SQL → *sql.Stmt
}

func (s *statements) of(ctx context.Context, query string) (*sql.Stmt, error) {
	if known, ok := s.known.Load(query); ok {
		return known.(*sql.Stmt), nil
	}
	stmt, err := s.pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if known, loaded := s.known.LoadOrStore(query, stmt); loaded {
		return known.(*sql.Stmt), stmt.Close()
	}
	return stmt, nil
}

func (s *statements) close() error {
	var errs []error
	for _, stmt := range s.known.Range {
		errs = append(errs, stmt.(*sql.Stmt).Close())
	}
	return errors.Join(errs...)
}

func (r runner) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return r.on.ExecContext(ctx, r.schema.in(query), args...)
}

// Settings are the parameters of a PostgreSQL URL that are ours, not the driver's.
type settings struct {
	schema *schema
	pooled bool // behind a pooler in transaction mode: nothing may outlive a transaction
}

// takeSettings reads our parameters from a PostgreSQL URL and returns it without them.
func takeSettings(rawURL string) (string, settings, error) {
	var out settings
	u, err := url.Parse(rawURL)
	if err != nil {
		return rawURL, out, errors.New("the PostgreSQL URL cannot be read: write postgres://user:password@host:port/database") // err may carry the password
	}
	q := u.Query()
	switch mode := q.Get("pooler"); mode {
	case "":
	case "transaction":
		out.pooled = true
	default:
		return rawURL, out, fmt.Errorf("pooler=%s in the PostgreSQL URL is unknown: write pooler=transaction, or leave it out for direct connections and poolers in session mode", mode)
	}
	if out.schema, err = newSchema(q.Get("schema")); err != nil {
		return rawURL, out, err
	}
	q.Del("pooler")
	q.Del("schema")
	u.RawQuery = q.Encode()
	return u.String(), out, nil
}

// pooledMode is how statements run behind a pooler in transaction mode: no prepared statement outlives its call.
const pooledMode = pgx.QueryExecModeExec
