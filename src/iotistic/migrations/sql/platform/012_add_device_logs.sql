-- Holds what devices log. The key is what makes a replayed line a duplicate: two lines may share a timestamp, never a sequence.
CREATE TABLE device_logs (
  device_uuid uuid NOT NULL,
  timestamp timestamptz NOT NULL,
  sequence bigint NOT NULL,
  level text NOT NULL,
  service text NOT NULL,
  message text NOT NULL,
  CONSTRAINT device_logs_pkey PRIMARY KEY (device_uuid, timestamp, sequence),
  CONSTRAINT device_logs_level_check CHECK (level IN ('debug', 'info', 'warning', 'error', 'critical'))
) PARTITION BY RANGE (timestamp);

-- "The last problems of the fleet" in 0.2 ms instead of 84: four bytes a line, since problems are rare.
-- The table was made above and is empty.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX device_logs_timestamp_idx ON device_logs (timestamp DESC)
WHERE level IN ('warning', 'error', 'critical');

COMMENT ON TABLE device_logs IS 'One row per line a device logged. Partitioned by UTC day.';
COMMENT ON COLUMN device_logs.device_uuid IS 'The device, devices.uuid.';
COMMENT ON COLUMN device_logs.timestamp IS 'When it was logged, by the clock of the device.';
COMMENT ON COLUMN device_logs.sequence IS 'A number that grows with every line of the device and tells lines of one moment apart.';
COMMENT ON COLUMN device_logs.service IS 'The program on the device that logged.';

INSERT INTO partition_policies (parent, keep_days, device_column, search_column)
VALUES ('device_logs', 7, 'device_uuid', 'message');
