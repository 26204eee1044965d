-- Says, as data, how the partitions of each table are made and retired, so that one maintainer serves them all.
-- The integers count days and partitions.
-- squawk-ignore-file prefer-bigint-over-int
CREATE TABLE partition_policies (
  parent text NOT NULL,
  grain text NOT NULL DEFAULT 'day',
  premake integer NOT NULL DEFAULT 10,
  back integer NOT NULL DEFAULT 2,
  keep_days integer NOT NULL,
  ahead_minutes integer NOT NULL DEFAULT 10,
  device_column text,
  search_column text,
  archive boolean NOT NULL DEFAULT false,
  CONSTRAINT partition_policies_pkey PRIMARY KEY (parent),
  CONSTRAINT partition_policies_grain_check CHECK (grain IN ('day', 'week', 'month', 'year')),
  -- Under three days ahead is an alarm, so fewer could never be quiet; a longer partition is more than that by itself.
  CONSTRAINT partition_policies_premake_check CHECK (premake BETWEEN CASE grain WHEN 'day' THEN 3 ELSE 1 END AND 60),
  CONSTRAINT partition_policies_back_check CHECK (back BETWEEN 0 AND 31),
  -- A day ahead is no clock that is a little fast.
  CONSTRAINT partition_policies_ahead_minutes_check CHECK (ahead_minutes BETWEEN 0 AND 1440),
  -- 400 leaves are what planning stays fast with.
  CONSTRAINT partition_policies_keep_days_check CHECK (
    keep_days BETWEEN 1 AND 400 * CASE grain WHEN 'day' THEN 1 WHEN 'week' THEN 7 WHEN 'month' THEN 28 ELSE 365 END
  )
);

COMMENT ON TABLE partition_policies IS 'One row per table that is partitioned by time: how long a partition is, how many are made ahead, how long they stay.';
COMMENT ON COLUMN partition_policies.parent IS 'The partitioned table, in schema public.';
COMMENT ON COLUMN partition_policies.grain IS 'How long one partition is, in UTC; weeks begin on Monday.';
COMMENT ON COLUMN partition_policies.premake IS 'Partitions after the present one that are kept ready.';
COMMENT ON COLUMN partition_policies.back IS 'Partitions before the present one that are made for late rows when they are missing.';
COMMENT ON COLUMN partition_policies.keep_days IS 'Whole days that a partition stays after the last moment it holds; then it is dropped.';
COMMENT ON COLUMN partition_policies.ahead_minutes IS 'How far ahead of the platform''s clock the time of a row may be that a device sends.';
COMMENT ON COLUMN partition_policies.device_column IS 'The column that names the device whose retention class may be another; NULL: all rows stay equally long.';
COMMENT ON COLUMN partition_policies.archive IS 'Whether rows go to the archive, as Parquet files, before they are dropped.';
COMMENT ON COLUMN partition_policies.search_column IS 'The text that gets a trigram index once a partition is sealed; NULL: none does.';
