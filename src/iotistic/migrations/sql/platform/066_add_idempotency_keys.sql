-- What was answered to people's requests with an Idempotency-Key, in the transaction of their change: whoever got no answer asks again
-- and is told the same. What devices send has receipts of its own, partitioned: this is little, and swept by age.
CREATE TABLE idempotency_keys (
  user_id bigint NOT NULL,
  idempotency_key text NOT NULL,
  request_digest bytea NOT NULL,
  status bigint NOT NULL,
  headers jsonb NOT NULL,
  body bytea NOT NULL,
  answered_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, idempotency_key),
  CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT idempotency_keys_idempotency_key_check CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
  CONSTRAINT idempotency_keys_request_digest_check CHECK (octet_length(request_digest) = 32),
  -- 0 stands while the request is being answered: nobody else ever sees it, since the transaction commits with the answer.
  CONSTRAINT idempotency_keys_status_check CHECK (status = 0 OR status BETWEEN 200 AND 299)
);

-- The table was made above and is empty.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idempotency_keys_answered_at_idx ON idempotency_keys (answered_at);

COMMENT ON TABLE idempotency_keys IS 'One row per request of a person with an Idempotency-Key that changed something; a day long.';
COMMENT ON COLUMN idempotency_keys.request_digest IS 'SHA-256 of method, target, kind and body: a key that comes back with another request is a mistake.';
COMMENT ON COLUMN idempotency_keys.status IS 'The HTTP status of the answer.';
COMMENT ON COLUMN idempotency_keys.headers IS 'Name to value: those that belong to what was answered.';
COMMENT ON COLUMN idempotency_keys.body IS 'The body of the answer, byte for byte.';
