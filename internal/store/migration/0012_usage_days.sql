-- Charts by the day read UTC days, of all meters of a customer's month in one row: "meter account days", one after another. What
-- was rolled up is counted again from the ledger, in the background. form says in what form: a process of before this migration,
-- which does not write it, fails to roll up rather than leave days out.
CREATE TABLE usage_days (
	customer BIGINT NOT NULL,
	month    BIGINT NOT NULL,
	days     TEXT   NOT NULL,
	PRIMARY KEY (customer, month)
);
DELETE FROM usage_month;
DELETE FROM usage_tally;
-- postgres: ALTER TABLE usage_tally ADD COLUMN form BIGINT NOT NULL;
-- sqlite: DROP TABLE usage_tally;
-- sqlite: CREATE TABLE usage_tally (
-- sqlite: 	customer INTEGER NOT NULL,
-- sqlite: 	account  TEXT NOT NULL,
-- sqlite: 	seq      INTEGER NOT NULL,
-- sqlite: 	was      INTEGER NOT NULL,
-- sqlite: 	form     INTEGER NOT NULL,
-- sqlite: 	PRIMARY KEY (customer, account)
-- sqlite: ) STRICT, WITHOUT ROWID;
