-- Everything about many devices at once that is asked of the database.

-- name: lock_fleets
-- The fleets of an import. Locked before its devices, in the order in which a change of a fleet locks both.
SELECT name, id
FROM fleets
WHERE name = ANY(%(names)s::text [])
ORDER BY id
FOR SHARE;

-- name: lock_known
-- Which of these serials are in service, locked in order until the import ends.
SELECT serial, uuid
FROM devices
WHERE serial = ANY(%(serials)s::text []) AND retired_at IS NULL
ORDER BY uuid
FOR NO KEY UPDATE;

-- name: list_names_taken
-- Which of these names are in service, and whose they are.
SELECT name, uuid
FROM devices
WHERE name = ANY(%(names)s::text []) AND retired_at IS NULL;

-- name: list_allowed_values
-- The rules that an import has to keep.
SELECT key, allowed_values
FROM tag_definitions
WHERE allowed_values IS NOT NULL;

-- name: insert_devices
-- Registers devices with their tags; a name or serial that was taken meanwhile is passed over, and its row not returned. In one
-- statement, so that the triggers that look at devices and tags find both: apart, each row of the search was made twice.
WITH made AS (
  INSERT INTO devices (name, kind, serial, fleet_id)
  SELECT stated.name, stated.kind, stated.serial, stated.fleet_id
  FROM
    unnest(%(names)s::text [], %(kinds)s::text [], %(serials)s::text [], %(fleet_ids)s::bigint [])
    AS stated (name, kind, serial, fleet_id)
  ON CONFLICT DO NOTHING
  RETURNING name, uuid
),

tagged AS (
  INSERT INTO device_tags (device_uuid, key, value)
  SELECT made.uuid, stated.key, stated.value
  FROM unnest(%(tagged_names)s::text [], %(keys)s::text [], %(values)s::text []) AS stated (name, key, value)
  INNER JOIN made ON made.name = stated.name
)

SELECT name, uuid
FROM made;

-- name: update_devices
-- Brings known devices in step with what a file says; a device that is so already is not written.
UPDATE devices AS device
SET name = stated.name, kind = stated.kind, fleet_id = coalesce(stated.fleet_id, device.fleet_id), updated_at = now()
FROM
  unnest(%(uuids)s::uuid [], %(names)s::text [], %(kinds)s::text [], %(fleet_ids)s::bigint [])
  AS stated (uuid, name, kind, fleet_id)
WHERE
  device.uuid = stated.uuid
  AND (device.name, device.kind, device.fleet_id)
  IS DISTINCT FROM (stated.name, stated.kind, coalesce(stated.fleet_id, device.fleet_id))
RETURNING device.uuid;

-- name: upsert_tags
-- Adds tags or replaces their values; what is so already is not written.
INSERT INTO device_tags (device_uuid, key, value)
SELECT stated.uuid, stated.key, stated.value
FROM unnest(%(uuids)s::uuid [], %(keys)s::text [], %(values)s::text []) AS stated (uuid, key, value)
ON CONFLICT (device_uuid, key) DO UPDATE SET value = excluded.value, updated_at = now()
WHERE device_tags.value <> excluded.value
RETURNING device_uuid;

-- name: list_own_tags
-- The tags of some devices without those from their fleets.
SELECT device_uuid, key, value
FROM device_tags
WHERE device_uuid = ANY(%(uuids)s::uuid []);

-- name: list_keys
-- Every key that is in use, a step in the index for each instead of a walk over all tags.
WITH RECURSIVE used AS (
  (SELECT key FROM device_tags ORDER BY key LIMIT 1)
  UNION ALL
  SELECT (SELECT tag.key FROM device_tags AS tag WHERE tag.key > used.key ORDER BY tag.key LIMIT 1)
  FROM used
  WHERE used.key IS NOT NULL
)

SELECT key
FROM used
WHERE key IS NOT NULL
ORDER BY key
LIMIT %(limit)s::bigint;
