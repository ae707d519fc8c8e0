-- Usage by quarter of an hour (package usage): one row per customer, meter, UTC month and the account whose lines it counts.
CREATE TABLE usage_month (
	customer BIGINT NOT NULL,
	meter    TEXT COLLATE "C" NOT NULL,
	month    BIGINT NOT NULL,
	account  TEXT COLLATE "C" NOT NULL,
	slots    TEXT NOT NULL,
	PRIMARY KEY (customer, meter, month, account)
);

-- How far into an account's ledger usage_month counts: up to the line seq. was is what the last writer found there.
CREATE TABLE usage_tally (
	customer BIGINT NOT NULL,
	account  TEXT COLLATE "C" NOT NULL,
	seq      BIGINT NOT NULL,
	was      BIGINT NOT NULL,
	PRIMARY KEY (customer, account)
);
