-- Everything security asks of the database.

-- name: insert_user
-- Makes a person's account, with a role on everything if one is given; answers nothing when the name is taken.
WITH made AS (
  INSERT INTO users (username, password_hash)
  VALUES (%(username)s::text, %(password_hash)s::text)
  ON CONFLICT (username) DO NOTHING
  RETURNING id, username, kind, is_active
), bound AS (
  INSERT INTO role_bindings (user_id, role, granted_by)
  SELECT id, %(role)s::text, ''
  FROM made
  WHERE %(role)s::text IS NOT NULL
  RETURNING user_id, role
)
SELECT made.id, made.username, made.kind, bound.role, made.is_active
FROM made
LEFT JOIN bound ON bound.user_id = made.id;

-- name: insert_service
-- Makes a service's account in the same way: nobody logs in to it.
WITH made AS (
  INSERT INTO users (username, kind)
  VALUES (%(username)s::text, 'service')
  ON CONFLICT (username) DO NOTHING
  RETURNING id, username, kind, is_active
), bound AS (
  INSERT INTO role_bindings (user_id, role, granted_by)
  SELECT id, %(role)s::text, ''
  FROM made
  WHERE %(role)s::text IS NOT NULL
  RETURNING user_id, role
)
SELECT made.id, made.username, made.kind, bound.role, made.is_active
FROM made
LEFT JOIN bound ON bound.user_id = made.id;

-- name: user_exists
-- Whether there is an account of this name.
SELECT EXISTS (SELECT FROM users WHERE username = %(username)s::text) AS found;

-- name: is_owner
-- Whether somebody of this name is owner.
SELECT EXISTS (
  SELECT FROM role_bindings AS held
  INNER JOIN users AS person ON person.id = held.user_id
  WHERE person.username = %(username)s::text AND held.role = 'owner'
) AS found;

-- name: find_user
-- An account with what checks its password.
SELECT id, username, kind, widest_role_v1(id) AS role, is_active, password_hash
FROM users
WHERE username = %(username)s::text;

-- name: list_users
-- Every account by name.
SELECT id, username, kind, widest_role_v1(id) AS role, is_active
FROM users
ORDER BY username
LIMIT 1000;

-- name: list_account_ids
-- Which of these names are accounts, and their ids.
SELECT username, id
FROM users
WHERE username = ANY(%(usernames)s::text []);

-- name: set_password_hash
-- Replaces what checks a person's password.
UPDATE users
SET password_hash = %(password_hash)s::text, credentials_changed_at = now()
WHERE username = %(username)s::text AND kind = 'person'
RETURNING id, username, kind, widest_role_v1(id) AS role, is_active;

-- name: replace_password_hash
-- The same password at another cost; nothing where it is another password by now.
UPDATE users
SET password_hash = %(password_hash)s::text
WHERE id = %(user_id)s::bigint AND password_hash = %(before)s::text;

-- name: set_active
-- Switches an account off or on; a trigger keeps the last owner.
UPDATE users
SET is_active = %(is_active)s::boolean
WHERE username = %(username)s::text
RETURNING id, username, kind, widest_role_v1(id) AS role, is_active;

-- name: revoke_user_keys
-- Takes all keys of a person back.
UPDATE api_keys
SET revoked_at = now()
WHERE user_id = %(user_id)s::bigint AND revoked_at IS NULL;

-- name: insert_key
-- Stores a new key; its history is written by a trigger.
INSERT INTO api_keys (key_id, kind, device_uuid, user_id, secret_hash, pepper_version, expires_at)
VALUES (
  %(key_id)s::text, %(kind)s::text, %(device_uuid)s::uuid, %(user_id)s::bigint, %(secret_hash)s::bytea,
  %(pepper_version)s::bigint, now() + %(lasts)s::interval
);

