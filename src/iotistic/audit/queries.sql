-- Everything that is asked of the audit.

-- name: record
-- Adds an entry; the actor is the one the transaction was begun for.
SELECT
  record_audit_v1(
    %(action)s::text, %(resource)s::text, %(resource_id)s::text, %(device_uuid)s::uuid, %(before)s::jsonb, %(after)s::jsonb
  );

-- name: list_entries
-- Entries, newest first, from before an id on.
SELECT
  entry.id,
  entry.occurred_at,
  entry.actor_kind,
  entry.actor,
  entry.key_id,
  entry.request_id,
  entry.address,
  entry.database_user,
  entry.action,
  entry.resource,
  entry.resource_id,
  entry.device_uuid,
  entry.before,
  entry.after
FROM audit_log AS entry
WHERE
  (%(before_id)s::bigint IS NULL OR entry.id < %(before_id)s::bigint)
  AND (%(actor)s::text IS NULL OR entry.actor = %(actor)s::text)
  AND (%(action)s::text IS NULL OR entry.action = %(action)s::text)
  AND (%(resource)s::text IS NULL OR entry.resource = %(resource)s::text)
  AND (%(resource_id)s::text IS NULL OR entry.resource_id = %(resource_id)s::text)
  AND (%(device_uuid)s::uuid IS NULL OR entry.device_uuid = %(device_uuid)s::uuid)
  AND (%(request_id)s::text IS NULL OR entry.request_id = %(request_id)s::text)
  AND (%(since)s::timestamptz IS NULL OR entry.occurred_at >= %(since)s::timestamptz)
  AND (%(until)s::timestamptz IS NULL OR entry.occurred_at < %(until)s::timestamptz)
ORDER BY entry.id DESC
LIMIT %(limit)s::bigint;
