-- Whoever begins a subscription of a customer takes its turn. turn is the newest one, and the only one that may end in a
-- subscription; nobody takes another until turn_held, while one is being paid.
ALTER TABLE stripe_customer ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
ALTER TABLE stripe_customer ADD COLUMN turn_held BIGINT NOT NULL DEFAULT 0;
