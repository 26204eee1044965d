-- name: list_kinds
-- Where the metrics asked for stand in the reports of any device; all metrics when none is named.
SELECT
  sets.id AS metric_set_id,
  named.position::integer AS position,
  named.metric,
  named.unit
FROM metric_sets AS sets
CROSS JOIN LATERAL unnest(sets.names, sets.units) WITH ORDINALITY AS named (metric, unit, position)
WHERE
  (sets.names && %(names)s::text [] OR cardinality(%(names)s::text []) = 0)
  AND (named.metric = ANY(%(names)s::text []) OR cardinality(%(names)s::text []) = 0)
ORDER BY named.metric, named.unit, sets.id;

-- name: list_device_sets
-- The same for some devices, whose lists of names are in their series from the first report on; unfolded by whoever asks, since that
-- costs PostgreSQL a third of it, most of it planning.
SELECT
  id,
  names,
  units
FROM metric_sets
WHERE
  metric_names_id = ANY(ARRAY(
    SELECT metric_names_id
    FROM metric_series
    WHERE device_uuid = ANY(%(devices)s::uuid [])
  ));

-- name: list_made
-- What the rollups hold.
SELECT
  rollup,
  complete_since,
  complete_until
FROM metric_rollup_progress;

-- name: count_devices
-- Those that ever reported, for an estimate.
SELECT count(DISTINCT device_uuid) AS devices
FROM device_metric_latest;

-- name: list_latest_reports
-- The newest report of each list of names, in any order: to sort whole rows costs a third of it again. Arrays and no row per value:
-- 1,000 devices with 12 metrics are 1,000 rows.
SELECT
  device_uuid,
  metric_set_id,
  timestamp,
  values
FROM device_metric_latest
WHERE device_uuid = ANY(ARRAY(SELECT unnest(%(devices)s::uuid [])));

-- name: list_latest_values
-- The newest values of some metrics, in any order: only these go over the line. Sets are unfolded once and not for each report. An array
-- from a sub-select is not known to the planner, which would otherwise judge each of 1,000 uuids by the statistics: 1 ms.
WITH kind AS MATERIALIZED (
  SELECT
    sets.id,
    named.position::integer AS position,
    named.metric,
    named.unit
  FROM metric_sets AS sets
  CROSS JOIN LATERAL unnest(sets.names, sets.units) WITH ORDINALITY AS named (metric, unit, position)
  WHERE sets.names && %(names)s::text [] AND named.metric = ANY(%(names)s::text [])
)

SELECT
  latest.device_uuid,
  latest.timestamp,
  kind.metric,
  kind.unit,
  latest.values[kind.position] AS value
FROM device_metric_latest AS latest
INNER JOIN kind ON kind.id = latest.metric_set_id
WHERE
  latest.device_uuid = ANY(ARRAY(SELECT unnest(%(devices)s::uuid [])))
  AND latest.values[kind.position] IS NOT NULL;

-- name: list_sets
-- What the values of reports are.
SELECT
  id,
  names,
  units
FROM metric_sets
WHERE id = ANY(%(ids)s::integer []);

-- name: list_series
-- Whose reports to look for.
SELECT id
FROM metric_series
WHERE device_uuid = ANY(%(devices)s::uuid []);

-- name: list_reports
-- Single values, of each device in the order of time. Bounds are parameters: an expression would plan every
-- partition.
SELECT
  report.device_uuid,
  kind.series,
  report.timestamp AS moment,
  report.values[kind.position] AS value
FROM device_metrics AS report
INNER JOIN unnest(%(sets)s::integer [], %(positions)s::integer [], %(series)s::integer []) AS kind (metric_set_id, position, series)
  ON kind.metric_set_id = report.metric_set_id
WHERE
  report.series_id = ANY(%(series_ids)s::integer [])
  AND report.timestamp >= %(since)s::timestamptz
  AND report.timestamp < %(until)s::timestamptz
  AND report.values[kind.position] IS NOT NULL
ORDER BY report.device_uuid, report.timestamp
LIMIT %(limit)s::bigint;

