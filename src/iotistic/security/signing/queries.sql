-- What access tokens are signed with.

-- name: find_signing_key
-- The key that signs, or the one of this id while its tokens may be good.
SELECT id, algorithm, sealed_seed
FROM signing_keys
WHERE
  CASE
    WHEN %(id)s::text IS NULL THEN retired_at IS NULL
    ELSE id = %(id)s::text AND (ends_at IS NULL OR clock_timestamp() < ends_at)
  END;

-- name: insert_signing_key
-- A key that signs from now on; nothing when there is one already.
INSERT INTO signing_keys (id, algorithm, sealed_seed)
VALUES (%(id)s::text, %(algorithm)s::text, %(sealed_seed)s::text)
ON CONFLICT ((TRUE)) WHERE retired_at IS NULL DO NOTHING;

-- name: retire_signing_key
-- The key that signs does so no more, and verifies for so long yet.
UPDATE signing_keys
SET retired_at = clock_timestamp(), ends_at = clock_timestamp() + %(verifies_for)s::interval
WHERE retired_at IS NULL AND (%(older_than)s::interval IS NULL OR created_at < now() - %(older_than)s::interval);

-- name: end_signing_key
-- No token of this key is good from now on.
UPDATE signing_keys
SET ends_at = greatest(retired_at, now())
WHERE id = %(id)s::text AND retired_at IS NOT NULL AND ends_at > now();

-- name: list_signing_keys
-- Newest first, with those that ended.
SELECT
  id,
  algorithm,
  CASE WHEN retired_at IS NULL THEN 'signs' WHEN clock_timestamp() < ends_at THEN 'verifies' ELSE 'ended' END AS state,
  created_at,
  retired_at,
  ends_at
FROM signing_keys
ORDER BY created_at DESC, id
LIMIT 1000;

-- name: forget_signing_keys
-- Keys that ended long ago; the audit keeps that they were.
DELETE FROM signing_keys
WHERE ends_at < now() - interval '30 days';

-- name: list_sealed_signing_keys
-- Every sealed seed, to be wrapped under another key.
SELECT id, algorithm, sealed_seed
FROM signing_keys
ORDER BY id;

-- name: replace_signing_seed
-- The same seed, wrapped under another key.
UPDATE signing_keys
SET sealed_seed = %(sealed_seed)s::text
WHERE id = %(id)s::text AND sealed_seed = %(before)s::text;
