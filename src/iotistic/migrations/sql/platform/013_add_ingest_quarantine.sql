-- Keeps what was acknowledged and could not be stored where it belongs, with the reason, so that it can be replayed: a device
-- whose clock stood at 1970 loses nothing.
CREATE TABLE ingest_quarantine (
  received_at timestamptz NOT NULL,
  id uuid NOT NULL,
  device_uuid uuid NOT NULL,
  stream text NOT NULL,
  reason text NOT NULL,
  device_time timestamptz,
  payload jsonb NOT NULL,
  CONSTRAINT ingest_quarantine_pkey PRIMARY KEY (received_at, id),
  CONSTRAINT ingest_quarantine_stream_check CHECK (stream IN ('metrics', 'logs')),
  CONSTRAINT ingest_quarantine_reason_check CHECK (reason ~ '^[a-z_]{1,63}$')
) PARTITION BY RANGE (received_at);

COMMENT ON TABLE ingest_quarantine IS 'One row per report or log line that was set aside. Partitioned by UTC day of receipt.';
COMMENT ON COLUMN ingest_quarantine.received_at IS 'When the platform received it.';
COMMENT ON COLUMN ingest_quarantine.id IS 'Given on receipt: storing it again after a lost connection adds nothing.';
COMMENT ON COLUMN ingest_quarantine.stream IS 'metrics or logs: how to read the payload.';
COMMENT ON COLUMN ingest_quarantine.reason IS 'Why, as the code that the receipt names too.';
COMMENT ON COLUMN ingest_quarantine.device_time IS 'When it happened by the clock of the device; NULL if that is no time PostgreSQL can hold.';
COMMENT ON COLUMN ingest_quarantine.payload IS 'The report or line as it was sent.';

INSERT INTO partition_policies (parent, keep_days) VALUES ('ingest_quarantine', 30);
