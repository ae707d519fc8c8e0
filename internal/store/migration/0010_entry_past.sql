-- The lines that move a grant otherwise than usage and holds do: what of it is spent is counted from them when its money goes back.
CREATE INDEX entry_past ON entry (account, customer, seq)
	WHERE kind IN ('expire', 'revoke', 'claw_back', 'debt', 'debt_paid', 'restore') AND cause <> 'window';
