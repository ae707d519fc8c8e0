-- Usage to bill by Stripe's meters, as the steps in which it is told to Stripe: the outbox. A period's steps of a customer
-- and meter are numbered 1, 2, 3 …; quantity is the step's, total what the period comes to with it, both in whole
-- units. at is the moment the step is told under, in seconds since 1970. state is pending, sent, confirmed, carried or
-- failed. event is the meter's name at Stripe.
CREATE TABLE usage_report (
	customer     BIGINT NOT NULL,
	meter        TEXT COLLATE "C" NOT NULL,
	period_start BIGINT NOT NULL,
	number       BIGINT NOT NULL,
	period_end   BIGINT NOT NULL,
	event        TEXT COLLATE "C" NOT NULL,
	identifier   TEXT COLLATE "C" NOT NULL,
	quantity     BIGINT NOT NULL,
	total        BIGINT NOT NULL,
	at           BIGINT NOT NULL,
	state        TEXT COLLATE "C" NOT NULL,
	attempts     BIGINT NOT NULL,
	next_at      BIGINT NOT NULL,
	error        TEXT   NOT NULL,
	created_at   BIGINT NOT NULL,
	PRIMARY KEY (customer, meter, period_start, number)
);
CREATE UNIQUE INDEX usage_report_once ON usage_report (customer, identifier);
CREATE INDEX usage_report_state ON usage_report (state, next_at);
CREATE INDEX usage_report_pending ON usage_report (customer, meter, period_start, number) WHERE state = 'pending';

-- The lines that open and close windows: what a window came to is read from them when it is over.
CREATE INDEX entry_window ON entry (account, customer, seq) WHERE kind IN ('allowance', 'expire', 'plan_change');

-- Customers who are given a subscription in the background, each once. state is pending, done or failed.
CREATE TABLE automatic_subscription (
	customer   BIGINT NOT NULL PRIMARY KEY,
	state      TEXT COLLATE "C" NOT NULL,
	attempts   BIGINT NOT NULL,
	next_at    BIGINT NOT NULL,
	error      TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX automatic_subscription_state ON automatic_subscription (state, next_at);
