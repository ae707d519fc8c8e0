-- Which customer at Stripe a customer is, and Stripe's state of it as it was last read. ticket counts the readings begun,
-- written is the one whose state is here: an older reading that ends later changes nothing. until is when the plan is lost
-- unless Stripe says otherwise; 0 is never.
CREATE TABLE stripe_customer (
	customer   BIGINT NOT NULL PRIMARY KEY,
	stripe     TEXT COLLATE "C" NOT NULL,
	ticket     BIGINT NOT NULL,
	written    BIGINT NOT NULL,
	until      BIGINT NOT NULL,
	shown      TEXT   NOT NULL,
	synced_at  BIGINT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX stripe_customer_stripe ON stripe_customer (stripe);
CREATE INDEX stripe_customer_until ON stripe_customer (until);

-- Stripe's events, each once: what came in by webhook or was read from Stripe's list. state is pending, done or parked.
CREATE TABLE stripe_event (
	id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	kind        TEXT COLLATE "C" NOT NULL,
	stripe      TEXT COLLATE "C" NOT NULL,
	payload     TEXT   NOT NULL,
	state       TEXT COLLATE "C" NOT NULL,
	attempts    BIGINT NOT NULL,
	next_at     BIGINT NOT NULL,
	error       TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	received_at BIGINT NOT NULL
);
CREATE INDEX stripe_event_state ON stripe_event (state, next_at);
CREATE INDEX stripe_event_received ON stripe_event (received_at);

-- Payments and invoices of customers as Stripe last said, by Stripe's ids, as JSON (package subscription).
CREATE TABLE stripe_record (
	id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	kind       TEXT COLLATE "C" NOT NULL,
	customer   BIGINT NOT NULL,
	body       TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX stripe_record_customer ON stripe_record (customer, kind, created_at);
