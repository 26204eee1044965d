-- Lets the rows of single devices stay longer or shorter than their table's policy says. Rows carry no class, so ingest looks nothing
-- up: when a class is over, the partition is written anew without the rows of its devices (docs/decisions tells why).
-- The integers are numbers of days.
-- squawk-ignore-file prefer-bigint-over-int
CREATE TABLE device_retention_classes (
  parent text NOT NULL,
  device_uuid uuid NOT NULL,
  keep_days integer,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT device_retention_classes_pkey PRIMARY KEY (parent, device_uuid),
  CONSTRAINT device_retention_classes_parent_fkey FOREIGN KEY (parent) REFERENCES partition_policies (parent) ON DELETE CASCADE,
  CONSTRAINT device_retention_classes_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT device_retention_classes_keep_days_check CHECK (keep_days IN (7, 30, 90, 400))
);

-- The table was made above and is empty.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX device_retention_classes_device_uuid_idx ON device_retention_classes (device_uuid);

COMMENT ON TABLE device_retention_classes IS 'One row per table and device whose rows stay another time than the table''s policy says.';
COMMENT ON COLUMN device_retention_classes.parent IS 'The partitioned table.';
COMMENT ON COLUMN device_retention_classes.keep_days IS 'Whole days its rows stay after the day they are of; NULL: as the policy says again.';
COMMENT ON COLUMN device_retention_classes.changed_at IS 'When that was decided: partitions thinned out before are looked at again.';
