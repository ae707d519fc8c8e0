-- Days are spelled without the numbers of lines. What was rolled up is counted again from the ledger, in the background. form has a
-- new name: a process of before this migration, which writes it by the old one, fails to roll up rather than spell days as it did.
-- It cannot read the new ones either, and says so.
DELETE FROM usage_days;
DELETE FROM usage_month;
DELETE FROM usage_tally;
ALTER TABLE usage_tally RENAME COLUMN form TO spelling;
