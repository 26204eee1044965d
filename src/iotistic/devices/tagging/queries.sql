-- Everything about rules of tags, and about tags of many devices, that is asked of the database.

-- name: lock_tags
-- Keeps tags and defaults of fleets from being written until the transaction ends: a change of a rule first looks at what is
-- there, and nothing may slip in between. Readers go on; tags are written rarely and rules more rarely still.
LOCK TABLE device_tags, fleets IN SHARE MODE;

-- name: list_values_outside
-- Values of a key that a rule would forbid, the most common first.
SELECT used.value, count(*) AS holders
FROM (
  SELECT tag.value
  FROM device_tags AS tag
  WHERE tag.key = %(key)s::text AND tag.value <> ALL(%(allowed)s::text [])
  UNION ALL
  SELECT fleet.default_tags ->> %(key)s::text AS value
  FROM fleets AS fleet
  WHERE fleet.default_tags ->> %(key)s::text <> ALL(%(allowed)s::text [])
) AS used
GROUP BY used.value
ORDER BY holders DESC, used.value
LIMIT 5;

-- name: upsert_definition
-- Settles what holds for a key.
INSERT INTO tag_definitions (key, description, allowed_values, is_required)
VALUES (%(key)s::text, %(description)s::text, %(allowed_values)s::text [], %(is_required)s::boolean)
ON CONFLICT (key) DO UPDATE SET
  description = excluded.description,
  allowed_values = excluded.allowed_values,
  is_required = excluded.is_required,
  updated_at = now()
RETURNING key, description, allowed_values, is_required, created_at, updated_at;

-- name: find_definition
-- What holds for a key.
SELECT key, description, allowed_values, is_required, created_at, updated_at
FROM tag_definitions
WHERE key = %(key)s::text;

-- name: list_definitions
-- Rules by key, from behind a key on.
SELECT key, description, allowed_values, is_required, created_at, updated_at
FROM tag_definitions
WHERE (%(after)s::text IS NULL OR key > %(after)s::text)
ORDER BY key
LIMIT %(limit)s::bigint;

-- name: delete_definition
-- Lets a key have any value again.
DELETE FROM tag_definitions
WHERE key = %(key)s::text;

-- name: list_incomplete
-- Devices in service without a tag that every device should have, by name. A fleet may give it.
SELECT found.device_uuid AS uuid, found.name, lacking.missing
FROM device_search AS found
CROSS JOIN LATERAL (
  SELECT array_agg(definition.key ORDER BY definition.key) AS missing
  FROM tag_definitions AS definition
  WHERE definition.is_required AND NOT found.tags ? definition.key
) AS lacking
WHERE (%(after)s::text IS NULL OR found.name > %(after)s::text) AND lacking.missing IS NOT NULL
ORDER BY found.name
LIMIT %(limit)s::bigint;

-- name: set_tags
-- Gives each of these devices each of these tags; what is so already is not written.
INSERT INTO device_tags (device_uuid, key, value)
SELECT device.uuid, tag.key, tag.value
FROM devices AS device
CROSS JOIN unnest(%(keys)s::text [], %(values)s::text []) AS tag (key, value)
WHERE device.uuid = ANY(%(uuids)s::uuid [])
ORDER BY device.uuid, tag.key
ON CONFLICT (device_uuid, key) DO UPDATE SET value = excluded.value, updated_at = now()
WHERE device_tags.value <> excluded.value
RETURNING device_uuid;

-- name: remove_tags
-- Takes these tags from these devices.
DELETE FROM device_tags
WHERE device_uuid = ANY(%(uuids)s::uuid []) AND key = ANY(%(keys)s::text [])
RETURNING device_uuid;
