-- What an application is to be told by webhook, each once for what caused it. state is pending, sent or failed. seq orders what
-- one customer's are told in.
CREATE TABLE notice (
	cause      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	customer   BIGINT NOT NULL,
	seq        BIGINT NOT NULL,
	body       TEXT   NOT NULL,
	state      TEXT COLLATE "C" NOT NULL,
	attempts   BIGINT NOT NULL,
	next_at    BIGINT NOT NULL,
	error      TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX notice_state ON notice (state, next_at);
CREATE INDEX notice_customer ON notice (customer, seq);

-- For lists of what all customers paid.
CREATE INDEX stripe_record_kind ON stripe_record (kind, created_at, id);
