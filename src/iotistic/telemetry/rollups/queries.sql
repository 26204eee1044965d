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
-- Values are unfolded in the SELECT list and carry the number of their pair: unfolded in FROM, with device and bucket as the key of
-- their groups, they cost 2.5 times as much. A single value beyond 1e290 is counted as that, since a sum of floats that overflows is
-- an error.
WITH part AS MATERIALIZED (
  SELECT
    pair.number,
    found.metric_set_id,
    found.timestamp AS last_at,
    found.values
  FROM unnest(%(devices)s::uuid [], %(buckets)s::timestamptz []) WITH ORDINALITY AS pair (device_uuid, bucket, number)
  CROSS JOIN LATERAL (
    SELECT
      made_of.metric_set_id,
      made_of.timestamp,
      made_of.values
    FROM metric_series AS series
    INNER JOIN device_metrics AS made_of ON made_of.series_id = series.id
    WHERE
      series.device_uuid = pair.device_uuid
      AND made_of.timestamp >= pair.bucket
      AND made_of.timestamp < pair.bucket + '15 minutes'::interval
      AND made_of.timestamp >= %(since)s::timestamptz
      AND made_of.timestamp < %(until)s::timestamptz
    -- A fence: through the key for each bucket, never the whole partition.
    ORDER BY made_of.timestamp
    OFFSET 0
  ) AS found
),

newest AS (
  SELECT DISTINCT ON (number, metric_set_id)
    number,
    metric_set_id,
    last_at,
    values,
    count(*) OVER (PARTITION BY number, metric_set_id)::integer AS reports
  FROM part
  ORDER BY number, metric_set_id, last_at DESC
),

value AS (
  SELECT
    number,
    metric_set_id,
    generate_subscripts(values, 1) AS position,
    unnest(values) AS value
  FROM part
),

total AS (
  SELECT
    number,
    metric_set_id,
    position,
    count(value)::integer AS count,
    min(value) AS minimum,
    max(value) AS maximum,
    sum(greatest(least(value, 1e290), -1e290)) FILTER (WHERE value IS NOT NULL) AS total
  FROM value
  GROUP BY number, metric_set_id, position
),

line AS (
  SELECT
    newest.number,
    newest.metric_set_id,
    newest.last_at,
    newest.reports,
    array_agg(total.count ORDER BY total.position) AS counts,
    array_agg(
      ARRAY[total.minimum, total.maximum, total.total, newest.values[total.position]] ORDER BY total.position
    ) AS summaries
  FROM total
  INNER JOIN newest ON newest.number = total.number AND newest.metric_set_id = total.metric_set_id
  GROUP BY newest.number, newest.metric_set_id, newest.last_at, newest.reports
)

INSERT INTO device_metric_quarters AS kept (device_uuid, bucket, last_at, metric_set_id, reports, counts, summaries)
SELECT
  (%(devices)s::uuid [])[number] AS device_uuid,
  (%(buckets)s::timestamptz [])[number] AS bucket,
  last_at,
  metric_set_id,
  reports,
  CASE WHEN reports <> ANY(counts) THEN counts END AS counts,
  summaries
FROM line
ORDER BY number, metric_set_id
ON CONFLICT (device_uuid, bucket, metric_set_id) DO UPDATE
SET
  last_at = excluded.last_at,
  reports = excluded.reports,
  counts = excluded.counts,
  summaries = excluded.summaries
WHERE excluded.reports >= kept.reports;

-- name: make_hours
-- The same from the quarters of each hour.
WITH part AS MATERIALIZED (
  SELECT
    pair.number,
    found.metric_set_id,
    found.last_at,
    found.reports,
    found.counts,
    found.summaries
  FROM unnest(%(devices)s::uuid [], %(buckets)s::timestamptz []) WITH ORDINALITY AS pair (device_uuid, bucket, number)
  CROSS JOIN LATERAL (
    SELECT
      made_of.metric_set_id,
      made_of.last_at,
      made_of.reports,
      made_of.counts,
      made_of.summaries
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
  ) AS found
),

newest AS (
  SELECT DISTINCT ON (number, metric_set_id)
    number,
    metric_set_id,
    last_at,
    summaries,
    sum(reports) OVER (PARTITION BY number, metric_set_id)::integer AS reports
  FROM part
  ORDER BY number, metric_set_id, last_at DESC
),

