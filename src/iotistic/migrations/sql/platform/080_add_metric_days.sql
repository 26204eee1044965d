-- The same as device_metric_quarters for each UTC day, made from device_metric_hours: whole days of a long range are read from here.
-- Ten thousand lists of names are many, and four bytes count in every row.
-- squawk-ignore-file prefer-bigint-over-int
CREATE TABLE device_metric_days (
  device_uuid uuid NOT NULL,
  bucket timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  metric_set_id integer NOT NULL,
  reports integer NOT NULL,
  counts integer [],
  summaries double precision [] NOT NULL,
  CONSTRAINT device_metric_days_pkey PRIMARY KEY (device_uuid, bucket, metric_set_id),
  CONSTRAINT device_metric_days_reports_check CHECK (reports > 0)
) PARTITION BY RANGE (bucket);

COMMENT ON TABLE device_metric_days IS 'One row per device, metric set and UTC day in which it reported. Made from device_metric_hours.';
COMMENT ON COLUMN device_metric_days.bucket IS 'The first moment of the UTC day.';
COMMENT ON COLUMN device_metric_days.last_at IS 'When the newest report in it was measured.';
COMMENT ON COLUMN device_metric_days.reports IS 'How many reports are in it.';
COMMENT ON COLUMN device_metric_days.counts IS 'How many of them have each value, in the order of metric_sets.names; NULL where all have all.';
COMMENT ON COLUMN device_metric_days.summaries IS 'For each value, in that order: the least, the greatest, the sum, and that of the newest report; NULL where none was reported. Sums and counts give the mean of any greater span, which means do not.';

INSERT INTO partition_policies (parent, grain, premake, back, keep_days) VALUES ('device_metric_days', 'year', 1, 1, 3650);
