-- Everything shadows ask of the database.

-- name: find_versions
-- How far both halves and the settings of the fleet have come, without documents: all that a poll of an unchanged shadow costs.
SELECT
  coalesce(desired.version, 0) AS desired,
  coalesce(reported.version, 0) AS reported,
  coalesce(device.fleet_id, 0) AS fleet,
  coalesce(fleet.settings_version, 0) AS settings
FROM devices AS device
LEFT JOIN fleets AS fleet ON fleet.id = device.fleet_id
LEFT JOIN device_shadows AS desired ON desired.device_uuid = device.uuid AND desired.half = 'desired'
LEFT JOIN device_shadows AS reported ON reported.device_uuid = device.uuid AND reported.half = 'reported'
WHERE device.uuid = %(uuid)s::uuid;

-- name: find_shadow
-- Both halves and what the fleet gives in one statement, so that they are of one moment.
SELECT
  device.uuid AS device_uuid,
  coalesce(device.fleet_id, 0) AS fleet,
  coalesce(fleet.settings_version, 0) AS settings,
  fleet.default_settings::text AS defaults,
  desired.version AS desired_version,
  desired.document::text AS desired_document,
  desired.changed_at AS desired_changed_at,
  reported.version AS reported_version,
  reported.document::text AS reported_document,
  reported.changed_at AS reported_changed_at
FROM devices AS device
LEFT JOIN fleets AS fleet ON fleet.id = device.fleet_id
LEFT JOIN device_shadows AS desired ON desired.device_uuid = device.uuid AND desired.half = 'desired'
LEFT JOIN device_shadows AS reported ON reported.device_uuid = device.uuid AND reported.half = 'reported'
WHERE device.uuid = %(uuid)s::uuid;

-- name: find_inherited_versions
-- How far what is desired of a device and the settings of its fleet have come: all that a poll of unchanged settings costs.
SELECT
  coalesce(desired.version, 0) AS desired,
  coalesce(device.fleet_id, 0) AS fleet,
  coalesce(fleet.settings_version, 0) AS settings
FROM devices AS device
LEFT JOIN fleets AS fleet ON fleet.id = device.fleet_id
LEFT JOIN device_shadows AS desired ON desired.device_uuid = device.uuid AND desired.half = 'desired'
WHERE device.uuid = %(uuid)s::uuid;

-- name: find_inherited
-- What is desired of a device and what its fleet gives it, in one statement, so that they are of one moment.
SELECT
  coalesce(desired.version, 0) AS desired,
  coalesce(device.fleet_id, 0) AS fleet,
  coalesce(fleet.settings_version, 0) AS settings,
  fleet.name AS fleet_name,
  fleet.default_settings::text AS defaults,
  desired.document::text AS document
FROM devices AS device
LEFT JOIN fleets AS fleet ON fleet.id = device.fleet_id
LEFT JOIN device_shadows AS desired ON desired.device_uuid = device.uuid AND desired.half = 'desired'
WHERE device.uuid = %(uuid)s::uuid;

-- name: find_half
-- One half as it is, and whether the device is in service; the device without the half when it was never written.
SELECT device.retired_at, shadow.version, shadow.document::text AS document, shadow.changed_at
FROM devices AS device
LEFT JOIN device_shadows AS shadow ON shadow.device_uuid = device.uuid AND shadow.half = %(half)s::text
WHERE device.uuid = %(uuid)s::uuid;

-- name: lock_half
-- Makes this writer the next one; waits for the one before.
SELECT version
FROM device_shadows
WHERE device_uuid = %(uuid)s::uuid AND half = %(half)s::text
FOR UPDATE;

-- name: write_half
-- Stores the next version and its history, unless the half has moved on from the version it is built on: then nothing is written.
-- The clock is read now, not at the start of the transaction, so that time rises with the version.
WITH written AS (
  INSERT INTO device_shadows AS shadow (device_uuid, half, version, document, changed_at)
  SELECT %(uuid)s::uuid, %(half)s::text, 1, %(document)s::jsonb, clock_timestamp()
  WHERE
    %(built_on)s::bigint = 0
    OR EXISTS (
      SELECT FROM device_shadows AS present
      WHERE present.device_uuid = %(uuid)s::uuid AND present.half = %(half)s::text
    )
  ON CONFLICT (device_uuid, half) DO UPDATE SET
    version = shadow.version + 1,
    document = excluded.document,
    changed_at = greatest(clock_timestamp(), shadow.changed_at)
  WHERE shadow.version = %(built_on)s::bigint
  RETURNING shadow.device_uuid, shadow.half, shadow.version, shadow.document, shadow.changed_at
)
INSERT INTO device_state_history (
  device_uuid, half, version, document, actor_kind, actor, cause, restored_version, recorded_at
)
SELECT
  device_uuid,
  half,
  version,
  document,
  %(actor_kind)s::text,
  %(actor)s::text,
  %(cause)s::text,
  %(restored_version)s::bigint,
  changed_at
FROM written
RETURNING version, document::text AS document, recorded_at AS changed_at;

-- name: find_version
-- One half as it was at a version.
SELECT version, document::text AS document, recorded_at AS changed_at
FROM device_state_history
WHERE device_uuid = %(uuid)s::uuid AND half = %(half)s::text AND version = %(version)s::bigint;

-- name: find_moment
-- One half as it was at a moment.
SELECT version, document::text AS document, recorded_at AS changed_at
FROM device_state_history
WHERE device_uuid = %(uuid)s::uuid AND half = %(half)s::text AND recorded_at <= %(moment)s::timestamptz
ORDER BY recorded_at DESC, version DESC
LIMIT 1;

-- name: list_revisions
-- How the versions of a half came to be, newest first, from before a version on.
SELECT version, actor_kind, actor, cause, restored_version, recorded_at
FROM device_state_history
WHERE
  device_uuid = %(uuid)s::uuid
  AND half = %(half)s::text
  AND (%(before)s::bigint IS NULL OR version < %(before)s::bigint)
ORDER BY version DESC
LIMIT %(limit)s::bigint;

-- name: thin_history
-- Forgets versions that are both old and many behind the present one, a bunch at a time; the present one always stays.
DELETE FROM device_state_history AS old
USING (
  SELECT version.device_uuid, version.half, version.version
  FROM device_state_history AS version
  INNER JOIN device_shadows AS present ON present.device_uuid = version.device_uuid AND present.half = version.half
  WHERE
    version.recorded_at < now() - %(age)s::interval
    AND version.version <= present.version - %(keep)s::bigint
  ORDER BY version.recorded_at
  LIMIT %(limit)s::bigint
) AS doomed
WHERE
  old.device_uuid = doomed.device_uuid AND old.half = doomed.half AND old.version = doomed.version;
