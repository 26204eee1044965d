-- Everything configuration asks of the database.

-- name: find_setting
-- One setting.
SELECT key, value, updated_at
FROM system_config
WHERE key = %(key)s::text;

-- name: list_settings
-- The settings whose key begins so, by key.
SELECT key, value, updated_at
FROM system_config
WHERE starts_with(key, %(prefix)s::text)
ORDER BY key
LIMIT 1000;

-- name: set_setting
-- Adds a setting or replaces its value.
INSERT INTO system_config (key, value)
VALUES (%(key)s::text, %(value)s::jsonb)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now();