-- name: sum_reports
-- Reports by bucket, of each device or of all together. A value beyond 1e290 is counted as that: a sum that overflows is an error.
-- Groups without a value go in the end: what a WHERE says of the elements of an array the planner takes for 1 row in 200.
SELECT
  CASE WHEN %(by_device)s::boolean THEN part.device_uuid END AS device,
  kind.series,
  width_bucket(part.timestamp, %(edges)s::timestamptz []) - 1 AS number,
  count(part.values[kind.position])::bigint AS count,
  min(part.values[kind.position]) AS minimum,
  max(part.values[kind.position]) AS maximum,
  sum(greatest(least(part.values[kind.position], 1e290), -1e290)) FILTER (WHERE part.values[kind.position] IS NOT NULL) AS total,
  max(ARRAY[date_part('epoch', part.timestamp), part.values[kind.position]]) FILTER (WHERE %(by_device)s::boolean AND part.values[kind.position] IS NOT NULL) AS last
FROM device_metrics AS part
INNER JOIN unnest(%(sets)s::integer [], %(positions)s::integer [], %(series)s::integer []) AS kind (metric_set_id, position, series)
  ON kind.metric_set_id = part.metric_set_id
WHERE
  (part.series_id = ANY(%(series_ids)s::integer []) OR %(series_ids)s::integer [] IS NULL)
  AND part.timestamp >= %(since)s::timestamptz
  AND part.timestamp < %(until)s::timestamptz
GROUP BY device, kind.series, number
HAVING min(part.values[kind.position]) IS NOT NULL
ORDER BY device, kind.series, number
LIMIT %(limit)s::bigint;

-- name: sum_quarters
-- The same from what is summed up by quarters already.
SELECT
  CASE WHEN %(by_device)s::boolean THEN part.device_uuid END AS device,
  kind.series,
  width_bucket(part.bucket, %(edges)s::timestamptz []) - 1 AS number,
  sum(coalesce(part.counts[kind.position], part.reports))::bigint AS count,
  min(part.summaries[kind.position][1]) AS minimum,
  max(part.summaries[kind.position][2]) AS maximum,
  sum(part.summaries[kind.position][3]) AS total,
  max(ARRAY[date_part('epoch', part.last_at), part.summaries[kind.position][4]]) FILTER (WHERE %(by_device)s::boolean AND part.summaries[kind.position][4] IS NOT NULL) AS last
FROM device_metric_quarters AS part
INNER JOIN unnest(%(sets)s::integer [], %(positions)s::integer [], %(series)s::integer []) AS kind (metric_set_id, position, series)
  ON kind.metric_set_id = part.metric_set_id
WHERE
  (part.device_uuid = ANY(%(devices)s::uuid []) OR %(devices)s::uuid [] IS NULL)
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz
GROUP BY device, kind.series, number
HAVING min(part.summaries[kind.position][1]) IS NOT NULL
ORDER BY device, kind.series, number
LIMIT %(limit)s::bigint;

-- name: sum_hours
-- The same from what is summed up by hours already.
SELECT
  CASE WHEN %(by_device)s::boolean THEN part.device_uuid END AS device,
  kind.series,
  width_bucket(part.bucket, %(edges)s::timestamptz []) - 1 AS number,
  sum(coalesce(part.counts[kind.position], part.reports))::bigint AS count,
  min(part.summaries[kind.position][1]) AS minimum,
  max(part.summaries[kind.position][2]) AS maximum,
  sum(part.summaries[kind.position][3]) AS total,
  max(ARRAY[date_part('epoch', part.last_at), part.summaries[kind.position][4]]) FILTER (WHERE %(by_device)s::boolean AND part.summaries[kind.position][4] IS NOT NULL) AS last
FROM device_metric_hours AS part
INNER JOIN unnest(%(sets)s::integer [], %(positions)s::integer [], %(series)s::integer []) AS kind (metric_set_id, position, series)
  ON kind.metric_set_id = part.metric_set_id
WHERE
  (part.device_uuid = ANY(%(devices)s::uuid []) OR %(devices)s::uuid [] IS NULL)
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz
GROUP BY device, kind.series, number
HAVING min(part.summaries[kind.position][1]) IS NOT NULL
ORDER BY device, kind.series, number
LIMIT %(limit)s::bigint;

