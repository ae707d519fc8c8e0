package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A dialect is what SQLite and PostgreSQL spell differently for us.
type dialect struct {
	ddl      func(string) string // spells a migration for this engine; lines may begin with -- postgres: or -- sqlite: to be its alone
	rows     string              // unpacks the JSON array in $1 into rows of one column, value
	texts    string              // the same of an array of strings
	lateral  bool                // looks rows up one key at a time; see match
	lock     string              // ends a SELECT whose accounts, a, the transaction will write
	share    string              // ends a SELECT whose customers, c, nobody may change until the transaction ends
	last     string              // the last event of an account, a, by its number and by its transaction: one of the two is kept
	link     string              // what events are chained by, next to their customer; see ledger.go
	schema   *schema             // where our tables are; nil for where the database puts them
	isUnique func(error) bool    // the write broke a unique index
	isRetry  func(error) bool    // the transaction lost a race: run it again
}

func postgres() dialect {
	return dialect{
		ddl:      func(s string) string { return strings.ReplaceAll(s, "-- postgres: ", "") },
		rows:     "jsonb_array_elements(CAST($1 AS jsonb))",
		texts:    "jsonb_array_elements_text(CAST($1 AS jsonb))",
		lock:     "FOR UPDATE",
		share:    "FOR SHARE OF c",
		last:     "0::bigint, a.last",
		link:     "transaction_id",
		lateral:  true,
		isUnique: func(err error) bool { return pgCode(err) == "23505" },
		isRetry:  func(err error) bool { c := pgCode(err); return c == "40001" || c == "40P01" },
	}
}

func sqliteDialect() dialect {
	types := strings.NewReplacer("-- sqlite: ", "", " BIGINT", " INTEGER", " BOOLEAN", " INTEGER", " COLLATE \"C\"", "", "\n);", "\n) STRICT;")
	return dialect{
		ddl:  types.Replace,
		rows: "json_each($1)", texts: "json_each($1)",
		last: "a.last, ''", link: "id",
		isUnique: func(err error) bool {
			c := sqliteCode(err)
			return c == sqlite3.SQLITE_CONSTRAINT_UNIQUE || c == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
		},
		isRetry: func(err error) bool { c := sqliteCode(err) & 0xff; return c == sqlite3.SQLITE_BUSY },
	}
}

// numbered says that events are chained by the numbers that their rows get as they are written.
func (d dialect) numbered() bool { return d.link == "id" }

// match joins the rows of a table, under an alias, to keys that come before it in FROM: a look-up per key in the order
// of the keys, which is the only plan that is right for us. PostgreSQL, who takes any list of keys for a hundred,
// would rather read a small table from end to end; OFFSET 0 keeps it from that. tail ends the look-up, such as with
// a lock.
func (d dialect) match(table, alias, on, tail string) string {
	if d.lateral {
		return "CROSS JOIN LATERAL (SELECT * FROM " + table + " AS " + alias + " WHERE " + on + " OFFSET 0 " + tail + ") AS " + alias
	}
	return "CROSS JOIN " + table + " AS " + alias + " ON " + on
}

// maybe is match for a row that may be missing.
func (d dialect) maybe(table, alias, on string) string {
	if d.lateral {
		return "LEFT JOIN LATERAL (SELECT * FROM " + table + " AS " + alias + " WHERE " + on + " OFFSET 0) AS " + alias + " ON TRUE"
	}
	return "LEFT JOIN " + table + " AS " + alias + " ON " + on
}

func pgCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// Lost reports whether err says that the database as a whole cannot write now: the connection is gone, the
// server is going, or the disk is full. Trying other statements at once is of no use.
func Lost(err error) bool {
	switch {
	case err == nil, errors.Is(err, ErrMoved), errors.Is(err, ErrSeen):
		return false
	case errors.Is(err, errLogInUse):
		return true
	case pgCode(err) != "":
		switch pgCode(err)[:2] {
		case "08", "53", "57", "58": // connection, resources, operator intervention, system error
			return true
		}
		return false
	case sqliteCode(err) != 0:
		switch sqliteCode(err) & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT:
			return true
		}
		return false
	}
	var netErr net.Error
	var connectErr *pgconn.ConnectError
	return errors.As(err, &netErr) || errors.As(err, &connectErr) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}

