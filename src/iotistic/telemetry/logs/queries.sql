-- name: list_older_lines
-- Newest first, from behind the last line of the page before. Bounds are parameters, so that only their days are planned.
SELECT
  device_uuid,
  timestamp,
  sequence,
  level,
  service,
  message
FROM device_logs
WHERE
  (device_uuid = ANY(%(devices)s::uuid []) OR %(devices)s::uuid [] IS NULL)
  AND timestamp >= %(since)s::timestamptz
  AND timestamp < %(until)s::timestamptz
  AND level = ANY(%(levels)s::text [])
  AND (service = %(service)s::text OR %(service)s::text IS NULL)
  AND (message ILIKE %(pattern)s::text OR %(pattern)s::text IS NULL)
  AND (
    %(after_device)s::uuid IS NULL
    OR (timestamp, device_uuid, sequence) < (%(after_time)s::timestamptz, %(after_device)s::uuid, %(after_sequence)s::bigint)
  )
ORDER BY timestamp DESC, device_uuid DESC, sequence DESC
LIMIT %(limit)s::bigint;

-- name: list_newer_lines
-- Oldest first, the other way round: what a follower reads.
SELECT
  device_uuid,
  timestamp,
  sequence,
  level,
  service,
  message
FROM device_logs
WHERE
  (device_uuid = ANY(%(devices)s::uuid []) OR %(devices)s::uuid [] IS NULL)
  AND timestamp >= %(since)s::timestamptz
  AND timestamp < %(until)s::timestamptz
  AND level = ANY(%(levels)s::text [])
  AND (service = %(service)s::text OR %(service)s::text IS NULL)
  AND (message ILIKE %(pattern)s::text OR %(pattern)s::text IS NULL)
  AND (
    %(after_device)s::uuid IS NULL
    OR (timestamp, device_uuid, sequence) > (%(after_time)s::timestamptz, %(after_device)s::uuid, %(after_sequence)s::bigint)
  )
ORDER BY timestamp, device_uuid, sequence
LIMIT %(limit)s::bigint;

-- name: take_snapshot
-- How far somebody is who has seen all there is.
SELECT
  now() AS at,
  pg_current_snapshot()::text AS seen;

-- name: look_for_arrivals
-- What the present snapshot sees (or the one whose lines are being handed out) and the follower's did not, in the order of the
-- transactions. Bounds are parameters: two days of leaves, and no others.
SELECT
  now() AS now,
  moment.until::text AS until,
  greatest(pg_snapshot_xmax(%(seen)s::text::pg_snapshot), pg_snapshot_xmax(moment.until))
  > pg_snapshot_xmax(pg_current_snapshot()) AS is_elsewhere,
  ARRAY(
    SELECT arrival.transaction_id::text::bigint
    FROM device_log_arrivals AS arrival
    WHERE
      arrival.arrived_at >= %(since)s::timestamptz
      AND arrival.transaction_id >= pg_snapshot_xmin(%(seen)s::text::pg_snapshot)
      AND arrival.transaction_id >= %(transaction_id)s::bigint::text::xid8
      AND (arrival.transaction_id > %(transaction_id)s::bigint::text::xid8 OR %(within)s::boolean)
      AND NOT pg_visible_in_snapshot(arrival.transaction_id, %(seen)s::text::pg_snapshot)
      AND pg_visible_in_snapshot(arrival.transaction_id, moment.until)
    ORDER BY arrival.transaction_id
    LIMIT %(limit)s::bigint
  ) AS transactions
FROM (SELECT coalesce(%(until)s::text::pg_snapshot, pg_current_snapshot()) AS until) AS moment;

-- name: list_arrived_lines
-- The lines of these transactions. The inner ORDER BY keeps the planner at reading each device's few by the key: it cannot know how short the
-- spans are, and would read whole days.
SELECT
  arrival.transaction_id::text::bigint AS transaction_id,
  line.device_uuid,
  line.timestamp,
  line.sequence,
  line.level,
  line.service,
  line.message
FROM device_log_arrivals AS arrival
CROSS JOIN LATERAL unnest(arrival.devices, arrival.since, arrival.until) AS part (device_uuid, since, until)
CROSS JOIN LATERAL (
  SELECT
    stored.device_uuid,
    stored.timestamp,
    stored.sequence,
    stored.level,
    stored.service,
    stored.message
  FROM device_logs AS stored
  WHERE
    stored.device_uuid = part.device_uuid
    AND stored.timestamp >= part.since
    AND stored.timestamp <= part.until
    AND stored.xmin = arrival.transaction_id::xid
    AND stored.level = ANY(%(levels)s::text [])
    AND (stored.service = %(service)s::text OR %(service)s::text IS NULL)
    AND (stored.message ILIKE %(pattern)s::text OR %(pattern)s::text IS NULL)
  ORDER BY stored.timestamp, stored.sequence
) AS line
WHERE
  arrival.arrived_at >= %(since)s::timestamptz
  AND arrival.transaction_id = ANY(%(transactions)s::bigint []::text []::xid8 [])
  AND (part.device_uuid = ANY(%(devices)s::uuid []) OR %(devices)s::uuid [] IS NULL)
  AND (
    %(after_time)s::timestamptz IS NULL
    OR arrival.transaction_id > %(after_transaction)s::bigint::text::xid8
    OR (line.timestamp, line.device_uuid, line.sequence)
    > (%(after_time)s::timestamptz, %(after_device)s::uuid, %(after_sequence)s::bigint)
  )
ORDER BY arrival.transaction_id, line.timestamp, line.device_uuid, line.sequence
LIMIT %(limit)s::bigint;
