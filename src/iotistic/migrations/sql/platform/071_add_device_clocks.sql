-- Shows how far a device's clock is off. Half-empty pages and no index on a changing column: updates stay in their page.
CREATE TABLE device_clocks (
  device_uuid uuid NOT NULL,
  skew interval NOT NULL,
  measured_at timestamptz NOT NULL,
  CONSTRAINT device_clocks_pkey PRIMARY KEY (device_uuid)
) WITH (fillfactor = 50);

COMMENT ON TABLE device_clocks IS 'One row per device whose clock could be compared with ours. No foreign key: ingest writes it.';
COMMENT ON COLUMN device_clocks.skew IS 'How far the clock of the device is ahead; behind when negative. Delay on the way counts as behind.';
COMMENT ON COLUMN device_clocks.measured_at IS 'When that was found out.';
