-- Gives people with SQL the shapes they expect: one row per value, and the well-known metrics as columns. The device is that of the
-- series, so that who asks for one goes through the key.
CREATE VIEW device_metric_values WITH (security_invoker = true) AS
SELECT
  series.device_uuid,
  report.timestamp,
  point.metric,
  point.unit,
  point.value
FROM metric_series AS series
INNER JOIN device_metrics AS report ON report.series_id = series.id
INNER JOIN metric_sets AS kind ON kind.id = report.metric_set_id
CROSS JOIN LATERAL unnest(kind.names, kind.units, report.values) AS point (metric, unit, value);

COMMENT ON VIEW device_metric_values IS 'One row per measured value. Bound timestamp on both sides with literals: an expression such as now() - interval reads every partition''s plan.';

CREATE VIEW device_system_metrics WITH (security_invoker = true) AS
SELECT
  series.device_uuid,
  report.timestamp,
  report.values[array_position(kind.names, 'cpu_usage')] AS cpu_usage,
  report.values[array_position(kind.names, 'cpu_temp')] AS cpu_temp,
  report.values[array_position(kind.names, 'memory_usage')] AS memory_usage,
  report.values[array_position(kind.names, 'memory_total')] AS memory_total,
  report.values[array_position(kind.names, 'memory_percent')] AS memory_percent,
  report.values[array_position(kind.names, 'swap_usage')] AS swap_usage,
  report.values[array_position(kind.names, 'storage_usage')] AS storage_usage,
  report.values[array_position(kind.names, 'storage_total')] AS storage_total,
  report.values[array_position(kind.names, 'storage_percent')] AS storage_percent,
  report.values[array_position(kind.names, 'disk_read_bytes_per_second')] AS disk_read_bytes_per_second,
  report.values[array_position(kind.names, 'disk_write_bytes_per_second')] AS disk_write_bytes_per_second,
  report.values[array_position(kind.names, 'network_received_bytes_per_second')] AS network_received_bytes_per_second,
  report.values[array_position(kind.names, 'network_sent_bytes_per_second')] AS network_sent_bytes_per_second,
  report.values[array_position(kind.names, 'load_1m')] AS load_1m,
  report.values[array_position(kind.names, 'load_5m')] AS load_5m,
  report.values[array_position(kind.names, 'load_15m')] AS load_15m,
  report.values[array_position(kind.names, 'uptime_seconds')] AS uptime_seconds,
  report.values[array_position(kind.names, 'process_count')] AS process_count
FROM metric_series AS series
INNER JOIN device_metrics AS report ON report.series_id = series.id
INNER JOIN metric_sets AS kind ON kind.id = report.metric_set_id;

COMMENT ON VIEW device_system_metrics IS 'One row per report, the metrics of a host as columns; NULL where the report has none of that name.';
