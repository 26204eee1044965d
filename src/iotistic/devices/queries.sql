-- Everything the registry asks of the database.

-- name: insert_device
-- Registers a device; a name or serial that is taken violates its unique index.
INSERT INTO devices (name, kind, serial, fleet_id)
VALUES (%(name)s::text, %(kind)s::text, %(serial)s::text, %(fleet_id)s::bigint)
RETURNING
  uuid, name, kind, serial, connection_status, created_at, updated_at, retired_at,
  (SELECT fleet.name FROM fleets AS fleet WHERE fleet.id = devices.fleet_id) AS fleet;

-- name: find_device
-- One device by identity, in service or not.
SELECT
  uuid, name, kind, serial, connection_status, created_at, updated_at, retired_at,
  (SELECT fleet.name FROM fleets AS fleet WHERE fleet.id = devices.fleet_id) AS fleet
FROM devices
WHERE uuid = %(uuid)s::uuid;

-- name: find_device_by_name
-- One device in service by what people call it.
SELECT
  uuid, name, kind, serial, connection_status, created_at, updated_at, retired_at,
  (SELECT fleet.name FROM fleets AS fleet WHERE fleet.id = devices.fleet_id) AS fleet
FROM devices
WHERE name = %(name)s::text AND retired_at IS NULL;

-- name: find_device_by_serial
-- One device in service by what its hardware calls itself; locked, so that two enrolments of it follow one another.
SELECT
  uuid, name, kind, serial, connection_status, created_at, updated_at, retired_at,
  (SELECT fleet.name FROM fleets AS fleet WHERE fleet.id = devices.fleet_id) AS fleet
FROM devices
WHERE serial = %(serial)s::text AND retired_at IS NULL
FOR NO KEY UPDATE;

-- name: search_window
-- Those of the next devices by name that the filters mean. Looks at no more than a window, so it never walks through 90,000
-- devices of one site to find the first of another (that took 560 ms); what it finds too few of, search_everywhere finds.
SELECT
  device.uuid, device.name, device.kind, device.serial, device.connection_status, device.created_at, device.updated_at,
  device.retired_at, (SELECT fleet.name FROM fleets AS fleet WHERE fleet.id = device.fleet_id) AS fleet
FROM (
  SELECT device_uuid, name, kind, fleet_id, tags
  FROM device_search
  WHERE (%(after)s::text IS NULL OR name > %(after)s::text)
  ORDER BY name
  LIMIT %(ahead)s::bigint
) AS near
INNER JOIN devices AS device ON device.uuid = near.device_uuid
WHERE
  (%(predicate)s::jsonpath IS NULL OR near.tags @@ %(predicate)s::jsonpath)
  AND (%(keys)s::text [] IS NULL OR near.tags ?& %(keys)s::text [])
  AND (%(kind)s::text IS NULL OR near.kind = %(kind)s::text)
  AND (%(fleet_id)s::bigint IS NULL OR near.fleet_id = %(fleet_id)s::bigint)
  AND (%(pattern)s::text IS NULL OR near.name ILIKE %(pattern)s::text)
  AND (
    %(bound_fleets)s::bigint [] IS NULL
    OR near.fleet_id = ANY(%(bound_fleets)s::bigint [])
    OR near.device_uuid = ANY(%(bound_devices)s::uuid [])
  )
  AND (%(status)s::text IS NULL OR device.connection_status = %(status)s::text)
ORDER BY near.name
LIMIT %(limit)s::bigint;

-- name: search_everywhere
-- The same through the indexes of the filters. The empty text behind the name keeps the planner from walking by name, which it
-- would for any filter that it believes to be common: it cannot know that names and tags go together.
SELECT
  device.uuid, device.name, device.kind, device.serial, device.connection_status, device.created_at, device.updated_at,
  device.retired_at, (SELECT fleet.name FROM fleets AS fleet WHERE fleet.id = device.fleet_id) AS fleet
