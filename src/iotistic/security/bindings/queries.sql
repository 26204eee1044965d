-- Who has which role, and on what.

-- name: grant_role
-- Gives a role, or says anew until when. A fleet that is unknown gives nothing: left out, it would mean everything.
INSERT INTO role_bindings (user_id, role, fleet_id, device_uuid, expires_at, granted_by)
SELECT
  person.id AS user_id, %(role)s::text AS role, fleet.id AS fleet_id, %(device_uuid)s::uuid AS device_uuid,
  %(expires_at)s::timestamptz AS expires_at, '' AS granted_by
FROM users AS person
LEFT JOIN fleets AS fleet ON fleet.name = %(fleet)s::text
WHERE person.username = %(username)s::text AND (%(fleet)s::text IS NULL OR fleet.id IS NOT NULL)
ON CONFLICT ON CONSTRAINT role_bindings_user_id_role_fleet_id_device_uuid_key
DO UPDATE SET expires_at = excluded.expires_at, granted_by = excluded.granted_by, granted_at = now()
RETURNING id;

-- name: find_binding
-- One binding by number.
SELECT
  held.id, person.username, held.role, fleet.name AS fleet, held.device_uuid, held.expires_at, held.granted_by, held.granted_at
FROM role_bindings AS held
INNER JOIN users AS person ON person.id = held.user_id
LEFT JOIN fleets AS fleet ON fleet.id = held.fleet_id
WHERE held.id = %(id)s::bigint;

-- name: list_bindings
-- Bindings in the order they were made, of one person if one is named; those that have ended too.
SELECT
  held.id, person.username, held.role, fleet.name AS fleet, held.device_uuid, held.expires_at, held.granted_by, held.granted_at
FROM role_bindings AS held
INNER JOIN users AS person ON person.id = held.user_id
LEFT JOIN fleets AS fleet ON fleet.id = held.fleet_id
WHERE
  (%(username)s::text IS NULL OR person.username = %(username)s::text)
  AND (%(after)s::bigint IS NULL OR held.id > %(after)s::bigint)
ORDER BY held.id
LIMIT %(limit)s::bigint;

-- name: revoke_role
-- Takes a role from somebody.
DELETE FROM role_bindings
WHERE id = %(id)s::bigint;

-- name: list_outside
-- Which of these devices do not lie inside the bounds; unknown ones never do.
SELECT asked.uuid
FROM unnest(%(uuids)s::uuid []) AS asked (uuid)
WHERE
  NOT EXISTS (
    SELECT FROM devices AS device
    WHERE
      device.uuid = asked.uuid
      AND (device.uuid = ANY(%(bound_devices)s::uuid []) OR device.fleet_id = ANY(%(bound_fleets)s::bigint []))
  )
ORDER BY asked.uuid
LIMIT 10000;

-- name: fleet_is_inside
-- Whether a fleet lies inside the bounds; an unknown one never does.
SELECT EXISTS (
  SELECT FROM fleets WHERE name = %(name)s::text AND id = ANY(%(bound_fleets)s::bigint [])
) AS found;
