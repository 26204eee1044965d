-- Remembers which transaction stored which lines, so that a follower goes on without a gap or a repeat: lines carry the clocks of
-- their devices, and a transaction may become visible after a younger one. A row a commit of lines, of 90 octets and 32 a device.
CREATE TABLE device_log_arrivals (
  arrived_at timestamptz NOT NULL DEFAULT now(),
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  devices uuid [] NOT NULL,
  since timestamptz [] NOT NULL,
  until timestamptz [] NOT NULL,
  CONSTRAINT device_log_arrivals_pkey PRIMARY KEY (transaction_id, arrived_at),
  CONSTRAINT device_log_arrivals_devices_check CHECK (
    cardinality(devices) > 0 AND cardinality(since) = cardinality(devices) AND cardinality(until) = cardinality(devices)
  )
) PARTITION BY RANGE (arrived_at);

COMMENT ON TABLE device_log_arrivals IS 'One row per transaction that stored log lines; the lines have its number as xmin. Partitioned by UTC day.';
COMMENT ON COLUMN device_log_arrivals.arrived_at IS 'When the transaction began.';
COMMENT ON COLUMN device_log_arrivals.devices IS 'Whose lines it stored; each once.';
COMMENT ON COLUMN device_log_arrivals.since IS 'The timestamp of the first line of each of them.';
COMMENT ON COLUMN device_log_arrivals.until IS 'The timestamp of the last.';

INSERT INTO partition_policies (parent, keep_days) VALUES ('device_log_arrivals', 1);