FROM (
  SELECT candidate.device_uuid, candidate.name
  FROM device_search AS candidate
  WHERE
    (%(after)s::text IS NULL OR candidate.name > %(after)s::text)
    AND (%(predicate)s::jsonpath IS NULL OR candidate.tags @@ %(predicate)s::jsonpath)
    AND (%(keys)s::text [] IS NULL OR candidate.tags ?& %(keys)s::text [])
    AND (%(kind)s::text IS NULL OR candidate.kind = %(kind)s::text)
    AND (%(fleet_id)s::bigint IS NULL OR candidate.fleet_id = %(fleet_id)s::bigint)
    AND (%(pattern)s::text IS NULL OR candidate.name ILIKE %(pattern)s::text)
    AND (
      %(bound_fleets)s::bigint [] IS NULL
      OR candidate.fleet_id = ANY(%(bound_fleets)s::bigint [])
      OR candidate.device_uuid = ANY(%(bound_devices)s::uuid [])
    )
    AND (
      %(status)s::text IS NULL
      OR EXISTS (
        SELECT FROM devices AS device
        WHERE device.uuid = candidate.device_uuid AND device.connection_status = %(status)s::text
      )
    )
  ORDER BY candidate.name || ''
  LIMIT %(limit)s::bigint
) AS page
INNER JOIN devices AS device ON device.uuid = page.device_uuid
ORDER BY page.name;

-- name: list_in_service
-- Which of these devices are in service.
SELECT uuid
FROM devices
WHERE uuid = ANY(%(uuids)s::uuid []) AND retired_at IS NULL
ORDER BY uuid
LIMIT 10000;

-- name: list_names
-- What these devices are called, retired ones too: for whoever reads rows that hold only uuids.
SELECT
  uuid,
  name
FROM devices
WHERE uuid = ANY(%(uuids)s::uuid [])
ORDER BY uuid
LIMIT 10000;

-- name: match_devices
-- Whom a change to many devices is for.
SELECT candidate.device_uuid
FROM device_search AS candidate
WHERE
  (%(predicate)s::jsonpath IS NULL OR candidate.tags @@ %(predicate)s::jsonpath)
  AND (%(keys)s::text [] IS NULL OR candidate.tags ?& %(keys)s::text [])
  AND (%(kind)s::text IS NULL OR candidate.kind = %(kind)s::text)
  AND (%(fleet_id)s::bigint IS NULL OR candidate.fleet_id = %(fleet_id)s::bigint)
  AND (%(pattern)s::text IS NULL OR candidate.name ILIKE %(pattern)s::text)
  AND (
    %(bound_fleets)s::bigint [] IS NULL
    OR candidate.fleet_id = ANY(%(bound_fleets)s::bigint [])
    OR candidate.device_uuid = ANY(%(bound_devices)s::uuid [])
  )
  AND (
    %(status)s::text IS NULL
    OR EXISTS (
      SELECT FROM devices AS device
      WHERE device.uuid = candidate.device_uuid AND device.connection_status = %(status)s::text
    )
  )
ORDER BY candidate.device_uuid
LIMIT %(limit)s::bigint;

-- name: list_retired_devices
-- What was taken out of service, by name; names repeat there.
SELECT
  uuid, name, kind, serial, connection_status, created_at, updated_at, retired_at,
  (SELECT fleet.name FROM fleets AS fleet WHERE fleet.id = devices.fleet_id) AS fleet
FROM devices
WHERE
  retired_at IS NOT NULL
  AND (%(kind)s::text IS NULL OR kind = %(kind)s::text)
  AND (%(fleet_id)s::bigint IS NULL OR fleet_id = %(fleet_id)s::bigint)
  AND (%(pattern)s::text IS NULL OR name ILIKE %(pattern)s::text)
  AND (
    %(bound_fleets)s::bigint [] IS NULL
    OR fleet_id = ANY(%(bound_fleets)s::bigint [])
    OR uuid = ANY(%(bound_devices)s::uuid [])
  )
  AND (%(after)s::text IS NULL OR (name, uuid) > (%(after)s::text, %(after_uuid)s::uuid))
ORDER BY name, uuid
LIMIT %(limit)s::bigint;

