-- Everything configuration asks of the database.

-- name: find_setting
-- One setting.
SELECT key, value, updated_at
FROM system_config
WHERE key = %(key)s::text;

-- name: list_settings
-- The settings whose key begins so, by key, from behind one on.
SELECT key, value, updated_at
FROM system_config
WHERE starts_with(key, %(prefix)s::text) AND (%(after)s::text IS NULL OR key > %(after)s::text)
ORDER BY key
LIMIT %(limit)s::bigint;

-- name: lock_settings
-- Lets one writer after another, so that what each checks against still holds when it commits. Readers go on.
LOCK TABLE system_config IN SHARE ROW EXCLUSIVE MODE;

-- name: set_setting
-- Adds a setting or replaces its value; the same value again is no change.
INSERT INTO system_config (key, value)
VALUES (%(key)s::text, %(value)s::jsonb)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now()
WHERE system_config.value <> excluded.value;

-- name: remove_setting
-- Takes a setting away.
DELETE FROM system_config
WHERE key = %(key)s::text;

-- name: list_changes
-- What happened to one setting, or to all, newest first, from before one on.
SELECT id, key, action, old_value, new_value, actor_kind, actor, changed_at
FROM system_config_history
WHERE
  (%(key)s::text IS NULL OR key = %(key)s::text)
  AND (%(before)s::bigint IS NULL OR id < %(before)s::bigint)
ORDER BY id DESC
LIMIT %(limit)s::bigint;
