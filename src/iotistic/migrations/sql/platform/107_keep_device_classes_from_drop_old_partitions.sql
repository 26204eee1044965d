-- drop_old_partitions('device_metrics', 90) dropped the rows of devices whose retention class is 400 days with all the others.
-- It cannot write a day anew without the rest, as a run of the maintainer does, so it refuses and says what does.
CREATE OR REPLACE FUNCTION drop_old_partitions("table" text, days integer)
RETURNS TABLE (dropped text, lower_bound timestamptz, upper_bound timestamptz)
LANGUAGE plpgsql
-- VOLATILE and with the caller's rights: only the owner of the table may drop its partitions.
SET search_path = pg_catalog, public, pg_temp
SET lock_timeout = '1s'
SET datestyle = 'ISO'
SET timezone = 'UTC'
AS $$
DECLARE
  name ALIAS FOR $1;
  horizon timestamptz;
  kept record;
  doomed record;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.partition_policies AS p WHERE p.parent = name) THEN
    RAISE EXCEPTION 'There is no partition policy for a table named %', coalesce(quote_literal(name), 'NULL')
      USING ERRCODE = 'undefined_table', HINT = 'SELECT parent FROM partition_policies lists the tables this works on.';
  END IF;
  IF days IS NULL OR days < 1 THEN
    RAISE EXCEPTION 'drop_old_partitions keeps at least 1 whole day, not %', coalesce(days::text, 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Today and the days ahead are never dropped.';
  END IF;
  IF (SELECT p.archive FROM public.partition_policies AS p WHERE p.parent = name) THEN
    RAISE EXCEPTION 'The policy of % asks for an archive, and this function cannot write one', name
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Use `iotistic partitions run`, or set partition_policies.archive to false.';
  END IF;
  -- A timestamp reaches back 6,700 years, and no partition 2,700.
  horizon := date_trunc('day', now()) - make_interval(days => least(days, 1000000));
  IF EXISTS (SELECT 1 FROM public.partition_leaves AS l WHERE l.parent = name AND l.detach_pending AND l.upper_bound <= horizon) THEN
    RAISE EXCEPTION 'An interrupted detach of a partition of % is pending', name
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run ALTER TABLE ... DETACH PARTITION ... FINALIZE first, or `iotistic partitions run`.';
  END IF;
  SELECT count(*) AS devices, max(c.keep_days) AS longest
  INTO kept
  FROM public.device_retention_classes AS c
  WHERE
    c.parent = name
    AND EXISTS (
      SELECT 1
      FROM public.partition_leaves AS l
      WHERE l.parent = name AND l.upper_bound <= horizon AND l.upper_bound > date_trunc('day', now()) - make_interval(days => c.keep_days)
    );
  IF kept.devices > 0 THEN
    RAISE EXCEPTION 'The rows of % devices in % stay longer than % days, up to %', kept.devices, name, days, kept.longest
      USING ERRCODE = 'object_not_in_prerequisite_state',
      HINT = 'Use `iotistic partitions run`, which leaves them; `iotistic partitions classes` lists these devices.';
  END IF;
  FOR doomed IN
    SELECT l.leaf, l.lower_bound, l.upper_bound
    FROM public.partition_leaves AS l
    WHERE l.parent = name AND l.upper_bound <= horizon
    ORDER BY l.lower_bound
  LOOP
    EXECUTE format('DROP TABLE public.%I', doomed.leaf);
    dropped := doomed.leaf;
    lower_bound := doomed.lower_bound;
    upper_bound := doomed.upper_bound;
    RETURN NEXT;
  END LOOP;
END
$$;
