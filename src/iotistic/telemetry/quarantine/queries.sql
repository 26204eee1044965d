-- Everything about the quarantine that is asked of the database.

-- name: list_quarantined
-- A page of what was set aside, oldest first. Bounds are parameters on both sides, so that days outside are not even planned.
SELECT
  received_at,
  id,
  device_uuid,
  stream,
  reason,
  device_time,
  payload
FROM ingest_quarantine
WHERE
  received_at >= %(since)s::timestamptz
  AND received_at < %(until)s::timestamptz
  AND (received_at, id) > (%(after_received_at)s::timestamptz, %(after_id)s::uuid)
  AND (%(device_uuid)s::uuid IS NULL OR device_uuid = %(device_uuid)s::uuid)
  AND (%(reason)s::text IS NULL OR reason = %(reason)s::text)
ORDER BY received_at, id
LIMIT %(limit)s::bigint;

-- name: count_quarantined
-- How many there are, by reason, for the plan that is shown before anything is done.
SELECT
  reason,
  count(*) AS rows,
  count(DISTINCT device_uuid) AS devices
FROM ingest_quarantine
WHERE
  received_at >= %(since)s::timestamptz
  AND received_at < %(until)s::timestamptz
  AND (%(device_uuid)s::uuid IS NULL OR device_uuid = %(device_uuid)s::uuid)
  AND (%(reason)s::text IS NULL OR reason = %(reason)s::text)
GROUP BY reason
ORDER BY reason;

-- name: take_bodies
-- The rows of the next bodies, whole: rows of one body have one receipt.
SELECT
  aside.received_at,
  aside.id,
  aside.device_uuid,
  aside.stream,
  aside.reason,
  aside.device_time,
  aside.payload
FROM ingest_quarantine AS aside
WHERE
  aside.received_at > %(after)s::timestamptz
  AND aside.received_at >= %(since)s::timestamptz
  AND aside.received_at < %(until)s::timestamptz
  AND (%(device_uuid)s::uuid IS NULL OR aside.device_uuid = %(device_uuid)s::uuid)
  AND (%(reason)s::text IS NULL OR aside.reason = %(reason)s::text)
  AND aside.received_at <= (
    SELECT max(first.received_at)
    FROM (
      SELECT near.received_at
      FROM ingest_quarantine AS near
      WHERE
        near.received_at > %(after)s::timestamptz
        AND near.received_at >= %(since)s::timestamptz
        AND near.received_at < %(until)s::timestamptz
        AND (%(device_uuid)s::uuid IS NULL OR near.device_uuid = %(device_uuid)s::uuid)
        AND (%(reason)s::text IS NULL OR near.reason = %(reason)s::text)
      ORDER BY near.received_at
      LIMIT %(limit)s::bigint
    ) AS first
  )
ORDER BY aside.received_at, aside.id;

-- name: delete_quarantined
-- Takes rows out that have a place now.
DELETE FROM ingest_quarantine
WHERE received_at = ANY(%(received)s::timestamptz []) AND id = ANY(%(ids)s::uuid []);

-- name: drop_quarantined
-- Forgets a batch of rows for good.
DELETE FROM ingest_quarantine
WHERE (received_at, id) IN (
  SELECT aside.received_at, aside.id
  FROM ingest_quarantine AS aside
  WHERE
    aside.received_at >= %(since)s::timestamptz
    AND aside.received_at < %(until)s::timestamptz
    AND (%(device_uuid)s::uuid IS NULL OR aside.device_uuid = %(device_uuid)s::uuid)
    AND (%(reason)s::text IS NULL OR aside.reason = %(reason)s::text)
  ORDER BY aside.received_at, aside.id
  LIMIT %(limit)s::bigint
);
