-- Charts by the day read UTC days, of all meters of a customer's month in one row: "meter account days", one after another. What
-- was rolled up is counted again from the ledger, in the background.
CREATE TABLE usage_days (
	customer BIGINT NOT NULL,
	month    BIGINT NOT NULL,
	days     TEXT   NOT NULL,
	PRIMARY KEY (customer, month)
);
DELETE FROM usage_month;
DELETE FROM usage_tally;
