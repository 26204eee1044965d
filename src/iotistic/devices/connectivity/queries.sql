-- Everything about connectivity that is asked of the database.

-- name: note_look
-- Says that silent devices are looked for now, and answers since when the platform has listened without a break.
INSERT INTO contact_watch AS watch (listening_since, looked_at)
VALUES (now(), now())
ON CONFLICT (id) DO UPDATE SET
  listening_since = CASE
    WHEN watch.looked_at < now() - %(longest_break)s::interval THEN now()
    ELSE watch.listening_since
  END,
  looked_at = now()
RETURNING listening_since;

-- name: mark_silent_offline
-- The transition to offline, for those not heard of for twice as long as they may be silent, counted from when the platform began to
-- listen. Locked in order; a row that another detector has is its business.
UPDATE devices AS device
SET connection_status = 'offline', updated_at = now()
FROM (
  SELECT candidate.uuid
  FROM devices AS candidate
  INNER JOIN device_contacts AS contact ON contact.device_uuid = candidate.uuid
  LEFT JOIN contact_expectations AS expectation ON expectation.device_uuid = candidate.uuid
  LEFT JOIN fleets AS fleet ON fleet.id = candidate.fleet_id
  WHERE
    candidate.connection_status = 'online'
    AND greatest(contact.last_contact_at, %(listening_since)s::timestamptz)
    < now() - 2 * coalesce(expectation.expected_every, fleet.expected_every, %(expected_every)s::interval)
  ORDER BY candidate.uuid
  FOR NO KEY UPDATE OF candidate SKIP LOCKED
) AS silent
WHERE device.uuid = silent.uuid AND device.connection_status = 'online';

-- name: find_connectivity
-- How one device stands.
SELECT
  device.connection_status AS status,
  coalesce(
    (
      SELECT last.occurred_at
      FROM connection_transitions AS last
      WHERE last.device_uuid = device.uuid
      ORDER BY last.id DESC
      LIMIT 1
    ),
    device.created_at
  ) AS since,
  contact.last_contact_at,
  coalesce(expectation.expected_every, fleet.expected_every, %(expected_every)s::interval) AS expected_every
FROM devices AS device
LEFT JOIN device_contacts AS contact ON contact.device_uuid = device.uuid
LEFT JOIN contact_expectations AS expectation ON expectation.device_uuid = device.uuid
LEFT JOIN fleets AS fleet ON fleet.id = device.fleet_id
WHERE device.uuid = %(uuid)s::uuid;

-- name: list_transitions
-- When a device came and went, newest first, from before one on.
SELECT id, was, became, occurred_at, lasted
FROM connection_transitions
WHERE device_uuid = %(uuid)s::uuid AND (%(before)s::bigint IS NULL OR id < %(before)s::bigint)
ORDER BY id DESC
LIMIT %(limit)s::bigint;

-- name: set_expectation
-- Says how often a device is expected.
INSERT INTO contact_expectations (device_uuid, expected_every)
VALUES (%(uuid)s::uuid, %(expected_every)s::interval)
ON CONFLICT (device_uuid) DO UPDATE SET expected_every = excluded.expected_every;

-- name: delete_expectation
-- Expects a device as often as its fleet says, or as others.
DELETE FROM contact_expectations
WHERE device_uuid = %(uuid)s::uuid;