// connectionsDefault is the size of the PostgreSQL pool when the URL has no pool_max_conns.
const connectionsDefault = 20

func openPostgres(ctx context.Context, rawURL string) (*DB, error) {
	rawURL, ours, err := takeSettings(rawURL)
	if err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(rawURL)
	if err != nil {
		return nil, errors.New("the PostgreSQL URL cannot be read: write postgres://user:password@host:port/database") // err may carry the password
	}
	if !strings.Contains(rawURL, "pool_max_conns") {
		cfg.MaxConns = connectionsDefault
	}
	if ours.pooled {
		cfg.ConnConfig.DefaultQueryExecMode = pooledMode
		cfg.ConnConfig.StatementCacheCapacity, cfg.ConnConfig.DescriptionCacheCapacity = 0, 0
	} else {
		// Every look-up of ours goes by a key, whatever its value: to plan it anew, or to compile it, takes longer than to run it. Its
		// plan is made while a table may still be empty, which by its cost would better be read whole: so it would be ever after, until
		// the server has counted the table again.
		for name, value := range map[string]string{"plan_cache_mode": "force_generic_plan", "jit": "off", "enable_seqscan": "off"} {
			if _, set := cfg.ConnConfig.RuntimeParams[name]; !set {
				cfg.ConnConfig.RuntimeParams[name] = value
			}
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	db, d := stdlib.OpenDBFromPool(pool), postgres()
	d.schema = ours.schema
	return &DB{dialect: d, reads: runner{on: db, schema: d.schema}, readPool: db, writePool: db, pool: pool, pooled: ours.pooled}, nil
}

const (
	// connectMax is how long a first connection waits for others that open the same SQLite file.
	connectMax  = 10 * time.Second
	connectWait = 5 * time.Millisecond
)

func openSQLite(ctx context.Context, path string) (*DB, error) {
	path = strings.TrimPrefix(strings.TrimPrefix(path, "sqlite://"), "file:")
	if path == "" || path == ":memory:" {
		return nil, errors.New("name a file for the SQLite database, such as tollgate.db")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	// busy_timeout comes first, so that the pragmas after it wait for a lock rather than fail.
	dsn := "file:" + (&url.URL{Path: abs}).EscapedPath() + "?_pragma=busy_timeout(10000)" +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(" + strconv.Itoa(logMax) + ")"
	// The caches are outside what Go's memory limit sees; the writer's is the one that pays.
	writes, err := sql.Open("sqlite", dsn+"&_txlock=immediate&_pragma=cache_size(-8000)")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	writes.SetMaxOpenConns(1) // SQLite has one writer; waiting here is cheaper than waiting for its lock
	if err := connect(ctx, writes); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, unopened(err)), writes.Close())
	}
	reads, err := sql.Open("sqlite", dsn+"&_pragma=query_only(1)&_pragma=cache_size(-2000)")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), writes.Close())
	}
	reads.SetMaxOpenConns(max(4, runtime.NumCPU()))
	reads.SetMaxIdleConns(max(4, runtime.NumCPU()))
	db := &DB{dialect: sqliteDialect(), reads: runner{on: reads, stmts: &statements{pool: reads}}, readPool: reads, writePool: writes}
	db.hot = &hotConn{db: writes}
	if abs, err = filepath.EvalSymlinks(abs); err != nil { // SQLite keeps its log beside the file itself
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), reads.Close(), writes.Close())
	}
	db.log = newWAL(db, abs)
	return db, nil
}

// unopened says what to do about a file that SQLite does not open.
func unopened(err error) error {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("it is no SQLite database; name another file: %w", err)
	case sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("name a file in a folder that is there and may be written to: %w", err)
	}
	return err
}

// connect makes the first connection to a SQLite file. While several processes open a new file, SQLite refuses the
// switch to WAL to all but one of them at once, whatever busy_timeout says.
func connect(ctx context.Context, db *sql.DB) error {
	for began := time.Now(); ; time.Sleep(connectWait) {
		err := db.PingContext(ctx)
		if err == nil || sqliteCode(err)&0xff != sqlite3.SQLITE_BUSY || time.Since(began) > connectMax || ctx.Err() != nil {
			return err
		}
	}
}