-- name: retire_device
-- Takes a device out of service; touches no row when it was before.
UPDATE devices
SET
  retired_at = now(),
  updated_at = now(),
  connection_status = CASE connection_status WHEN 'online' THEN 'offline' ELSE connection_status END
WHERE uuid = %(uuid)s::uuid AND retired_at IS NULL;

-- name: restore_device
-- Takes a device back into service, under another name if one is given; touches no row when it is in service.
UPDATE devices
SET retired_at = NULL, updated_at = now(), name = coalesce(%(name)s::text, name)
WHERE uuid = %(uuid)s::uuid AND retired_at IS NOT NULL;

-- name: rename_device
-- Gives a device another name.
UPDATE devices
SET name = %(name)s::text, updated_at = now()
WHERE uuid = %(uuid)s::uuid
RETURNING
  uuid, name, kind, serial, connection_status, created_at, updated_at, retired_at,
  (SELECT fleet.name FROM fleets AS fleet WHERE fleet.id = devices.fleet_id) AS fleet;

-- name: set_tag
-- Adds a tag or replaces its value; an unchanged value writes nothing.
INSERT INTO device_tags (device_uuid, key, value)
VALUES (%(uuid)s::uuid, %(key)s::text, %(value)s::text)
ON CONFLICT (device_uuid, key) DO UPDATE SET value = excluded.value, updated_at = now()
WHERE device_tags.value <> excluded.value;

-- name: list_tags
-- The tags of a device by key, with those it has from its fleet.
SELECT key, value, FALSE AS inherited
FROM device_tags
WHERE device_uuid = %(uuid)s::uuid
UNION ALL
SELECT given.key, given.value, TRUE AS inherited
FROM devices AS device
INNER JOIN fleets AS fleet ON fleet.id = device.fleet_id
CROSS JOIN LATERAL jsonb_each_text(fleet.default_tags) AS given
WHERE
  device.uuid = %(uuid)s::uuid
  AND NOT EXISTS (SELECT FROM device_tags AS own WHERE own.device_uuid = device.uuid AND own.key = given.key)
ORDER BY key
LIMIT 1000;

-- name: delete_tag
-- Takes a tag away.
DELETE FROM device_tags
WHERE device_uuid = %(uuid)s::uuid AND key = %(key)s::text;

-- name: upsert_host_facts
-- Stores what a device says about its computer.
INSERT INTO device_host_facts (device_uuid, facts, top_processes)
VALUES (%(uuid)s::uuid, %(facts)s::jsonb, %(top_processes)s::jsonb)
ON CONFLICT (device_uuid) DO UPDATE SET
  facts = excluded.facts,
  top_processes = excluded.top_processes,
  reported_at = now();

-- name: find_host_facts
-- The newest a device said about its computer.
SELECT facts, top_processes, reported_at
FROM device_host_facts
WHERE device_uuid = %(uuid)s::uuid;

-- name: touch_contacts
-- Notes that devices were heard of, each at most once in 15 seconds. The rows that are fresh enough are left out before the
-- upsert: ON CONFLICT would lock, and so write, each of them. Sorted, so that two writers never wait for each other crosswise.
INSERT INTO device_contacts (device_uuid, last_contact_at)
SELECT device.uuid, now()
FROM devices AS device
LEFT JOIN device_contacts AS contact ON contact.device_uuid = device.uuid
WHERE
  device.uuid = ANY(%(uuids)s::uuid [])
  AND (contact.last_contact_at IS NULL OR contact.last_contact_at < now() - interval '15 seconds')
ORDER BY device.uuid
ON CONFLICT (device_uuid) DO UPDATE SET last_contact_at = excluded.last_contact_at;

-- name: mark_online
-- The transition to online, for those in service that are not. Locked in order: of two processes that hear from the same devices
-- at once neither waits for the other crosswise.
UPDATE devices AS device
SET connection_status = 'online', updated_at = now()
FROM (
  SELECT uuid
  FROM devices
  WHERE uuid = ANY(%(uuids)s::uuid []) AND connection_status <> 'online' AND retired_at IS NULL
  ORDER BY uuid
  FOR NO KEY UPDATE
) AS silent
WHERE device.uuid = silent.uuid;
