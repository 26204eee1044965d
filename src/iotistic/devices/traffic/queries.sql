-- Everything about traffic that is asked of the database.

-- name: add_traffic
-- Adds what a process counted to what is there of the same hour, all of it in one statement.
INSERT INTO device_traffic_stats AS kept (device_uuid, timestamp, kind, requests, refused, bytes_received, bytes_sent)
SELECT
  counted.device_uuid, counted.timestamp, counted.kind, counted.requests, counted.refused, counted.bytes_received,
  counted.bytes_sent
FROM
  unnest(
    %(device_uuids)s::uuid [], %(timestamps)s::timestamptz [], %(kinds)s::text [], %(requests)s::bigint [],
    %(refused)s::bigint [], %(bytes_received)s::bigint [], %(bytes_sent)s::bigint []
  ) AS counted (device_uuid, timestamp, kind, requests, refused, bytes_received, bytes_sent)
ON CONFLICT (device_uuid, timestamp, kind) DO UPDATE SET
  requests = kept.requests + excluded.requests,
  refused = kept.refused + excluded.refused,
  bytes_received = kept.bytes_received + excluded.bytes_received,
  bytes_sent = kept.bytes_sent + excluded.bytes_sent;

-- name: list_traffic
-- What a device sent and got in a stretch of time, newest first, from before a place on.
SELECT device_uuid, timestamp, kind, requests, refused, bytes_received, bytes_sent
FROM device_traffic_stats
WHERE
  device_uuid = %(device_uuid)s::uuid
  AND timestamp >= %(since)s::timestamptz
  AND timestamp < %(until)s::timestamptz
  AND (
    %(before)s::timestamptz IS NULL
    OR timestamp < %(before)s::timestamptz
    OR (timestamp = %(before)s::timestamptz AND kind > %(before_kind)s::text)
  )
ORDER BY timestamp DESC, kind
LIMIT %(limit)s::bigint;
