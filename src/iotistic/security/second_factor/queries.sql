-- What people prove themselves with besides a password.

-- name: find_second_factor
-- Whether a person has one; nothing when there is no such person.
SELECT
  person.username,
  factor.confirmed_at AS since,
  factor.user_id IS NOT NULL AND factor.confirmed_at IS NULL AS is_pending,
  (
    SELECT count(*)
    FROM recovery_codes AS code
    WHERE code.user_id = person.id AND code.used_at IS NULL
  ) AS recovery_codes_left
FROM users AS person
LEFT JOIN second_factors AS factor ON factor.user_id = person.id
WHERE person.username = %(username)s::text AND person.kind = 'person';

-- name: lock_factor
-- One with what decides about a code. Locked: of two logins at once the second sees what the first has taken.
SELECT user_id, sealed_seed, created_at, confirmed_at, last_step, failures, failed_at, clock_timestamp() AS seen_at
FROM second_factors
WHERE user_id = %(user_id)s::bigint
FOR UPDATE;

-- name: begin_factor
-- Puts a seed in the place of one that was never confirmed; nothing where one counts.
INSERT INTO second_factors (user_id, sealed_seed)
VALUES (%(user_id)s::bigint, %(sealed_seed)s::text)
ON CONFLICT (user_id) DO UPDATE
SET sealed_seed = excluded.sealed_seed, created_at = excluded.created_at, last_step = 0
WHERE second_factors.confirmed_at IS NULL;

-- name: note_right_code
-- A code was right: it and those before are taken no more, and from the first one on the factor counts.
UPDATE second_factors
SET last_step = %(step)s::bigint, failures = 0, confirmed_at = coalesce(confirmed_at, now())
WHERE user_id = %(user_id)s::bigint;

-- name: note_wrong_code
-- A code was wrong.
UPDATE second_factors
SET failures = failures + 1, failed_at = clock_timestamp()
WHERE user_id = %(user_id)s::bigint;

-- name: list_unused_codes
-- The recovery codes of a person that are still good.
SELECT number, code_hash, pepper_version
FROM recovery_codes
WHERE user_id = %(user_id)s::bigint AND used_at IS NULL
ORDER BY number;

-- name: use_recovery_code
-- One is used up.
UPDATE recovery_codes
SET used_at = now()
WHERE user_id = %(user_id)s::bigint AND number = %(number)s::bigint AND used_at IS NULL;

-- name: delete_recovery_codes
-- Those of before are good no more.
DELETE FROM recovery_codes
WHERE user_id = %(user_id)s::bigint;

-- name: insert_recovery_code
-- One of ten.
INSERT INTO recovery_codes (user_id, number, code_hash, pepper_version)
VALUES (%(user_id)s::bigint, %(number)s::bigint, %(code_hash)s::bytea, %(pepper_version)s::bigint);

-- name: delete_factor
-- Takes a person's second factor away, with its recovery codes.
DELETE FROM second_factors
WHERE user_id IN (SELECT person.id FROM users AS person WHERE person.username = %(username)s::text);

-- name: list_seeds
-- Every sealed seed, to be wrapped under another key.
SELECT user_id, sealed_seed
FROM second_factors
ORDER BY user_id;

-- name: replace_seed
-- The same seed, wrapped under another key; nothing when it is another seed by now.
UPDATE second_factors
SET sealed_seed = %(sealed_seed)s::text
WHERE user_id = %(user_id)s::bigint AND sealed_seed = %(before)s::text;
