-- Shows the newest value of every metric, whichever list of metrics it came in last.
CREATE VIEW device_latest_values WITH (security_invoker = true) AS
SELECT DISTINCT ON (newest.device_uuid, point.metric)
  newest.device_uuid,
  point.metric,
  point.unit,
  point.value,
  newest.timestamp
FROM device_metric_latest AS newest
INNER JOIN metric_sets AS kind ON kind.id = newest.metric_set_id
CROSS JOIN LATERAL unnest(kind.names, kind.units, newest.values) AS point (metric, unit, value)
ORDER BY newest.device_uuid, point.metric, newest.timestamp DESC;

COMMENT ON VIEW device_latest_values IS 'One row per device and metric: its newest value.';
