-- Keeps what was answered to requests with an Idempotency-Key, in the transaction that stored their rows: whoever got no answer
-- asks again and is told the same, byte for byte. Only such requests pay for it.
CREATE TABLE ingest_receipts (
  received_day timestamptz NOT NULL,
  sender_uuid uuid NOT NULL,
  route text NOT NULL,
  idempotency_key text NOT NULL,
  request_digest bytea NOT NULL,
  receipt bytea NOT NULL,
  -- The day is in it because the partitions are; a key that comes back after midnight is looked for in both days.
  CONSTRAINT ingest_receipts_pkey PRIMARY KEY (sender_uuid, idempotency_key, route, received_day),
  CONSTRAINT ingest_receipts_route_check CHECK (route ~ '^[a-z_]{1,31}$'),
  CONSTRAINT ingest_receipts_idempotency_key_check CHECK (length(idempotency_key) BETWEEN 1 AND 255),
  CONSTRAINT ingest_receipts_request_digest_check CHECK (octet_length(request_digest) = 32)
) PARTITION BY RANGE (received_day);

COMMENT ON TABLE ingest_receipts IS 'One row per request with an Idempotency-Key that was answered. Partitioned by UTC day.';
COMMENT ON COLUMN ingest_receipts.received_day IS 'Midnight UTC before it was received.';
COMMENT ON COLUMN ingest_receipts.sender_uuid IS 'The device or gateway whose key it is.';
COMMENT ON COLUMN ingest_receipts.route IS 'What was asked; each has its own keys.';
COMMENT ON COLUMN ingest_receipts.request_digest IS 'SHA-256 of the request: a key that comes back with another body is a mistake of its sender.';
COMMENT ON COLUMN ingest_receipts.receipt IS 'The answer, as it was sent.';

INSERT INTO partition_policies (parent, keep_days) VALUES ('ingest_receipts', 2);
