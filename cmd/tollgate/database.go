package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/store"
)

// A database is the flag that every command has which touches data.
type database struct {
	DB string `name:"db" required:"" placeholder:"FILE|URL" env:"TOLLGATE_DATABASE_URL,TOLLGATE_DB" help:"The database: a SQLite file, or postgres://user:password@host/name."`
}

// Validate refuses URLs of databases that Tollgate does not run on; as a path they would name a strange file.
func (d database) Validate() error {
	scheme, _, ok := strings.Cut(d.DB, "://")
	if ok && !store.IsPostgres(d.DB) && scheme != "sqlite" {
		return fmt.Errorf("--db: %s:// is not supported; name a SQLite file, or a postgres:// URL", scheme)
	}
	return nil
}

// make runs do on the database, which it makes when it is not there.
func (d database) make(ctx context.Context, log *slog.Logger, do func(*tollgate.Engine) error) (err error) {
	return d.open(ctx, tollgate.Options{Logger: log}, do)
}

// open runs do on the database with options of its own.
func (d database) open(ctx context.Context, opts tollgate.Options, do func(*tollgate.Engine) error) (err error) {
	engine, err := tollgate.Open(ctx, d.DB, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	return do(engine)
}

// use runs do on a database that must be there: looking into a mistyped file must not make an empty one.
func (d database) use(ctx context.Context, do func(*tollgate.Engine) error) error {
	return d.useWith(ctx, tollgate.Options{}, do)
}

// useWith is use with options of its own.
func (d database) useWith(ctx context.Context, opts tollgate.Options, do func(*tollgate.Engine) error) error {
	if d.missing() {
		return fmt.Errorf("there is no database %s: check --db (tollgate dev, serve, apply, key create and import make a new one)", d.DB)
	}
	return d.open(ctx, opts, do)
}

// missing reports whether this is a SQLite file that is not there.
func (d database) missing() bool {
	path, ok := d.file()
	if !ok {
		return false
	}
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// file returns the path of a SQLite database, and false for PostgreSQL.
func (d database) file() (string, bool) {
	if store.IsPostgres(d.DB) {
		return "", false
	}
	return strings.TrimPrefix(strings.TrimPrefix(d.DB, "sqlite://"), "file:"), true
}

// mark returns a short text that tells a PostgreSQL database from others, whoever connects to it.
func (d database) mark() string {
	named := d.DB
	if u, err := url.Parse(d.DB); err == nil {
		named = u.Host + u.Path + "?" + u.Query().Get("schema")
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(named)))[:8]
}

// flag returns the --db that names this database in a command to paste, without a password in it.
func (d database) flag() string {
	if path, ok := d.file(); ok {
		return "--db " + quoted(path)
	}
	return "--db " + quoted(redact(d.DB))
}

// String returns what the database is, without a password.
func (d database) String() string {
	if path, ok := d.file(); ok {
		return "SQLite file " + path
	}
	return "PostgreSQL"
}

// quoted returns s as a word of a shell.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
