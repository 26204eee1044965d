-- Keys as people look after them.

-- name: insert_account_key
-- Stores a new key of a person or service; answers nothing when there is no such active account.
INSERT INTO api_keys (
  key_id, kind, user_id, label, secret_hash, pepper_version, scopes, allowed_networks, expires_at
)
SELECT
  %(key_id)s::text AS key_id, %(kind)s::text AS kind, account.id AS user_id, %(label)s::text AS label,
  %(secret_hash)s::bytea AS secret_hash, %(pepper_version)s::bigint AS pepper_version, %(scopes)s::text [] AS scopes,
  %(networks)s::cidr [] AS allowed_networks, now() + %(lasts)s::interval AS expires_at
FROM users AS account
WHERE account.username = %(username)s::text AND account.is_active
RETURNING key_id;

-- name: insert_device_key
-- Stores a new key of a device in service; answers nothing when there is none such.
INSERT INTO api_keys (key_id, kind, device_uuid, label, secret_hash, pepper_version, allowed_networks, expires_at)
SELECT
  %(key_id)s::text AS key_id, 'device' AS kind, device.uuid AS device_uuid, %(label)s::text AS label,
  %(secret_hash)s::bytea AS secret_hash, %(pepper_version)s::bigint AS pepper_version,
  %(networks)s::cidr [] AS allowed_networks, now() + %(lasts)s::interval AS expires_at
FROM devices AS device
WHERE device.uuid = %(device_uuid)s::uuid AND device.retired_at IS NULL
RETURNING key_id;

-- name: insert_successor
-- Stores the key that takes the place of another: for the same bearer, scopes and networks, and for as long anew.
INSERT INTO api_keys (
  key_id, kind, device_uuid, user_id, label, secret_hash, pepper_version, scopes, allowed_networks, replaces, expires_at
)
SELECT
  %(key_id)s::text AS key_id, old.kind, old.device_uuid, old.user_id, old.label, %(secret_hash)s::bytea AS secret_hash,
  %(pepper_version)s::bigint AS pepper_version, old.scopes, old.allowed_networks, old.key_id AS replaces,
  now() + (old.expires_at - old.created_at) AS expires_at
FROM api_keys AS old
WHERE old.key_id = %(replaces)s::text;

-- name: revoke_successor
-- Takes back the key that was to replace another and never was used: its answer may have been lost.
UPDATE api_keys
SET revoked_at = now()
WHERE replaces = %(key_id)s::text AND revoked_at IS NULL;

-- name: retire_key
-- Gives a key an end, and a device time after that to fetch its next one.
UPDATE api_keys
SET
  retires_at = now() + %(grace)s::interval,
  successor_until = CASE WHEN device_uuid IS NOT NULL THEN now() + %(grace)s::interval + %(sleep)s::interval END
WHERE key_id = %(key_id)s::text;

-- name: note_late_fetch
-- That a device fetched its next key after the grace, which it may once.
UPDATE api_keys
SET fetched_late_at = now()
WHERE key_id = %(key_id)s::text AND fetched_late_at IS NULL;

-- name: list_keys
-- Keys by id, with what is known of their use.
SELECT
  key.key_id,
  key.kind,
  CASE
    WHEN key.revoked_at IS NOT NULL THEN 'revoked'
    WHEN key.expires_at <= now() THEN 'expired'
    WHEN key.retires_at <= now() THEN 'replaced'
    WHEN key.retires_at IS NOT NULL THEN 'retiring'
    ELSE 'good'
  END AS state,
  key.device_uuid,
  device.name AS device_name,
  account.username,
  key.label,
  key.scopes,
  key.allowed_networks,
  key.replaces,
  key.created_by,
  key.created_at,
  key.expires_at,
  key.first_used_at,
  key.retires_at,
  key.successor_until,
  key.revoked_at,
  used.last_used_at,
  used.last_used_from
FROM api_keys AS key
LEFT JOIN devices AS device ON device.uuid = key.device_uuid
LEFT JOIN users AS account ON account.id = key.user_id
LEFT JOIN api_key_uses AS used ON used.key_id = key.key_id
WHERE
  (%(key_id)s::text IS NULL OR key.key_id = %(key_id)s::text)
  AND (%(username)s::text IS NULL OR account.username = %(username)s::text)
  AND (%(device_uuid)s::uuid IS NULL OR key.device_uuid = %(device_uuid)s::uuid)
  AND (%(kind)s::text IS NULL OR key.kind = %(kind)s::text)
  AND (NOT %(only_retiring)s::boolean OR key.retires_at IS NOT NULL)
  AND (%(with_revoked)s::boolean OR key.revoked_at IS NULL)
  AND key.key_id > %(after)s::text
ORDER BY key.key_id
LIMIT %(limit)s::bigint;

