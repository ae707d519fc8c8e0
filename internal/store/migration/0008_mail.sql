-- E-mails, each once for what caused it. state is pending, sent or failed.
CREATE TABLE mail (
	cause      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	customer   BIGINT NOT NULL,
	body       TEXT   NOT NULL,
	state      TEXT COLLATE "C" NOT NULL,
	attempts   BIGINT NOT NULL,
	next_at    BIGINT NOT NULL,
	error      TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX mail_state ON mail (state, next_at);
