-- name: list_progress
-- How far each rollup has come; rows are made as it first runs.
SELECT
  rollup,
  complete_until,
  pass_until,
  device_uuid
FROM metric_rollup_progress;

-- name: begin_progress
-- The first run of a rollup begins where raw reports begin.
INSERT INTO metric_rollup_progress (rollup, complete_since, complete_until)
VALUES (%(rollup)s::text, %(complete_since)s::timestamptz, %(complete_since)s::timestamptz)
ON CONFLICT (rollup) DO NOTHING;

-- name: lock_progress
-- Two processes that think they lead must not step over each other.
SELECT
  rollup,
  complete_until,
  pass_until,
  device_uuid
FROM metric_rollup_progress
WHERE rollup = %(rollup)s::text
FOR UPDATE;

-- name: note_progress
-- Committed together with the rows it is about.
UPDATE metric_rollup_progress
SET
  complete_until = %(complete_until)s::timestamptz,
  pass_until = %(pass_until)s::timestamptz,
  device_uuid = %(device_uuid)s::uuid
WHERE rollup = %(rollup)s::text;

-- name: list_floors
-- The first moment that each table of metrics has a place for.
SELECT
  parent,
  min(lower_bound) AS floor
FROM partition_leaves
WHERE
  parent IN ('device_metrics', 'device_metric_quarters', 'device_metric_hours', 'device_metric_days')
  AND NOT detach_pending
GROUP BY parent;

-- name: list_reporting_devices
-- Devices that ever reported, in order. A device is here from the commit of its first report on.
SELECT DISTINCT device_uuid
FROM device_metric_latest
WHERE device_uuid > coalesce(%(after)s::uuid, '00000000-0000-0000-0000-000000000000'::uuid)
ORDER BY device_uuid
LIMIT %(limit)s::bigint;

-- name: take_marks
-- The oldest of them. Taken and made in one transaction: if it fails they are there again.
DELETE FROM metric_rollup_marks
WHERE id IN (
  SELECT id
  FROM metric_rollup_marks
  ORDER BY id
  LIMIT %(limit)s::bigint
  FOR UPDATE SKIP LOCKED
)
RETURNING device_uuid, bucket;

-- name: count_marks
-- What is left to be made again.
SELECT count(*) AS marks
FROM metric_rollup_marks;

-- name: make_quarters
-- Whole buckets anew from every report in them, so that it does not matter how often or in what order. Never fewer reports than
-- before: then some of them are gone, and what was made of them is all that is left.
-- A single value beyond 1e290 is counted as that, since a sum of floats that overflows is an error.
WITH part AS MATERIALIZED (
  SELECT
    pair.device_uuid,
    pair.bucket,
    report.metric_set_id,
    report.timestamp AS last_at,
    1 AS reports,
    NULL::integer [] AS counts,
    report.values AS minimums,
    report.values AS maximums,
    report.values AS sums,
    report.values AS lasts
  FROM unnest(%(devices)s::uuid [], %(buckets)s::timestamptz []) AS pair (device_uuid, bucket)
  CROSS JOIN LATERAL (
    SELECT
      made_of.metric_set_id,
      made_of.timestamp,
      made_of.values
    FROM device_metrics AS made_of
    WHERE
      made_of.device_uuid = pair.device_uuid
      AND made_of.timestamp >= pair.bucket
      AND made_of.timestamp < pair.bucket + '15 minutes'::interval
      AND made_of.timestamp >= %(since)s::timestamptz
      AND made_of.timestamp < %(until)s::timestamptz
    -- A fence: through the key for each bucket, never the whole partition.
    ORDER BY made_of.timestamp
    OFFSET 0
  ) AS report
),

value AS (
  SELECT
    part.device_uuid,
    part.bucket,
    part.metric_set_id,
    point.position,
    sum(part.reports)::integer AS reports,
    max(part.last_at) AS last_at,
    (array_agg(point.last ORDER BY part.last_at DESC))[1] AS last,
    sum(CASE WHEN point.minimum IS NOT NULL THEN coalesce(point.count, part.reports) ELSE 0 END)::integer AS count,
    min(point.minimum) AS minimum,
    max(point.maximum) AS maximum,
    sum(greatest(least(point.total, 1e290), -1e290)) FILTER (WHERE point.total IS NOT NULL) AS total
  FROM part
  CROSS JOIN LATERAL
    unnest(part.counts, part.minimums, part.maximums, part.sums, part.lasts) WITH ORDINALITY
      AS point (count, minimum, maximum, total, last, position)
  GROUP BY part.device_uuid, part.bucket, part.metric_set_id, point.position
),

