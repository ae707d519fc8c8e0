-- How many lines of the customer's accounts, added up, were rolled up when the row was written: when the accounts have no more,
-- no tally needs to be read. It may be too small, as in rows that a process of before this migration wrote; then tallies tell.
ALTER TABLE usage_days ADD COLUMN lines BIGINT NOT NULL DEFAULT 0;
