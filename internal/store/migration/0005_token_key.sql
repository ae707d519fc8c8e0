-- What signs customer tokens: 32 random bytes as hex. There is one row, id 1, which every replica reads.
CREATE TABLE token_key (
	id         BIGINT NOT NULL PRIMARY KEY,
	secret     TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);
