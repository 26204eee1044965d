-- Everything that is asked of the events.

-- name: append_event
-- Stores an event, and answers its id; nothing if it is there already.
SELECT
  append_event_v1(
    %(type)s::text, %(aggregate_id)s::text, %(data)s::jsonb, %(device_uuid)s::uuid, %(id)s::uuid, %(causation_id)s::uuid,
    %(correlation_id)s::text
  );

-- name: list_types
-- The kinds of events, by name.
SELECT name, aggregate, retention_days, description, data_schema
FROM event_types
ORDER BY name
LIMIT 1000;

-- name: find_event
-- One event, in whichever partition it lies.
SELECT
  id, recorded_at, type, aggregate, aggregate_id, device_uuid, actor_kind, actor, correlation_id, causation_id, data,
  transaction_id::text::bigint AS transaction_id, sequence
FROM events
WHERE id = %(id)s::uuid;

-- name: list_events
-- Events, newest first, from before a position on.
SELECT
  id, recorded_at, type, aggregate, aggregate_id, device_uuid, actor_kind, actor, correlation_id, causation_id, data,
  transaction_id::text::bigint AS transaction_id, sequence
FROM events
WHERE
  (%(types)s::text [] IS NULL OR type = ANY(%(types)s::text []))
  AND (%(aggregate)s::text IS NULL OR aggregate = %(aggregate)s::text)
  AND (%(aggregate_id)s::text IS NULL OR aggregate_id = %(aggregate_id)s::text)
  AND (%(device_uuid)s::uuid IS NULL OR device_uuid = %(device_uuid)s::uuid)
  AND (%(correlation_id)s::text IS NULL OR correlation_id = %(correlation_id)s::text)
  AND (%(since)s::timestamptz IS NULL OR recorded_at >= %(since)s::timestamptz)
  AND (%(until)s::timestamptz IS NULL OR recorded_at < %(until)s::timestamptz)
  AND (
    %(before_time)s::timestamptz IS NULL
    OR (recorded_at, sequence) < (%(before_time)s::timestamptz, %(before_sequence)s::bigint)
  )
ORDER BY recorded_at DESC, sequence DESC
LIMIT %(limit)s::bigint;

-- name: list_consequences
-- An event and all that came of it, link by link, oldest first.
WITH RECURSIVE chain (id, depth) AS (
  SELECT %(id)s::uuid, 0
  UNION
  SELECT consequence.id, cause.depth + 1
  FROM chain AS cause
  INNER JOIN events AS consequence ON consequence.causation_id = cause.id
  WHERE cause.depth < 100
)

SELECT
  e.id, e.recorded_at, e.type, e.aggregate, e.aggregate_id, e.device_uuid, e.actor_kind, e.actor, e.correlation_id,
  e.causation_id, e.data, e.transaction_id::text::bigint AS transaction_id, e.sequence
FROM (SELECT DISTINCT id FROM chain) AS link
INNER JOIN events AS e ON e.id = link.id
ORDER BY e.recorded_at, e.sequence
LIMIT %(limit)s::bigint;

-- name: list_causes
-- What led to an event, nearest first: its cause, the cause of that, and so on.
WITH RECURSIVE chain (id, causation_id, depth) AS (
  SELECT id, causation_id, 0
  FROM events
  WHERE id = %(id)s::uuid
  UNION
  SELECT cause.id, cause.causation_id, consequence.depth + 1
  FROM chain AS consequence
  INNER JOIN events AS cause ON cause.id = consequence.causation_id
  WHERE consequence.depth < 100
)

SELECT
  e.id, e.recorded_at, e.type, e.aggregate, e.aggregate_id, e.device_uuid, e.actor_kind, e.actor, e.correlation_id,
  e.causation_id, e.data, e.transaction_id::text::bigint AS transaction_id, e.sequence
FROM chain AS link
INNER JOIN events AS e ON e.id = link.id
WHERE link.depth > 0
ORDER BY link.depth
LIMIT 100;

-- name: list_stretch
-- What follows a cursor, oldest first, up to a transaction that may still be running. Whatever commits later sorts behind it.
SELECT
  id, recorded_at, type, aggregate, aggregate_id, device_uuid, actor_kind, actor, correlation_id, causation_id, data,
  transaction_id::text::bigint AS transaction_id, sequence
FROM events
WHERE
  (transaction_id, sequence) > (%(transaction_id)s::bigint::text::xid8, %(sequence)s::bigint)
  AND transaction_id < %(horizon)s::bigint::text::xid8
  AND (%(types)s::text [] IS NULL OR type = ANY(%(types)s::text []))
  AND (%(aggregate)s::text IS NULL OR aggregate = %(aggregate)s::text)
  AND (%(aggregate_id)s::text IS NULL OR aggregate_id = %(aggregate_id)s::text)
  AND (%(device_uuid)s::uuid IS NULL OR device_uuid = %(device_uuid)s::uuid)
ORDER BY transaction_id, sequence
LIMIT %(limit)s::bigint;

-- name: read_horizon
-- The oldest transaction that is still running, whose events nobody sees yet; the first that has not begun; and whether there are
-- events already that wait for the oldest.
SELECT
  pg_snapshot_xmin(moment.snapshot)::text::bigint AS running,
  pg_snapshot_xmax(moment.snapshot)::text::bigint AS next,
  EXISTS (SELECT FROM events WHERE transaction_id >= pg_snapshot_xmin(moment.snapshot)) AS is_ahead
FROM (SELECT pg_current_snapshot() AS snapshot) AS moment;

-- name: let_events_be_settled
-- Events are only ever added to; after a restore their owner has to say once more when they were.
ALTER TABLE events DISABLE TRIGGER events_only_added_to;

-- name: settle_restored_events
-- Transactions that another server counted and this one has not reached: they become older than any of its own.
UPDATE events
SET transaction_id = '3'
WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot());

-- name: let_events_only_be_added_to
-- As before.
ALTER TABLE events ENABLE TRIGGER events_only_added_to;
