-- name: list_report_page
-- In the order of the key, from behind the last report of the page before.
SELECT
  timestamp,
  metric_names_id,
  metric_set_id,
  values
FROM device_metrics
WHERE
  device_uuid = %(device_uuid)s::uuid
  AND timestamp >= %(since)s::timestamptz
  AND timestamp < %(until)s::timestamptz
  AND (timestamp, metric_names_id) > (%(since)s::timestamptz, %(after)s::integer)
ORDER BY timestamp, metric_names_id
LIMIT %(limit)s::bigint;

-- name: list_exported_sets
-- What the values of reports are.
SELECT
  id,
  names,
  units
FROM metric_sets
WHERE id = ANY(%(ids)s::integer []);