row AS (
  SELECT
    device_uuid,
    bucket,
    metric_set_id,
    max(reports) AS reports,
    max(last_at) AS last_at,
    array_agg(count ORDER BY position) AS counts,
    array_agg(minimum ORDER BY position) AS minimums,
    array_agg(maximum ORDER BY position) AS maximums,
    array_agg(total ORDER BY position) AS sums,
    array_agg(last ORDER BY position) AS lasts
  FROM value
  GROUP BY device_uuid, bucket, metric_set_id
)

INSERT INTO device_metric_quarters AS kept (
  device_uuid, bucket, last_at, metric_set_id, reports, counts, minimums, maximums, sums, lasts
)
SELECT
  row.device_uuid,
  row.bucket,
  row.last_at,
  row.metric_set_id,
  row.reports,
  CASE WHEN row.reports <> ANY(row.counts) THEN row.counts END AS counts,
  row.minimums,
  row.maximums,
  row.sums,
  row.lasts
FROM row
ORDER BY row.device_uuid, row.bucket, row.metric_set_id
ON CONFLICT (device_uuid, bucket, metric_set_id) DO UPDATE
SET
  last_at = excluded.last_at,
  reports = excluded.reports,
  counts = excluded.counts,
  minimums = excluded.minimums,
  maximums = excluded.maximums,
  sums = excluded.sums,
  lasts = excluded.lasts
WHERE excluded.reports >= kept.reports;

-- name: make_hours
-- The same from the quarters of each hour.
WITH part AS MATERIALIZED (
  SELECT
    pair.device_uuid,
    pair.bucket,
    report.metric_set_id,
    report.last_at,
    report.reports,
    report.counts,
    report.minimums,
    report.maximums,
    report.sums,
    report.lasts
  FROM unnest(%(devices)s::uuid [], %(buckets)s::timestamptz []) AS pair (device_uuid, bucket)
  CROSS JOIN LATERAL (
    SELECT
      made_of.metric_set_id,
      made_of.last_at,
      made_of.reports,
      made_of.counts,
      made_of.minimums,
      made_of.maximums,
      made_of.sums,
      made_of.lasts
    FROM device_metric_quarters AS made_of
    WHERE
      made_of.device_uuid = pair.device_uuid
      AND made_of.bucket >= pair.bucket
      AND made_of.bucket < pair.bucket + '1 hour'::interval
      AND made_of.bucket >= %(since)s::timestamptz
      AND made_of.bucket < %(until)s::timestamptz
    -- A fence: through the key for each bucket, never the whole partition.
    ORDER BY made_of.bucket
    OFFSET 0
  ) AS report
),

value AS (
  SELECT
    part.device_uuid,
    part.bucket,
    part.metric_set_id,
    point.position,
    sum(part.reports)::integer AS reports,
    max(part.last_at) AS last_at,
    (array_agg(point.last ORDER BY part.last_at DESC))[1] AS last,
    sum(CASE WHEN point.minimum IS NOT NULL THEN coalesce(point.count, part.reports) ELSE 0 END)::integer AS count,
    min(point.minimum) AS minimum,
    max(point.maximum) AS maximum,
    sum(point.total) AS total
  FROM part
  CROSS JOIN LATERAL
    unnest(part.counts, part.minimums, part.maximums, part.sums, part.lasts) WITH ORDINALITY
      AS point (count, minimum, maximum, total, last, position)
  GROUP BY part.device_uuid, part.bucket, part.metric_set_id, point.position
),

row AS (
  SELECT
    device_uuid,
    bucket,
    metric_set_id,
    max(reports) AS reports,
    max(last_at) AS last_at,
    array_agg(count ORDER BY position) AS counts,
    array_agg(minimum ORDER BY position) AS minimums,
    array_agg(maximum ORDER BY position) AS maximums,
    array_agg(total ORDER BY position) AS sums,
    array_agg(last ORDER BY position) AS lasts
  FROM value
  GROUP BY device_uuid, bucket, metric_set_id
)

