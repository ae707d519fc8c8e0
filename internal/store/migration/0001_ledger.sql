-- Written in PostgreSQL's types; see dialect.go for how SQLite spells them.
-- A line that begins with "-- postgres:" is a statement for PostgreSQL alone.
-- Times are microseconds since 1970 UTC, 0 for none. Quantities are millionths of a unit.

CREATE TABLE catalog (
	version      BIGINT NOT NULL PRIMARY KEY,
	document     TEXT   NOT NULL,
	published_at BIGINT NOT NULL
);

CREATE TABLE api_key (
	id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	hash       TEXT COLLATE "C" NOT NULL UNIQUE,
	hint       TEXT   NOT NULL,
	name       TEXT   NOT NULL,
	scope      TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL
);

CREATE TABLE customer (
	id          BIGINT NOT NULL PRIMARY KEY,
	external_id TEXT COLLATE "C" NOT NULL UNIQUE,
	version     BIGINT NOT NULL,
	name        TEXT   NOT NULL,
	email       TEXT   NOT NULL,
	timezone    TEXT   NOT NULL,
	metadata    TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	updated_at  BIGINT NOT NULL,
	erased_at   BIGINT NOT NULL
);

CREATE INDEX customer_created ON customer (created_at, id);

CREATE TABLE subscription (
	customer   BIGINT NOT NULL,
	id         TEXT COLLATE "C" NOT NULL,
	plan       TEXT   NOT NULL,
	status     TEXT   NOT NULL,
	anchor     BIGINT NOT NULL,
	months     BIGINT NOT NULL,
	started_at BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL,
	PRIMARY KEY (customer, id)
);

CREATE UNIQUE INDEX subscription_current ON subscription (customer) WHERE ended_at = 0;

-- One row per customer and balance. version guards every write; detail holds what most accounts have
-- not: suspended windows, grants, holds and gauges, as JSON, empty when there are none.
CREATE TABLE account (
	customer     BIGINT NOT NULL,
	slug         TEXT COLLATE "C" NOT NULL,
	version      BIGINT NOT NULL,
	seq          BIGINT NOT NULL,
	opened       BOOLEAN NOT NULL,
	window_start BIGINT NOT NULL,
	window_end   BIGINT NOT NULL,
	quota        BIGINT NOT NULL,
	unlimited    BOOLEAN NOT NULL,
	soft         BOOLEAN NOT NULL,
	used         BIGINT NOT NULL,
	spent        BIGINT NOT NULL,
	detail       TEXT NOT NULL,
	PRIMARY KEY (customer, slug)
);

-- Half-full pages keep the updates of an account on its own page (HOT).
-- postgres: ALTER TABLE account SET (fillfactor = 50);

-- A usage event is also its own ledger line: seq, delta and balance are the line's; used, quota, available
-- and resets_at are the answer its caller got. paid is empty when the plan's allowance paid alone.
CREATE TABLE event (
	customer       BIGINT NOT NULL,
	account        TEXT COLLATE "C" NOT NULL,
	seq            BIGINT NOT NULL,
	transaction_id TEXT COLLATE "C" NOT NULL,
	meter          TEXT NOT NULL,
	kind           TEXT NOT NULL,
	amount         BIGINT NOT NULL,
	charge         BIGINT NOT NULL,
	delta          BIGINT NOT NULL,
	balance        BIGINT NOT NULL,
	used           BIGINT NOT NULL,
	quota          BIGINT NOT NULL,
	available      BIGINT NOT NULL,
	resets_at      BIGINT NOT NULL,
	at             BIGINT NOT NULL,
	recorded_at    BIGINT NOT NULL,
	voided_at      BIGINT NOT NULL,
	late           BOOLEAN NOT NULL,
	hash           BIGINT NOT NULL,
	hold           TEXT NOT NULL,
	paid           TEXT NOT NULL,
	properties     TEXT NOT NULL
);

-- The ledger's index begins with the account, so that a look-up by customer and transaction can use event_once alone:
-- of a customer with a million events PostgreSQL may believe, from old statistics, that it has one.
CREATE UNIQUE INDEX event_ledger ON event (account, customer, seq);
CREATE UNIQUE INDEX event_once ON event (customer, transaction_id);

-- Every ledger line that is not usage. name is unique within the customer: the key under which the line's
-- cause may happen once (grant:ID, hold:ID, void:ID …), or the line's own place.
CREATE TABLE entry (
	customer    BIGINT NOT NULL,
	account     TEXT COLLATE "C" NOT NULL,
	seq         BIGINT NOT NULL,
	name        TEXT COLLATE "C" NOT NULL,
	kind        TEXT NOT NULL,
	delta       BIGINT NOT NULL,
	balance     BIGINT NOT NULL,
	at          BIGINT NOT NULL,
	recorded_at BIGINT NOT NULL,
	cause       TEXT NOT NULL,
	reason      TEXT NOT NULL,
	meter       TEXT NOT NULL,
	detail      TEXT NOT NULL,
	hash        BIGINT NOT NULL,
	answer      TEXT NOT NULL
);

CREATE UNIQUE INDEX entry_ledger ON entry (account, customer, seq);
CREATE UNIQUE INDEX entry_once ON entry (customer, name);

-- The values a unique meter has met in a window, in how many events that still count, and which
-- transaction paid for the value.
CREATE TABLE seen (
	customer     BIGINT NOT NULL,
	meter        TEXT COLLATE "C" NOT NULL,
	window_start BIGINT NOT NULL,
	value        TEXT COLLATE "C" NOT NULL,
	events       BIGINT NOT NULL,
	payer        TEXT NOT NULL,
	PRIMARY KEY (customer, meter, window_start, value)
);
