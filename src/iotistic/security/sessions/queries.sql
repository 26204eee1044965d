-- Who is logged in.

-- name: insert_session
-- Somebody logged in.
INSERT INTO sessions (id, user_id, nonce, pepper_version, expires_at, address, user_agent, factors)
VALUES (
  %(id)s::text, %(user_id)s::bigint, %(nonce)s::bytea, %(pepper_version)s::bigint, now() + %(lasts)s::interval, %(address)s::text,
  %(user_agent)s::text, %(factors)s::text []
);

-- name: find_session
-- A session with what decides about it.
SELECT
  session.id,
  session.user_id,
  person.username,
  widest_role_v1(session.user_id) AS role,
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
    WHERE held.user_id = session.user_id AND (held.expires_at IS NULL OR held.expires_at > now())
  ) AS grants,
  session.nonce,
  session.generation,
  session.pepper_version,
  session.refreshed_at,
  session.expires_at,
  session.revoked_at,
  person.is_active AS user_is_active,
  session.factors,
  EXISTS (
    SELECT FROM role_bindings AS held
    WHERE
      held.user_id = session.user_id AND held.role = ANY(%(strict_roles)s::text []) AND (held.expires_at IS NULL OR held.expires_at > now())
  ) AS must_prove_more,
  clock_timestamp() AS seen_at
FROM sessions AS session
INNER JOIN users AS person ON person.id = session.user_id
WHERE session.id = %(id)s::text;

-- name: lock_session
-- Lets nobody else refresh or end it meanwhile.
SELECT id
FROM sessions
WHERE id = %(id)s::text
FOR NO KEY UPDATE;

-- name: count_refresh
-- The next refresh token is the one that is good now.
UPDATE sessions
SET generation = generation + 1, refreshed_at = clock_timestamp()
WHERE id = %(id)s::text;

-- name: end_session
-- Ends a session, of this person if one is named; nothing happens to one that is over.
UPDATE sessions AS session
SET revoked_at = now(), reason = %(reason)s::text
FROM users AS person
WHERE
  person.id = session.user_id AND session.id = %(id)s::text AND session.revoked_at IS NULL
  AND (%(username)s::text IS NULL OR person.username = %(username)s::text);

-- name: end_sessions
-- Ends every session of a person.
UPDATE sessions AS session
SET revoked_at = now(), reason = %(reason)s::text
FROM users AS person
WHERE
  person.id = session.user_id AND person.username = %(username)s::text AND session.revoked_at IS NULL
  AND session.expires_at > now();

-- name: end_other_sessions
-- Ends every session of a person but one.
UPDATE sessions AS session
SET revoked_at = now(), reason = %(reason)s::text
FROM users AS person
WHERE
  person.id = session.user_id AND person.username = %(username)s::text AND session.id <> %(kept)s::text
  AND session.revoked_at IS NULL AND session.expires_at > now();

-- name: add_factor
-- Whoever has this session proved more.
UPDATE sessions
SET factors = array_append(factors, %(factor)s::text)
WHERE id = %(id)s::text AND NOT %(factor)s::text = ANY(factors);

-- name: list_sessions
-- The sessions of a person that go on, newest first.
SELECT
  session.id, person.username, session.created_at, session.refreshed_at, session.expires_at, session.address, session.user_agent,
  session.factors
FROM sessions AS session
INNER JOIN users AS person ON person.id = session.user_id
WHERE person.username = %(username)s::text AND session.revoked_at IS NULL AND session.expires_at > now()
ORDER BY session.created_at DESC, session.id
LIMIT 1000;

-- name: forget_sessions
-- Sessions that were over long ago; the audit keeps that they were.
DELETE FROM sessions
WHERE id IN (SELECT old.id FROM sessions AS old WHERE old.expires_at < now() - interval '30 days' ORDER BY old.expires_at LIMIT 1000);
