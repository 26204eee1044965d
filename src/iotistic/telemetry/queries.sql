-- name: list_logs
-- A page of a device's lines, newest first, from behind the last line of the page before.
SELECT
  device_uuid,
  timestamp,
  sequence,
  level,
  service,
  message
FROM device_logs
WHERE
  device_uuid = %(device_uuid)s::uuid
  AND timestamp >= %(since)s::timestamptz
  AND timestamp < %(until)s::timestamptz
  AND (timestamp, sequence) < (%(before)s::timestamptz, %(before_sequence)s::bigint)
  AND level = ANY(%(levels)s::text [])
  AND (service = %(service)s::text OR %(service)s::text IS NULL)
ORDER BY timestamp DESC, sequence DESC
LIMIT %(limit)s::bigint;

-- name: list_problems
-- The newest lines of the fleet that somebody should look at; served by the partial index.
SELECT
  device_uuid,
  timestamp,
  sequence,
  level,
  service,
  message
FROM device_logs
WHERE
  timestamp >= %(since)s::timestamptz
  AND timestamp < %(until)s::timestamptz
  AND level IN ('warning', 'error', 'critical')
ORDER BY timestamp DESC, sequence DESC
LIMIT %(limit)s::bigint;

-- name: summarise
-- The rate of reports since a moment. From the series that are known to have reported, since the key does not begin with time.
SELECT
  coalesce(sum(recent.reports), 0)::bigint AS reports,
  coalesce(sum(recent.points), 0)::bigint AS points,
  count(DISTINCT active.device_uuid) FILTER (WHERE recent.reports > 0) AS devices,
  (SELECT max(timestamp) FROM device_metric_latest) AS newest
FROM device_metric_latest AS active
CROSS JOIN LATERAL (
  SELECT
    count(*) AS reports,
    sum(cardinality(report.values)) AS points
  FROM device_metrics AS report
  WHERE
    report.series_id = active.series_id
    AND report.timestamp >= %(since)s::timestamptz
    AND report.timestamp < %(until)s::timestamptz
) AS recent
WHERE active.timestamp >= %(since)s::timestamptz;
