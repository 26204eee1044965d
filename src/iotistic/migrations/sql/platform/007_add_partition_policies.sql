-- Says, as data, how the day partitions of each table are made and retired, so that one maintainer serves them all.
-- The integers are numbers of days.
-- squawk-ignore-file prefer-bigint-over-int
CREATE TABLE partition_policies (
  parent text NOT NULL,
  premake_days integer NOT NULL DEFAULT 10,
  back_days integer NOT NULL DEFAULT 2,
  keep_days integer NOT NULL,
  CONSTRAINT partition_policies_pkey PRIMARY KEY (parent),
  -- Under three days ahead is an alarm, so fewer could never be quiet; 400 leaves are what planning stays fast with.
  CONSTRAINT partition_policies_premake_days_check CHECK (premake_days BETWEEN 3 AND 60),
  CONSTRAINT partition_policies_keep_days_check CHECK (keep_days BETWEEN 1 AND 400),
  CONSTRAINT partition_policies_back_days_check CHECK (back_days BETWEEN 0 AND keep_days)
);

COMMENT ON TABLE partition_policies IS 'One row per table that is partitioned by UTC day: how far ahead days are made, and how long they stay.';
COMMENT ON COLUMN partition_policies.parent IS 'The partitioned table, in schema public.';
COMMENT ON COLUMN partition_policies.premake_days IS 'Days after today that are kept ready.';
COMMENT ON COLUMN partition_policies.back_days IS 'Days before today that are made for late rows when they are missing.';
COMMENT ON COLUMN partition_policies.keep_days IS 'Whole days that stay after the day they hold is over; older ones are dropped.';
