-- Everything security asks of the database.

-- name: insert_user
-- Makes an account, with a role on everything if one is given; answers nothing when the name is taken.
WITH made AS (
  INSERT INTO users (username, password_hash)
  VALUES (%(username)s::text, %(password_hash)s::text)
  ON CONFLICT (username) DO NOTHING
  RETURNING id, username, is_active
), bound AS (
  INSERT INTO role_bindings (user_id, role, granted_by)
  SELECT id, %(role)s::text, ''
  FROM made
  WHERE %(role)s::text IS NOT NULL
  RETURNING user_id, role
)
SELECT made.id, made.username, bound.role, made.is_active
FROM made
LEFT JOIN bound ON bound.user_id = made.id;

-- name: user_exists
-- Whether there is an account of this name.
SELECT EXISTS (SELECT FROM users WHERE username = %(username)s::text) AS found;

-- name: find_user
-- An account with what checks its password.
SELECT id, username, widest_role_v1(id) AS role, is_active, password_hash
FROM users
WHERE username = %(username)s::text;

-- name: list_users
-- Every account by name.
SELECT id, username, widest_role_v1(id) AS role, is_active
FROM users
ORDER BY username
LIMIT 1000;

-- name: set_password_hash
-- Replaces what checks a password.
UPDATE users
SET password_hash = %(password_hash)s::text
WHERE username = %(username)s::text
RETURNING id, username, widest_role_v1(id) AS role, is_active;

-- name: revoke_user_keys
-- Takes all keys of a person back.
WITH revoked AS (
  UPDATE api_keys
  SET revoked_at = now()
  WHERE user_id = %(user_id)s::bigint AND revoked_at IS NULL
  RETURNING key_id, device_uuid, user_id
)
INSERT INTO api_key_history (key_id, device_uuid, user_id, action, reason)
SELECT key_id, device_uuid, user_id, 'revoked', %(reason)s::text
FROM revoked;

-- name: insert_key
-- Stores a new key and its first line of history, in one statement.
WITH issued AS (
  INSERT INTO api_keys (key_id, kind, device_uuid, user_id, secret_hash, pepper_version, expires_at)
  VALUES (
    %(key_id)s::text, %(kind)s::text, %(device_uuid)s::uuid, %(user_id)s::bigint, %(secret_hash)s::bytea,
    %(pepper_version)s::bigint, now() + %(lasts)s::interval
  )
  RETURNING key_id, device_uuid, user_id
)
INSERT INTO api_key_history (key_id, device_uuid, user_id, action, reason)
SELECT key_id, device_uuid, user_id, 'issued', %(reason)s::text
FROM issued;

-- name: find_key
-- A key with what decides about its bearer.
SELECT
  key.key_id,
  key.device_uuid,
  key.user_id,
  person.username,
  widest_role_v1(key.user_id) AS role,
  (
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
  ) AS grants,
  key.secret_hash,
  key.pepper_version,
  key.expires_at,
  key.revoked_at,
  person.is_active AS user_is_active,
  device.retired_at AS device_retired_at
FROM api_keys AS key
LEFT JOIN users AS person ON person.id = key.user_id
LEFT JOIN devices AS device ON device.uuid = key.device_uuid
WHERE key.key_id = %(key_id)s::text;

-- name: revoke_key
-- Takes one key back, and says so in its history; nothing happens to one that is revoked already.
WITH revoked AS (
  UPDATE api_keys
  SET revoked_at = now()
  WHERE key_id = %(key_id)s::text AND revoked_at IS NULL
  RETURNING key_id, device_uuid, user_id
)
INSERT INTO api_key_history (key_id, device_uuid, user_id, action, reason)
SELECT key_id, device_uuid, user_id, 'revoked', %(reason)s::text
FROM revoked;

-- name: revoke_device_keys
-- Takes all keys of a device back.
WITH revoked AS (
  UPDATE api_keys
  SET revoked_at = now()
  WHERE device_uuid = %(device_uuid)s::uuid AND revoked_at IS NULL
  RETURNING key_id, device_uuid, user_id
)
INSERT INTO api_key_history (key_id, device_uuid, user_id, action, reason)
SELECT key_id, device_uuid, user_id, 'revoked', %(reason)s::text
FROM revoked;