value AS (
  SELECT
    number,
    metric_set_id,
    reports,
    counts,
    summaries,
    generate_subscripts(summaries, 1) AS position
  FROM part
),

total AS (
  SELECT
    number,
    metric_set_id,
    position,
    sum(coalesce(counts[position], reports))::integer AS count,
    min(summaries[position][1]) AS minimum,
    max(summaries[position][2]) AS maximum,
    sum(summaries[position][3]) AS total
  FROM value
  GROUP BY number, metric_set_id, position
),

line AS (
  SELECT
    newest.number,
    newest.metric_set_id,
    newest.last_at,
    newest.reports,
    array_agg(total.count ORDER BY total.position) AS counts,
    array_agg(
      ARRAY[total.minimum, total.maximum, total.total, newest.summaries[total.position][4]] ORDER BY total.position
    ) AS summaries
  FROM total
  INNER JOIN newest ON newest.number = total.number AND newest.metric_set_id = total.metric_set_id
  GROUP BY newest.number, newest.metric_set_id, newest.last_at, newest.reports
)

INSERT INTO device_metric_hours AS kept (device_uuid, bucket, last_at, metric_set_id, reports, counts, summaries)
SELECT
  (%(devices)s::uuid [])[number] AS device_uuid,
  (%(buckets)s::timestamptz [])[number] AS bucket,
  last_at,
  metric_set_id,
  reports,
  CASE WHEN reports <> ANY(counts) THEN counts END AS counts,
  summaries
FROM line
ORDER BY number, metric_set_id
ON CONFLICT (device_uuid, bucket, metric_set_id) DO UPDATE
SET
  last_at = excluded.last_at,
  reports = excluded.reports,
  counts = excluded.counts,
  summaries = excluded.summaries
WHERE excluded.reports >= kept.reports;

-- name: make_days
-- The same from the hours of each UTC day.
WITH part AS MATERIALIZED (
  SELECT
    pair.number,
    found.metric_set_id,
    found.last_at,
    found.reports,
    found.counts,
    found.summaries
  FROM unnest(%(devices)s::uuid [], %(buckets)s::timestamptz []) WITH ORDINALITY AS pair (device_uuid, bucket, number)
  CROSS JOIN LATERAL (
    SELECT
      made_of.metric_set_id,
      made_of.last_at,
      made_of.reports,
      made_of.counts,
      made_of.summaries
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
  ) AS found
),

newest AS (
  SELECT DISTINCT ON (number, metric_set_id)
    number,
    metric_set_id,
    last_at,
    summaries,
    sum(reports) OVER (PARTITION BY number, metric_set_id)::integer AS reports
  FROM part
  ORDER BY number, metric_set_id, last_at DESC
),

value AS (
  SELECT
    number,
    metric_set_id,
    reports,
    counts,
    summaries,
    generate_subscripts(summaries, 1) AS position
  FROM part
),

total AS (
  SELECT
    number,
    metric_set_id,
    position,
    sum(coalesce(counts[position], reports))::integer AS count,
    min(summaries[position][1]) AS minimum,
    max(summaries[position][2]) AS maximum,
    sum(summaries[position][3]) AS total
  FROM value
  GROUP BY number, metric_set_id, position
),

line AS (
  SELECT
    newest.number,
    newest.metric_set_id,
    newest.last_at,
    newest.reports,
    array_agg(total.count ORDER BY total.position) AS counts,
    array_agg(
      ARRAY[total.minimum, total.maximum, total.total, newest.summaries[total.position][4]] ORDER BY total.position
    ) AS summaries
  FROM total
  INNER JOIN newest ON newest.number = total.number AND newest.metric_set_id = total.metric_set_id
  GROUP BY newest.number, newest.metric_set_id, newest.last_at, newest.reports
)

INSERT INTO device_metric_days AS kept (device_uuid, bucket, last_at, metric_set_id, reports, counts, summaries)
SELECT
  (%(devices)s::uuid [])[number] AS device_uuid,
  (%(buckets)s::timestamptz [])[number] AS bucket,
  last_at,
  metric_set_id,
  reports,
  CASE WHEN reports <> ANY(counts) THEN counts END AS counts,
  summaries
FROM line
ORDER BY number, metric_set_id
ON CONFLICT (device_uuid, bucket, metric_set_id) DO UPDATE
SET
  last_at = excluded.last_at,
  reports = excluded.reports,
  counts = excluded.counts,
  summaries = excluded.summaries
WHERE excluded.reports >= kept.reports;