-- name: sum_days
-- The same from what is summed up by days already.
SELECT
  CASE WHEN %(by_device)s::boolean THEN part.device_uuid END AS device,
  kind.series,
  width_bucket(part.bucket, %(edges)s::timestamptz []) - 1 AS number,
  sum(coalesce(part.counts[kind.position], part.reports))::bigint AS count,
  min(part.summaries[kind.position][1]) AS minimum,
  max(part.summaries[kind.position][2]) AS maximum,
  sum(part.summaries[kind.position][3]) AS total,
  max(ARRAY[date_part('epoch', part.last_at), part.summaries[kind.position][4]]) FILTER (WHERE %(by_device)s::boolean AND part.summaries[kind.position][4] IS NOT NULL) AS last
FROM device_metric_days AS part
INNER JOIN unnest(%(sets)s::integer [], %(positions)s::integer [], %(series)s::integer []) AS kind (metric_set_id, position, series)
  ON kind.metric_set_id = part.metric_set_id
WHERE
  (part.device_uuid = ANY(%(devices)s::uuid []) OR %(devices)s::uuid [] IS NULL)
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz
GROUP BY device, kind.series, number
HAVING min(part.summaries[kind.position][1]) IS NOT NULL
ORDER BY device, kind.series, number
LIMIT %(limit)s::bigint;

-- name: list_quarters
-- The quarters of each device as they are, for buckets that are just as wide: half the CPU of putting each into a group of its own.
-- In any order and without a limit, which would cost a quarter of it again: only asked where there cannot be many.
SELECT
  part.device_uuid AS device,
  kind.series,
  part.bucket AS moment,
  coalesce(part.counts[kind.position], part.reports) AS count,
  part.summaries[kind.position][1] AS minimum,
  part.summaries[kind.position][2] AS maximum,
  part.summaries[kind.position][3] AS total,
  part.last_at,
  part.summaries[kind.position][4] AS last
FROM device_metric_quarters AS part
INNER JOIN unnest(%(sets)s::integer [], %(positions)s::integer [], %(series)s::integer []) AS kind (metric_set_id, position, series)
  ON kind.metric_set_id = part.metric_set_id
WHERE
  part.device_uuid = ANY(%(devices)s::uuid [])
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz;

-- name: list_hours
-- The same of hours.
SELECT
  part.device_uuid AS device,
  kind.series,
  part.bucket AS moment,
  coalesce(part.counts[kind.position], part.reports) AS count,
  part.summaries[kind.position][1] AS minimum,
  part.summaries[kind.position][2] AS maximum,
  part.summaries[kind.position][3] AS total,
  part.last_at,
  part.summaries[kind.position][4] AS last
FROM device_metric_hours AS part
INNER JOIN unnest(%(sets)s::integer [], %(positions)s::integer [], %(series)s::integer []) AS kind (metric_set_id, position, series)
  ON kind.metric_set_id = part.metric_set_id
WHERE
  part.device_uuid = ANY(%(devices)s::uuid [])
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz;

-- name: list_days
-- The same of days.
SELECT
  part.device_uuid AS device,
  kind.series,
  part.bucket AS moment,
  coalesce(part.counts[kind.position], part.reports) AS count,
  part.summaries[kind.position][1] AS minimum,
  part.summaries[kind.position][2] AS maximum,
  part.summaries[kind.position][3] AS total,
  part.last_at,
  part.summaries[kind.position][4] AS last
FROM device_metric_days AS part
INNER JOIN unnest(%(sets)s::integer [], %(positions)s::integer [], %(series)s::integer []) AS kind (metric_set_id, position, series)
  ON kind.metric_set_id = part.metric_set_id
WHERE
  part.device_uuid = ANY(%(devices)s::uuid [])
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz;

-- name: list_quarters_of_one
-- The same where one metric stands in one list of names, as mostly: without a join it takes a seventh less.
-- What is the same in each row is not among its columns, since every column of every row costs.
SELECT
  part.device_uuid AS device,
  part.bucket AS moment,
  coalesce(part.counts[%(position)s::integer], part.reports) AS count,
  part.summaries[%(position)s::integer][1] AS minimum,
  part.summaries[%(position)s::integer][2] AS maximum,
  part.summaries[%(position)s::integer][3] AS total,
  part.summaries[%(position)s::integer][4] AS last
