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
