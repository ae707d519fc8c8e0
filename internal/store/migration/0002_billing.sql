-- The billing period that the customer paid for at Stripe, in its current subscription and in those before.
ALTER TABLE subscription ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN paid_start BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN paid_end BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN paid_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN paid_amount BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN paid_refunded BIGINT NOT NULL DEFAULT 0;
UPDATE subscription SET since = started_at;