FROM device_metric_quarters AS part
WHERE
  part.device_uuid = ANY(%(devices)s::uuid [])
  AND part.metric_set_id = %(metric_set_id)s::integer
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz;

-- name: list_hours_of_one
-- The same of hours.
SELECT
  part.device_uuid AS device,
  part.bucket AS moment,
  coalesce(part.counts[%(position)s::integer], part.reports) AS count,
  part.summaries[%(position)s::integer][1] AS minimum,
  part.summaries[%(position)s::integer][2] AS maximum,
  part.summaries[%(position)s::integer][3] AS total,
  part.summaries[%(position)s::integer][4] AS last
FROM device_metric_hours AS part
WHERE
  part.device_uuid = ANY(%(devices)s::uuid [])
  AND part.metric_set_id = %(metric_set_id)s::integer
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz;

-- name: list_days_of_one
-- The same of days.
SELECT
  part.device_uuid AS device,
  part.bucket AS moment,
  coalesce(part.counts[%(position)s::integer], part.reports) AS count,
  part.summaries[%(position)s::integer][1] AS minimum,
  part.summaries[%(position)s::integer][2] AS maximum,
  part.summaries[%(position)s::integer][3] AS total,
  part.summaries[%(position)s::integer][4] AS last
FROM device_metric_days AS part
WHERE
  part.device_uuid = ANY(%(devices)s::uuid [])
  AND part.metric_set_id = %(metric_set_id)s::integer
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz;

-- name: sum_quarters_of_one
-- All devices together, bucket by bucket, where one metric stands in one list of names: without the join, and with whoever asks to put
-- these buckets into wider ones, it takes a third less than sum_quarters.
SELECT
  part.bucket AS moment,
  sum(coalesce(part.counts[%(position)s::integer], part.reports))::bigint AS count,
  min(part.summaries[%(position)s::integer][1]) AS minimum,
  max(part.summaries[%(position)s::integer][2]) AS maximum,
  sum(part.summaries[%(position)s::integer][3]) AS total
FROM device_metric_quarters AS part
WHERE
  (part.device_uuid = ANY(%(devices)s::uuid []) OR %(devices)s::uuid [] IS NULL)
  AND part.metric_set_id = %(metric_set_id)s::integer
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz
GROUP BY part.bucket
HAVING min(part.summaries[%(position)s::integer][1]) IS NOT NULL;

-- name: sum_hours_of_one
-- The same of hours.
SELECT
  part.bucket AS moment,
  sum(coalesce(part.counts[%(position)s::integer], part.reports))::bigint AS count,
  min(part.summaries[%(position)s::integer][1]) AS minimum,
  max(part.summaries[%(position)s::integer][2]) AS maximum,
  sum(part.summaries[%(position)s::integer][3]) AS total
FROM device_metric_hours AS part
WHERE
  (part.device_uuid = ANY(%(devices)s::uuid []) OR %(devices)s::uuid [] IS NULL)
  AND part.metric_set_id = %(metric_set_id)s::integer
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz
GROUP BY part.bucket
HAVING min(part.summaries[%(position)s::integer][1]) IS NOT NULL;

-- name: sum_days_of_one
-- The same of days.
SELECT
  part.bucket AS moment,
  sum(coalesce(part.counts[%(position)s::integer], part.reports))::bigint AS count,
  min(part.summaries[%(position)s::integer][1]) AS minimum,
  max(part.summaries[%(position)s::integer][2]) AS maximum,
  sum(part.summaries[%(position)s::integer][3]) AS total
FROM device_metric_days AS part
WHERE
  (part.device_uuid = ANY(%(devices)s::uuid []) OR %(devices)s::uuid [] IS NULL)
  AND part.metric_set_id = %(metric_set_id)s::integer
  AND part.bucket >= %(since)s::timestamptz
  AND part.bucket < %(until)s::timestamptz
GROUP BY part.bucket
HAVING min(part.summaries[%(position)s::integer][1]) IS NOT NULL;
