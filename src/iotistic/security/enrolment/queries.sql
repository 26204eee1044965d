-- Everything enrolment asks of the database.

-- name: insert_claim_key
-- Stores a claim key.
INSERT INTO provisioning_keys (
  key_id, label, secret_hash, pepper_version, max_uses, allowed_serials, created_by, expires_at
)
VALUES (
  %(key_id)s::text, %(label)s::text, %(secret_hash)s::bytea, %(pepper_version)s::bigint, %(max_uses)s::bigint,
  %(allowed_serials)s::text [], %(created_by)s::text, now() + %(lasts)s::interval
);

-- name: find_claim_key
-- A claim key with what checks its secret, and whether its time is over.
SELECT
  key_id, secret_hash, pepper_version, allowed_serials, expires_at <= now() AS is_expired,
  revoked_at IS NOT NULL AS is_revoked
FROM provisioning_keys
WHERE key_id = %(key_id)s::text;

-- name: lock_claim_key
-- Makes this claim the next one of its key: claims of one key follow one another, so none is counted twice or given back twice.
SELECT key_id
FROM provisioning_keys
WHERE key_id = %(key_id)s::text
FOR NO KEY UPDATE;

-- name: give_back_late_claims
-- Takes away the claims of a key that were never answered, and gives their uses back.
WITH late AS (
  DELETE FROM enrolments
  WHERE claim_key_id = %(key_id)s::text AND completed_at IS NULL AND expires_at <= now()
  RETURNING claim_key_id
)
UPDATE provisioning_keys
SET uses = uses - (SELECT count(*) FROM late)
WHERE key_id = %(key_id)s::text AND EXISTS (SELECT FROM late);

-- name: was_let_in
-- Whether a device is among those that a key has let in, or that have claimed with it: it uses the key up no further.
SELECT EXISTS (
  SELECT FROM enrolments
  WHERE claim_key_id = %(key_id)s::text AND serial = %(serial)s::text
) AS known;

-- name: use_claim_key
-- Counts one use if the key is good for one more: a single statement, so that a thousand at once cannot overdraw it.
UPDATE provisioning_keys
SET uses = uses + 1
WHERE key_id = %(key_id)s::text AND uses < max_uses;

-- name: list_claim_keys
-- Claim keys, newest first, from before a key on.
SELECT key_id, label, max_uses, uses, allowed_serials, created_by, created_at, expires_at, revoked_at
FROM provisioning_keys
WHERE
  %(before)s::text IS NULL
  OR (created_at, key_id) < (
    SELECT last.created_at, last.key_id FROM provisioning_keys AS last WHERE last.key_id = %(before)s::text
  )
ORDER BY created_at DESC, key_id DESC
LIMIT %(limit)s::bigint;

-- name: get_claim_key
-- One claim key as people see it.
SELECT key_id, label, max_uses, uses, allowed_serials, created_by, created_at, expires_at, revoked_at
FROM provisioning_keys
WHERE key_id = %(key_id)s::text;

-- name: revoke_claim_key
-- Takes a claim key back; one that was taken back before stays as it is.
UPDATE provisioning_keys
SET revoked_at = coalesce(revoked_at, now())
WHERE key_id = %(key_id)s::text
RETURNING key_id, label, max_uses, uses, allowed_serials, created_by, created_at, expires_at, revoked_at;

-- name: close_claims
-- Lets no claim of a key be answered any more.
UPDATE enrolments
SET expires_at = now()
WHERE claim_key_id = %(key_id)s::text AND completed_at IS NULL AND expires_at > now();

-- name: open_enrolment
-- Stores a claim; a device that claims again with the same key takes the place of its earlier claim, whose challenge is void.
INSERT INTO enrolments AS open (
  claim_key_id, serial, name, kind, facts, previous_device_uuid, device_key_id, secret_hash, pepper_version,
  mqtt_password_hash, answer_hash, expires_at
)
VALUES (
  %(claim_key_id)s::text, %(serial)s::text, %(name)s::text, %(kind)s::text, %(facts)s::jsonb,
  %(previous_device_uuid)s::uuid, %(device_key_id)s::text, %(secret_hash)s::bytea, %(pepper_version)s::bigint,
  %(mqtt_password_hash)s::text, %(answer_hash)s::bytea, now() + %(lasts)s::interval
)
ON CONFLICT (claim_key_id, serial) WHERE completed_at IS NULL DO UPDATE SET
  id = gen_random_uuid(),
  name = excluded.name,
  kind = excluded.kind,
  facts = excluded.facts,
  previous_device_uuid = excluded.previous_device_uuid,
  device_key_id = excluded.device_key_id,
  secret_hash = excluded.secret_hash,
  pepper_version = excluded.pepper_version,
  mqtt_password_hash = excluded.mqtt_password_hash,
  answer_hash = excluded.answer_hash,
  claimed_at = now(),
  expires_at = excluded.expires_at
RETURNING open.id;

-- name: lock_enrolment
-- A claim, locked: of two answers at once the second sees what became of the first. The old key that came with the claim may have
-- been revoked since, because it was stolen: then it proves nothing any more.
SELECT
  id, claim_key_id, name, kind, serial, facts,
  CASE
    WHEN EXISTS (
      SELECT FROM api_keys AS key WHERE key.device_uuid = enrolments.previous_device_uuid AND key.revoked_at IS NULL
    ) THEN previous_device_uuid
  END AS previous_device_uuid,
  mqtt_password_hash, answer_hash, expires_at <= now() AS is_late, device_uuid