INSERT INTO device_metric_hours AS kept (
  device_uuid, bucket, last_at, metric_set_id, reports, counts, minimums, maximums, sums, lasts
)
SELECT
  row.device_uuid,
  row.bucket,
  row.last_at,
  row.metric_set_id,
  row.reports,
  CASE WHEN row.reports <> ANY(row.counts) THEN row.counts END AS counts,
  row.minimums,
  row.maximums,
  row.sums,
  row.lasts
FROM row
ORDER BY row.device_uuid, row.bucket, row.metric_set_id
ON CONFLICT (device_uuid, bucket, metric_set_id) DO UPDATE
SET
  last_at = excluded.last_at,
  reports = excluded.reports,
  counts = excluded.counts,
  minimums = excluded.minimums,
  maximums = excluded.maximums,
  sums = excluded.sums,
  lasts = excluded.lasts
WHERE excluded.reports >= kept.reports;

-- name: make_days
-- The same from the hours of each UTC day.
WITH part AS MATERIALIZED (
  SELECT
    pair.device_uuid,
    pair.bucket,
    report.metric_set_id,
    report.last_at,
    report.reports,
    report.counts,
    report.minimums,
    report.maximums,
    report.sums,
    report.lasts
  FROM unnest(%(devices)s::uuid [], %(buckets)s::timestamptz []) AS pair (device_uuid, bucket)
  CROSS JOIN LATERAL (
    SELECT
      made_of.metric_set_id,
      made_of.last_at,
      made_of.reports,
      made_of.counts,
      made_of.minimums,
      made_of.maximums,
      made_of.sums,
      made_of.lasts
    FROM device_metric_hours AS made_of
    WHERE
      made_of.device_uuid = pair.device_uuid
      AND made_of.bucket >= pair.bucket
      AND made_of.bucket < pair.bucket + '1 day'::interval
      AND made_of.bucket >= %(since)s::timestamptz
      AND made_of.bucket < %(until)s::timestamptz
    -- A fence: through the key for each bucket, never the whole partition.
    ORDER BY made_of.bucket
    OFFSET 0
  ) AS report
),

value AS (
  SELECT
    part.device_uuid,
    part.bucket,
    part.metric_set_id,
    point.position,
    sum(part.reports)::integer AS reports,
    max(part.last_at) AS last_at,
    (array_agg(point.last ORDER BY part.last_at DESC))[1] AS last,
    sum(CASE WHEN point.minimum IS NOT NULL THEN coalesce(point.count, part.reports) ELSE 0 END)::integer AS count,
    min(point.minimum) AS minimum,
    max(point.maximum) AS maximum,
    sum(point.total) AS total
  FROM part
  CROSS JOIN LATERAL
    unnest(part.counts, part.minimums, part.maximums, part.sums, part.lasts) WITH ORDINALITY
      AS point (count, minimum, maximum, total, last, position)
  GROUP BY part.device_uuid, part.bucket, part.metric_set_id, point.position
),

row AS (
  SELECT
    device_uuid,
    bucket,
    metric_set_id,
    max(reports) AS reports,
    max(last_at) AS last_at,
    array_agg(count ORDER BY position) AS counts,
    array_agg(minimum ORDER BY position) AS minimums,
    array_agg(maximum ORDER BY position) AS maximums,
    array_agg(total ORDER BY position) AS sums,
    array_agg(last ORDER BY position) AS lasts
  FROM value
  GROUP BY device_uuid, bucket, metric_set_id
)

INSERT INTO device_metric_days AS kept (
  device_uuid, bucket, last_at, metric_set_id, reports, counts, minimums, maximums, sums, lasts
)
SELECT
  row.device_uuid,
  row.bucket,
  row.last_at,
  row.metric_set_id,
  row.reports,
  CASE WHEN row.reports <> ANY(row.counts) THEN row.counts END AS counts,
  row.minimums,
  row.maximums,
  row.sums,
  row.lasts
FROM row
ORDER BY row.device_uuid, row.bucket, row.metric_set_id
ON CONFLICT (device_uuid, bucket, metric_set_id) DO UPDATE
SET
  last_at = excluded.last_at,
  reports = excluded.reports,
  counts = excluded.counts,
  minimums = excluded.minimums,
  maximums = excluded.maximums,
  sums = excluded.sums,
  lasts = excluded.lasts
WHERE excluded.reports >= kept.reports;
