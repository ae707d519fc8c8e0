-- Up to when Stripe's list of events has been read, by what reads it.
CREATE TABLE stripe_mark (
	name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	at   BIGINT NOT NULL
);
