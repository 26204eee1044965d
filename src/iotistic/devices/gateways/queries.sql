-- Everything about gateways that is asked of the database.

-- name: grant_devices
-- Lets a gateway send for devices; a grant that is there stays.
INSERT INTO gateway_devices (gateway_uuid, device_uuid)
SELECT
  %(gateway_uuid)s::uuid,
  stated.uuid
FROM unnest(%(device_uuids)s::uuid []) AS stated (uuid)
ORDER BY stated.uuid
ON CONFLICT (gateway_uuid, device_uuid) DO NOTHING;

-- name: revoke_devices
-- Takes grants back.
DELETE FROM gateway_devices
WHERE gateway_uuid = %(gateway_uuid)s::uuid AND device_uuid = ANY(%(device_uuids)s::uuid []);

-- name: list_granted
-- A page of the devices a gateway may send for, by uuid.
SELECT
  given.device_uuid,
  device.name,
  device.retired_at IS NOT NULL AS retired,
  given.granted_at
FROM gateway_devices AS given
INNER JOIN devices AS device ON device.uuid = given.device_uuid
WHERE
  given.gateway_uuid = %(gateway_uuid)s::uuid
  AND (%(after)s::uuid IS NULL OR given.device_uuid > %(after)s::uuid)
ORDER BY given.device_uuid
LIMIT %(limit)s::bigint;

-- name: list_allowed
-- Which of these devices a gateway may send for now: granted, and in service. Asked for every body, so that a revoked grant ends
-- at once.
SELECT given.device_uuid
FROM gateway_devices AS given
INNER JOIN devices AS device ON device.uuid = given.device_uuid
WHERE
  given.gateway_uuid = %(gateway_uuid)s::uuid
  AND given.device_uuid = ANY(%(device_uuids)s::uuid [])
  AND device.retired_at IS NULL
ORDER BY given.device_uuid
LIMIT %(limit)s::bigint;
