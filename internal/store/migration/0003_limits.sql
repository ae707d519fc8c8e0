-- The customer's limit adjustments as JSON, empty when there are none: what a plan gives is read with the customer.
ALTER TABLE customer ADD COLUMN adjustments TEXT NOT NULL DEFAULT '';

-- The amount a price has at Stripe, for display: Stripe bills by its own.
CREATE TABLE price (
	slug      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	amount    BIGINT NOT NULL,
	currency  TEXT   NOT NULL,
	synced_at BIGINT NOT NULL
);
