-- name: list_report_page
-- In the order of time, from behind the last report of the page before. Of each of the device's few series a page, through the key.
SELECT
  page.timestamp,
  page.series_id,
  page.metric_set_id,
  page.values
FROM metric_series AS series
CROSS JOIN LATERAL (
  SELECT
    report.timestamp,
    report.series_id,
    report.metric_set_id,
    report.values
  FROM device_metrics AS report
  WHERE
    report.series_id = series.id
    AND report.timestamp >= %(since)s::timestamptz
    AND report.timestamp < %(until)s::timestamptz
    AND (report.timestamp, report.series_id) > (%(since)s::timestamptz, %(after)s::integer)
  ORDER BY report.timestamp
  LIMIT %(limit)s::bigint
) AS page
WHERE series.device_uuid = %(device_uuid)s::uuid
ORDER BY page.timestamp, page.series_id
LIMIT %(limit)s::bigint;

-- name: list_exported_sets
-- What the values of reports are.
SELECT
  id,
  names,
  units
FROM metric_sets
WHERE id = ANY(%(ids)s::integer []);
