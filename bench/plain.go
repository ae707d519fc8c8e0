package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// customers is how many customers the load is spread over.
const customers = 10_000

// A plain loop does the work the way most applications write it: one transaction per consume that locks the
// balance, looks the id up, inserts the event and the ledger entry, and updates the balance.
type plain struct {
	db   *sql.DB
	lock string
}

func openPlain(ctx context.Context, url, dir string) *plain {
	p := &plain{lock: " FOR UPDATE"}
	driver := "pgx"
	if url == "" {
		driver, p.lock = "sqlite", ""
		url = "file:" + filepath.Join(dir, "plain.db") + "?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(10000)"
	}
	var err error
	p.db, err = sql.Open(driver, url)
	check(err)
	p.db.SetMaxOpenConns(16)
	p.db.SetMaxIdleConns(16)
	if driver == "sqlite" {
		p.db.SetMaxOpenConns(1)
	}
	for _, stmt := range []string{
		"DROP TABLE IF EXISTS plain_account", "DROP TABLE IF EXISTS plain_event", "DROP TABLE IF EXISTS plain_entry",
		"CREATE TABLE plain_account (customer BIGINT NOT NULL, slug TEXT NOT NULL, balance BIGINT NOT NULL, PRIMARY KEY (customer, slug))",
		"CREATE TABLE plain_event (customer BIGINT NOT NULL, transaction_id TEXT NOT NULL, meter TEXT NOT NULL, amount BIGINT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (customer, transaction_id))",
		"CREATE TABLE plain_entry (customer BIGINT NOT NULL, slug TEXT NOT NULL, transaction_id TEXT NOT NULL, delta BIGINT NOT NULL, balance BIGINT NOT NULL, at BIGINT NOT NULL)",
		"CREATE INDEX plain_entry_account ON plain_entry (customer, slug, at)",
	} {
		_, err := p.db.ExecContext(ctx, stmt)
		check(err)
	}
	tx, err := p.db.Begin()
	check(err)
	for c := range customers {
		_, err := tx.Exec("INSERT INTO plain_account VALUES ($1, 'requests', 1000000000000)", c)
		check(err)
	}
	check(tx.Commit())
	return p
}

func (p *plain) consume(n int64) error {
	ctx, customer, id := context.Background(), n%customers, fmt.Sprint("tx-", n)
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var balance int64
	if err := tx.QueryRowContext(ctx, "SELECT balance FROM plain_account WHERE customer = $1 AND slug = $2"+p.lock, customer, "requests").Scan(&balance); err != nil {
		return err
	}
	var seen int64
	switch err := tx.QueryRowContext(ctx, "SELECT amount FROM plain_event WHERE customer = $1 AND transaction_id = $2", customer, id).Scan(&seen); {
	case err == nil:
		return nil
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO plain_event VALUES ($1, $2, 'requests', 1, $3)", customer, id, n); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO plain_entry VALUES ($1, 'requests', $2, -1, $3, $4)", customer, id, balance-1, n); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE plain_account SET balance = $2 WHERE customer = $1 AND slug = 'requests'", customer, balance-1); err != nil {
		return err
	}
	return tx.Commit()
}