-- name: report_keys
-- How many devices still come with a key that is being replaced, and how the rest stands.
SELECT
  count(*) AS devices,
  count(*) FILTER (WHERE key.retires_at IS NOT NULL) AS on_old_key,
  count(*) FILTER (WHERE key.retires_at <= now()) AS past_grace,
  count(*) FILTER (WHERE key.successor_until <= now()) AS lost,
  min(used.last_used_at) FILTER (WHERE key.retires_at IS NOT NULL) AS oldest_seen_at,
  count(*) FILTER (WHERE key.retires_at IS NOT NULL AND used.key_id IS NULL) AS never_seen,
  min(key.retires_at) FILTER (WHERE key.retires_at > now()) AS next_end_at,
  (
    SELECT count(*)
    FROM api_keys AS hashed
    WHERE hashed.revoked_at IS NULL AND hashed.pepper_version < (SELECT max(newest.pepper_version) FROM api_keys AS newest)
  ) AS on_old_pepper
FROM api_keys AS key
INNER JOIN devices AS device ON device.uuid = key.device_uuid
LEFT JOIN api_key_uses AS used ON used.key_id = key.key_id
LEFT JOIN fleets AS fleet ON fleet.id = device.fleet_id
WHERE
  key.revoked_at IS NULL AND device.retired_at IS NULL AND (key.replaces IS NULL OR key.first_used_at IS NOT NULL)
  AND (%(fleet)s::text IS NULL OR fleet.name = %(fleet)s::text);

-- name: note_uses
-- Writes down when keys were last used; a key that is gone meanwhile is passed over.
INSERT INTO api_key_uses (key_id, last_used_at, last_used_from)
SELECT used.key_id, now() AS last_used_at, used.address::inet AS last_used_from
FROM unnest(%(key_ids)s::text [], %(addresses)s::text []) AS used (key_id, address)
INNER JOIN api_keys AS key ON key.key_id = used.key_id
ORDER BY used.key_id
ON CONFLICT (key_id) DO UPDATE
SET last_used_at = excluded.last_used_at, last_used_from = excluded.last_used_from;

-- name: insert_rotation
-- Begins to replace the keys of a fleet, or of all devices; answers nothing when there is no such fleet.
INSERT INTO key_rotations (fleet_id, grace, reason, requested_by)
SELECT fleet.id AS fleet_id, %(grace)s::interval AS grace, %(reason)s::text AS reason, %(requested_by)s::text AS requested_by
FROM (SELECT %(fleet)s::text AS name) AS asked
LEFT JOIN fleets AS fleet ON fleet.name = asked.name
WHERE asked.name IS NULL OR fleet.id IS NOT NULL
RETURNING id;

-- name: list_rotations
-- Rotations, newest first; only those that go on, if that is asked.
SELECT
  rotation.id, fleet.name AS fleet, rotation.grace, rotation.reason, rotation.requested_by, rotation.requested_at,
  rotation.marked, rotation.finished_at
FROM key_rotations AS rotation
LEFT JOIN fleets AS fleet ON fleet.id = rotation.fleet_id
WHERE
  (%(id)s::bigint IS NULL OR rotation.id = %(id)s::bigint)
  AND (NOT %(only_open)s::boolean OR rotation.finished_at IS NULL)
ORDER BY rotation.id DESC
LIMIT %(limit)s::bigint;

-- name: advance_rotation
-- Gives the next keys of a rotation their end, in the order of their ids, and notes how far it came. Whoever advances the same one at
-- the same time waits, and goes on from there. Answers how many keys it looked at; nothing when there is no more.
WITH rotation AS (
  SELECT id, fleet_id, grace, requested_at, last_key_id
  FROM key_rotations
  WHERE id = %(id)s::bigint AND finished_at IS NULL
  FOR NO KEY UPDATE
), batch AS (
  SELECT key.key_id, rotation.grace
  FROM rotation
  INNER JOIN api_keys AS key ON key.key_id > rotation.last_key_id AND key.created_at < rotation.requested_at
  INNER JOIN devices AS device ON device.uuid = key.device_uuid
  WHERE
    key.revoked_at IS NULL AND key.retires_at IS NULL AND device.retired_at IS NULL
    AND (rotation.fleet_id IS NULL OR device.fleet_id = rotation.fleet_id)
  ORDER BY key.key_id
  LIMIT %(limit)s::bigint
), marked AS (
  UPDATE api_keys AS key
  SET
    retires_at = now() + batch.grace,
    successor_until = now() + batch.grace + %(sleep)s::interval
  FROM batch
  WHERE key.key_id = batch.key_id AND key.revoked_at IS NULL AND key.retires_at IS NULL
  RETURNING key.key_id
)
UPDATE key_rotations AS rotation
SET
  last_key_id = coalesce((SELECT max(batch.key_id) FROM batch), rotation.last_key_id),
  marked = rotation.marked + (SELECT count(*) FROM marked),
  finished_at = CASE WHEN (SELECT count(*) FROM batch) < %(limit)s::bigint THEN now() END
WHERE rotation.id = (SELECT r.id FROM rotation AS r)
RETURNING (SELECT count(*) FROM batch) AS looked_at;

-- name: say_reason
-- Why keys are made and changed from here on, for their history; until the transaction ends.
SELECT set_config('iotistic.key_reason', %(reason)s::text, TRUE);
