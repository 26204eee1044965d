-- name: find_metric_set
-- The number of a list of metric names and units.
SELECT
  id,
  metric_names_id
FROM metric_sets
WHERE digest = %(digest)s::bytea;

-- name: find_metric_names
-- The number of a list of metric names.
SELECT id
FROM metric_name_lists
WHERE digest = %(digest)s::bytea;

-- name: create_metric_names
-- Gives it one, unless its device has brought its share of new lists, or another process is quicker.
INSERT INTO metric_name_lists (digest)
SELECT %(digest)s::bytea
WHERE (
  SELECT count(*)
  FROM metric_sets
  WHERE first_device_uuid = %(device_uuid)s::uuid
) < %(most)s::bigint
ON CONFLICT (digest) DO NOTHING
RETURNING id;

-- name: create_metric_set
-- Gives it one, unless its device has brought its share of new lists, or another process is quicker.
INSERT INTO metric_sets (metric_names_id, names, units, digest, first_device_uuid)
SELECT
  %(metric_names_id)s::integer,
  %(names)s::text [],
  %(units)s::text [],
  %(digest)s::bytea,
  %(device_uuid)s::uuid
WHERE (
  SELECT count(*)
  FROM metric_sets
  WHERE first_device_uuid = %(device_uuid)s::uuid
) < %(most)s::bigint
ON CONFLICT (digest) DO NOTHING;

-- name: find_series
-- The numbers of devices with lists of metric names, as far as they have one.
SELECT
  asked.number,
  series.id
FROM unnest(%(devices)s::uuid [], %(names_ids)s::integer []) WITH ORDINALITY AS asked (device_uuid, metric_names_id, number)
INNER JOIN metric_series AS series
  ON series.device_uuid = asked.device_uuid AND series.metric_names_id = asked.metric_names_id;

-- name: create_series
-- Gives them one, unless another process is quicker. In key order, so that two processes with the same devices cannot deadlock.
INSERT INTO metric_series (device_uuid, metric_names_id)
SELECT
  asked.device_uuid,
  asked.metric_names_id
FROM unnest(%(devices)s::uuid [], %(names_ids)s::integer []) AS asked (device_uuid, metric_names_id)
ORDER BY asked.device_uuid, asked.metric_names_id
ON CONFLICT (device_uuid, metric_names_id) DO NOTHING;

-- name: find_clock
-- How far a device's clock is off, and whether it is trusted.
SELECT
  clock.skew,
  clock.measured_at,
  stamped.device_uuid IS NOT NULL AS stamped_on_receipt
FROM (SELECT %(device_uuid)s::uuid AS device_uuid) AS asked
LEFT JOIN device_clocks AS clock ON clock.device_uuid = asked.device_uuid
LEFT JOIN receipt_stamped_devices AS stamped ON stamped.device_uuid = asked.device_uuid;

-- name: note_clocks
-- Stores estimates; the caller passes each at most once a minute.
INSERT INTO device_clocks (device_uuid, skew, measured_at)
SELECT
  found.device_uuid,
  found.skew,
  %(now)s::timestamptz
FROM unnest(%(device_uuids)s::uuid [], %(skews)s::interval []) AS found (device_uuid, skew)
ORDER BY found.device_uuid
ON CONFLICT (device_uuid) DO UPDATE SET skew = excluded.skew, measured_at = excluded.measured_at;

-- name: list_receipt_stamped
-- Whose reports are dated by their receipt: read by every ingest now and then, kept in memory.
SELECT device_uuid
FROM receipt_stamped_devices
ORDER BY device_uuid
LIMIT %(limit)s::bigint;

-- name: stamp_on_receipt
-- From now on the device's reports are dated by their receipt.
INSERT INTO receipt_stamped_devices (device_uuid)
VALUES (%(device_uuid)s::uuid)
ON CONFLICT (device_uuid) DO NOTHING;

-- name: trust_clock
-- From now on they are dated by the device again.
DELETE FROM receipt_stamped_devices
WHERE device_uuid = %(device_uuid)s::uuid;

-- name: find_receipts
-- What was answered to requests with these keys, yesterday or today. Bounds are parameters: their leaves, and no others.
SELECT
  asked.number,
  kept.request_digest,
  kept.receipt
FROM unnest(%(senders)s::uuid [], %(routes)s::text [], %(idempotency_keys)s::text [])
WITH ORDINALITY AS asked (sender_uuid, route, idempotency_key, number)
CROSS JOIN LATERAL (
  SELECT
    receipt.request_digest,
    receipt.receipt
  FROM ingest_receipts AS receipt
  WHERE
    receipt.sender_uuid = asked.sender_uuid
    AND receipt.idempotency_key = asked.idempotency_key
    AND receipt.route = asked.route
    AND receipt.received_day >= %(since)s::timestamptz
    AND receipt.received_day <= %(until)s::timestamptz
  ORDER BY receipt.received_day
  LIMIT 1
) AS kept;

-- name: keep_receipts
-- Stores answers with their rows; tells which of them were first with their key.
INSERT INTO ingest_receipts (received_day, sender_uuid, route, idempotency_key, request_digest, receipt)
SELECT
  answer.received_day,
  answer.sender_uuid,
  answer.route,
  answer.idempotency_key,
  answer.request_digest,
  answer.receipt
FROM unnest(
  %(days)s::timestamptz [], %(senders)s::uuid [], %(routes)s::text [], %(idempotency_keys)s::text [],
  %(digests)s::bytea [], %(receipts)s::bytea []
) AS answer (received_day, sender_uuid, route, idempotency_key, request_digest, receipt)
ORDER BY answer.sender_uuid, answer.idempotency_key, answer.route
ON CONFLICT DO NOTHING
RETURNING sender_uuid, route, idempotency_key;

-- name: mend_latest
-- Brings the latest reports up to history: a process that was killed may have stored a report and not noted it as the latest.
UPDATE device_metric_latest AS latest
SET timestamp = newest.timestamp, metric_set_id = newest.metric_set_id, values = newest.values
FROM device_metric_latest AS known
CROSS JOIN LATERAL (
  SELECT
    report.timestamp,
    report.metric_set_id,
    report.values
  FROM device_metrics AS report
  WHERE
    report.series_id = known.series_id
    AND report.timestamp > known.timestamp
    AND report.timestamp >= %(since)s::timestamptz
    AND report.timestamp < %(until)s::timestamptz
  ORDER BY report.timestamp DESC
  LIMIT 1
) AS newest
WHERE
  latest.device_uuid = known.device_uuid
  AND latest.series_id = known.series_id
  AND latest.timestamp < newest.timestamp;

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