FROM enrolments
WHERE id = %(id)s::uuid
FOR NO KEY UPDATE;

-- name: complete_enrolment
-- Makes the key of a claim a key of its device, with the first line of its history. The networks of the key that came with the claim
-- stay: whoever has a key makes none that may be used from elsewhere.
WITH done AS (
  UPDATE enrolments
  SET completed_at = now(), device_uuid = %(device_uuid)s::uuid, facts = '{}'
  WHERE id = %(id)s::uuid AND completed_at IS NULL
  RETURNING device_key_id, device_uuid, previous_device_uuid, secret_hash, pepper_version, claim_key_id
)

INSERT INTO api_keys (key_id, kind, device_uuid, secret_hash, pepper_version, allowed_networks)
SELECT
  device_key_id,
  'device',
  device_uuid,
  secret_hash,
  pepper_version,
  (
    SELECT newest.allowed_networks
    FROM api_keys AS newest
    WHERE newest.device_uuid = done.previous_device_uuid
    ORDER BY newest.created_at DESC
    LIMIT 1
  )
FROM done
-- The trigger that writes the history of keys reads it when the statement ends.
WHERE set_config('iotistic.key_reason', 'enrolled with claim key ' || claim_key_id, TRUE) IS NOT NULL;

-- name: void_enrolment
-- A challenge that was answered wrongly is void.
UPDATE enrolments
SET expires_at = now()
WHERE id = %(id)s::uuid AND completed_at IS NULL;

-- name: has_had_key
-- Whether a device ever had a key: then it is somebody, and a claim key alone does not replace it.
SELECT EXISTS (SELECT FROM api_keys WHERE device_uuid = %(device_uuid)s::uuid) AS found;

-- name: give_permit
-- Lets a device enrol again without its old key; a later permit takes the place of an earlier one.
INSERT INTO enrolment_permits (device_uuid, permitted_by, expires_at)
VALUES (%(device_uuid)s::uuid, %(permitted_by)s::text, now() + %(lasts)s::interval)
ON CONFLICT (device_uuid) DO UPDATE SET
  permitted_by = excluded.permitted_by,
  permitted_at = now(),
  expires_at = excluded.expires_at
RETURNING device_uuid, permitted_by, permitted_at, expires_at;

-- name: find_permit
-- The permit of a device, while it holds.
SELECT device_uuid, permitted_by, permitted_at, expires_at
FROM enrolment_permits
WHERE device_uuid = %(device_uuid)s::uuid AND expires_at > now();

-- name: take_permit
-- Uses the permit of a device up; touches no row when there is none that holds.
DELETE FROM enrolment_permits
WHERE device_uuid = %(device_uuid)s::uuid AND expires_at > now();

-- name: withdraw_permit
-- Takes the permit of a device back.
DELETE FROM enrolment_permits
WHERE device_uuid = %(device_uuid)s::uuid;

-- name: find_wait
-- How long somebody must wait who was refused so often: until the refusal that made it too many leaves the window.
SELECT max(tried.attempted_at) + %(lookback)s::interval - clock_timestamp() AS wait
FROM (
  (
    SELECT attempted_at
    FROM provisioning_attempts
    WHERE
      source_network = %(source_network)s::cidr
      AND attempted_at > now() - %(lookback)s::interval
      AND outcome NOT IN ('claimed', 'enrolled', 'rate_limited')
    ORDER BY attempted_at DESC
    LIMIT 1 OFFSET %(passed_of_source)s::bigint
  )
  UNION ALL
  (
    SELECT attempted_at
    FROM provisioning_attempts
    WHERE
      claim_key_id = %(claim_key_id)s::text
      AND attempted_at > now() - %(lookback)s::interval
      AND outcome NOT IN ('claimed', 'enrolled', 'rate_limited', 'claim_key_unknown', 'claim_key_wrong')
    ORDER BY attempted_at DESC
    LIMIT 1 OFFSET %(passed_of_claim_key)s::bigint
  )
) AS tried;

-- name: insert_attempt
-- Keeps an attempt. Of those turned away for coming too often only one a minute and network, or they would fill the disk.
INSERT INTO provisioning_attempts (source, source_network, claim_key_id, serial, outcome)
SELECT
  %(source)s::inet, %(source_network)s::cidr, %(claim_key_id)s::text, left(%(serial)s::text, 200), %(outcome)s::text
WHERE
  %(outcome)s::text <> 'rate_limited'
  OR NOT EXISTS (
    SELECT FROM provisioning_attempts AS earlier
    WHERE
      earlier.attempted_at > now() - interval '1 minute'
      AND earlier.outcome = 'rate_limited'
      AND earlier.source_network IS NOT DISTINCT FROM %(source_network)s::cidr
  );

-- name: list_attempts
-- Attempts, newest first, from before one on.
SELECT id, attempted_at, host(source) AS source, claim_key_id, serial, outcome
FROM provisioning_attempts
WHERE
  (%(before)s::bigint IS NULL OR id < %(before)s::bigint)
  AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s::text)
ORDER BY id DESC
LIMIT %(limit)s::bigint;

-- name: delete_old_attempts
-- Forgets attempts older than so long, at most so many at a time.
DELETE FROM provisioning_attempts
WHERE id IN (
  SELECT old.id
  FROM provisioning_attempts AS old
  WHERE old.attempted_at < now() - %(older)s::interval
  ORDER BY old.attempted_at
  LIMIT %(limit)s::bigint
);
