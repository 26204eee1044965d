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
