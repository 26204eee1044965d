-- Everything about fleets that is asked of the database.

-- name: insert_fleet
-- Makes a fleet; a taken name violates fleets_name_key.
INSERT INTO fleets (name, description, default_tags, default_settings, expected_every)
VALUES (
  %(name)s::text, %(description)s::text, %(default_tags)s::jsonb, %(default_settings)s::jsonb, %(expected_every)s::interval
);

-- name: find_fleet
-- One fleet, and how many devices in service it has.
SELECT
  fleet.name, fleet.description, fleet.default_tags, fleet.default_settings, fleet.expected_every,
  (SELECT count(*) FROM device_search AS member WHERE member.fleet_id = fleet.id) AS devices,
  fleet.created_at, fleet.updated_at
FROM fleets AS fleet
WHERE fleet.name = %(name)s::text;

-- name: find_fleet_id
-- What devices refer to a fleet by.
SELECT id
FROM fleets
WHERE name = %(name)s::text;

-- name: list_fleets
-- Fleets by name, from behind a name on.
SELECT
  fleet.name, fleet.description, fleet.default_tags, fleet.default_settings, fleet.expected_every,
  (SELECT count(*) FROM device_search AS member WHERE member.fleet_id = fleet.id) AS devices,
  fleet.created_at, fleet.updated_at
FROM fleets AS fleet
WHERE
  (%(after)s::text IS NULL OR fleet.name > %(after)s::text)
  AND (%(bound_fleets)s::bigint [] IS NULL OR fleet.id = ANY(%(bound_fleets)s::bigint []))
ORDER BY fleet.name
LIMIT %(limit)s::bigint;

-- name: replace_fleet
-- Says anew what a fleet is.
UPDATE fleets
SET
  description = %(description)s::text,
  default_tags = %(default_tags)s::jsonb,
  default_settings = %(default_settings)s::jsonb,
  expected_every = %(expected_every)s::interval,
  settings_version = settings_version + (default_settings <> %(default_settings)s::jsonb)::int,
  updated_at = now()
WHERE name = %(name)s::text;

-- name: release_retired_devices
-- Lets a fleet go from devices that are out of service.
UPDATE devices
SET fleet_id = NULL
WHERE fleet_id = (SELECT fleet.id FROM fleets AS fleet WHERE fleet.name = %(name)s::text) AND retired_at IS NOT NULL;

-- name: delete_fleet
-- Deletes a fleet; one with devices violates devices_fleet_id_fkey.
DELETE FROM fleets
WHERE name = %(name)s::text;

-- name: assign_devices
-- Moves devices to a fleet, or to none; those that are in it stay untouched. Locked in order before they are written.
UPDATE devices AS device
SET fleet_id = %(fleet_id)s::bigint, updated_at = now()
FROM (
  SELECT uuid
  FROM devices
  WHERE uuid = ANY(%(uuids)s::uuid []) AND fleet_id IS DISTINCT FROM %(fleet_id)s::bigint
  ORDER BY uuid
  FOR NO KEY UPDATE
) AS moved
WHERE device.uuid = moved.uuid;

-- name: list_unknown_devices
-- Which of these no device has.
SELECT stated.uuid
FROM unnest(%(uuids)s::uuid []) AS stated (uuid)
WHERE NOT EXISTS (SELECT FROM devices AS device WHERE device.uuid = stated.uuid)
ORDER BY stated.uuid
LIMIT 10;