-- name: find_keys
-- Keys with everything that decides about their bearers, at this moment. What is about accounts costs nothing for the keys of devices.
SELECT
  key.key_id,
  key.device_uuid,
  key.user_id,
  account.username,
  CASE WHEN key.user_id IS NOT NULL THEN widest_role_v1(key.user_id) END AS role,
  CASE
    WHEN key.user_id IS NOT NULL THEN (
      SELECT
        jsonb_agg(
          jsonb_build_object(
            'permissions', ARRAY(SELECT allowed.permission FROM role_permissions AS allowed WHERE allowed.role = held.role),
            'fleet_id', held.fleet_id,
            'device_uuid', held.device_uuid,
            'expires_at', held.expires_at
          )
        )
      FROM role_bindings AS held
      WHERE held.user_id = key.user_id AND (held.expires_at IS NULL OR held.expires_at > now())
    )
  END AS grants,
  key.secret_hash,
  key.pepper_version,
  key.scopes,
  key.allowed_networks,
  key.replaces,
  key.expires_at,
  key.first_used_at,
  key.retires_at,
  key.successor_until,
  key.fetched_late_at,
  key.revoked_at,
  account.is_active AS user_is_active,
  device.retired_at AS device_retired_at,
  clock_timestamp() AS seen_at
FROM api_keys AS key
LEFT JOIN users AS account ON account.id = key.user_id
LEFT JOIN devices AS device ON device.uuid = key.device_uuid
WHERE key.key_id = ANY(%(keys)s::text []);

-- name: lock_key
-- Lets nobody else replace, use up or revoke a key meanwhile.
SELECT key_id
FROM api_keys
WHERE key_id = %(key_id)s::text
FOR NO KEY UPDATE;

-- name: note_first_use
-- That a key which replaces another has arrived; a trigger ends the other.
UPDATE api_keys
SET first_used_at = now()
WHERE key_id = %(key_id)s::text AND replaces IS NOT NULL AND first_used_at IS NULL;

-- name: rehash_key
-- Puts the hash under another pepper in the place of the one there was.
UPDATE api_keys
SET secret_hash = %(secret_hash)s::bytea, pepper_version = %(pepper_version)s::bigint
WHERE key_id = %(key_id)s::text AND pepper_version <> %(pepper_version)s::bigint;

-- name: revoke_key
-- Takes one key back, with the one that was to replace it, which whoever had the first may have fetched. Nothing happens to one that
-- is revoked already.
UPDATE api_keys
SET revoked_at = now()
WHERE %(key_id)s::text IN (key_id, replaces) AND (key_id = %(key_id)s::text OR first_used_at IS NULL) AND revoked_at IS NULL;

-- name: revoke_device_keys
-- Takes all keys of a device back.
UPDATE api_keys
SET revoked_at = now()
WHERE device_uuid = %(device_uuid)s::uuid AND revoked_at IS NULL;

-- name: say_reason
-- Why keys are made and changed from here on, for their history; until the transaction ends.
SELECT set_config('iotistic.key_reason', %(reason)s::text, TRUE);

-- name: find_broken_links
-- Rows of the history of keys that are not what they were, or do not follow what stands before them; the first of them.
SELECT link.sequence
FROM (
  SELECT
    entry.sequence,
    entry.sequence = lag(entry.sequence, 1, 0::bigint) OVER chain + 1
    AND entry.hash = key_history_hash_v1(lag(entry.hash, 1, sha256('api_key_history')) OVER chain, entry) AS is_whole
  FROM api_key_history AS entry
  WINDOW chain AS (ORDER BY entry.sequence)
) AS link
WHERE NOT link.is_whole
ORDER BY link.sequence
LIMIT 100;

-- name: find_head
-- Where the history of keys ends, by what its last row says and by what was noted when it was written.
SELECT
  noted.sequence AS noted_sequence,
  noted.hash AS noted_hash,
  coalesce(last.sequence, 0) AS sequence,
  coalesce(last.hash, sha256('api_key_history')) AS hash
FROM api_key_history_heads AS noted
LEFT JOIN LATERAL (
  SELECT entry.sequence, entry.hash FROM api_key_history AS entry ORDER BY entry.sequence DESC LIMIT 1
) AS last ON TRUE;

-- name: find_link
-- The hash of one row of the history of keys.
SELECT hash
FROM api_key_history
WHERE sequence = %(sequence)s::bigint;
