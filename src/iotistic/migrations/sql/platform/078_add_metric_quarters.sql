-- Keeps what reports amount to after the reports are gone, and answers long ranges from a fifteenth of the rows. 15 minutes and
-- not an hour, because days begin at 30 and 45 minutes past the hour in zones from India to the Chathams.
-- Arrays in the order of the metric set, as in device_metrics: a row per value would be 8 times the size. One array of four columns, not
-- four arrays: they take an eighth more, and as each is short, every look at a value first copies it (2 times the CPU of a read).
-- Ten thousand lists of names are many, and four bytes count in every row.
-- squawk-ignore-file prefer-bigint-over-int
CREATE TABLE device_metric_quarters (
  device_uuid uuid NOT NULL,
  bucket timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  metric_set_id integer NOT NULL,
  reports integer NOT NULL,
  counts integer [],
  summaries double precision [] NOT NULL,
  CONSTRAINT device_metric_quarters_pkey PRIMARY KEY (device_uuid, bucket, metric_set_id),
  CONSTRAINT device_metric_quarters_reports_check CHECK (reports > 0)
) PARTITION BY RANGE (bucket);

-- A fleet is read by time alone. Rows come in the order of their buckets, so this is small and walks the table in its own order.
-- The table was made above and is empty.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX device_metric_quarters_bucket_idx ON device_metric_quarters (bucket);

COMMENT ON TABLE device_metric_quarters IS 'One row per device, metric set and 15 minutes in which it reported. Made from device_metrics.';
COMMENT ON COLUMN device_metric_quarters.bucket IS 'The first moment of the 15 minutes.';
COMMENT ON COLUMN device_metric_quarters.last_at IS 'When the newest report in it was measured.';
COMMENT ON COLUMN device_metric_quarters.reports IS 'How many reports are in it.';
COMMENT ON COLUMN device_metric_quarters.counts IS 'How many of them have each value, in the order of metric_sets.names; NULL where all have all.';
COMMENT ON COLUMN device_metric_quarters.summaries IS 'For each value, in that order: the least, the greatest, the sum, and that of the newest report; NULL where none was reported. Sums and counts give the mean of any greater span, which means do not.';

INSERT INTO partition_policies (parent, grain, premake, back, keep_days) VALUES ('device_metric_quarters', 'week', 2, 1, 100);
