-- Everything about dashboards that is asked of the database.

-- name: insert_layout
-- Makes a dashboard; a taken name violates dashboard_layouts_user_id_device_uuid_name_key.
INSERT INTO dashboard_layouts (user_id, device_uuid, name, document, is_default)
VALUES (%(user_id)s::bigint, %(device_uuid)s::uuid, %(name)s::text, %(document)s::jsonb, %(is_default)s::boolean)
RETURNING id;

-- name: count_layouts
-- How many dashboards an owner has.
SELECT count(*) AS layouts
FROM dashboard_layouts
WHERE user_id IS NOT DISTINCT FROM %(user_id)s::bigint;

-- name: clear_default
-- Makes room for another default of the same owner and device.
UPDATE dashboard_layouts
SET is_default = FALSE
WHERE
  user_id IS NOT DISTINCT FROM %(user_id)s::bigint
  AND device_uuid IS NOT DISTINCT FROM %(device_uuid)s::uuid
  AND is_default
  AND id IS DISTINCT FROM %(except_id)s::bigint;

-- name: replace_layout
-- Says anew what a dashboard of this owner is; what is as before is not written.
UPDATE dashboard_layouts
SET name = %(name)s::text, document = %(document)s::jsonb, is_default = %(is_default)s::boolean, updated_at = now()
WHERE
  id = %(id)s::bigint
  AND user_id IS NOT DISTINCT FROM %(user_id)s::bigint
  AND (name, document, is_default) IS DISTINCT FROM (%(name)s::text, %(document)s::jsonb, %(is_default)s::boolean);

-- name: lock_layout
-- The device of a dashboard of this owner; nobody else changes that dashboard until the transaction is over.
SELECT id, device_uuid
FROM dashboard_layouts
WHERE id = %(id)s::bigint AND user_id IS NOT DISTINCT FROM %(user_id)s::bigint
FOR NO KEY UPDATE;

-- name: delete_layout
-- Takes a dashboard of this owner away.
DELETE FROM dashboard_layouts
WHERE id = %(id)s::bigint AND user_id IS NOT DISTINCT FROM %(user_id)s::bigint;

-- name: find_layout
-- One dashboard, if this person may see it.
SELECT
  layout.id, person.username AS owner, layout.device_uuid, layout.name, layout.is_default, layout.created_at,
  layout.updated_at, layout.document
FROM dashboard_layouts AS layout
LEFT JOIN users AS person ON person.id = layout.user_id
WHERE layout.id = %(id)s::bigint AND (layout.user_id IS NULL OR layout.user_id = %(user_id)s::bigint);

-- name: find_default
-- The dashboard that this person is shown: the own default before the shared one.
SELECT
  layout.id, person.username AS owner, layout.device_uuid, layout.name, layout.is_default, layout.created_at,
  layout.updated_at, layout.document
FROM dashboard_layouts AS layout
LEFT JOIN users AS person ON person.id = layout.user_id
WHERE
  layout.is_default
  AND layout.device_uuid IS NOT DISTINCT FROM %(device_uuid)s::uuid
  AND (layout.user_id IS NULL OR layout.user_id = %(user_id)s::bigint)
ORDER BY layout.user_id IS NULL
LIMIT 1;

-- name: list_layouts
-- The dashboards that a person may see, in the order they were made, from behind one on.
SELECT
  layout.id, person.username AS owner, layout.device_uuid, layout.name, layout.is_default, layout.created_at,
  layout.updated_at
FROM dashboard_layouts AS layout
LEFT JOIN users AS person ON person.id = layout.user_id
WHERE
  (layout.user_id IS NULL OR layout.user_id = %(user_id)s::bigint)
  AND (%(device_uuid)s::uuid IS NULL OR layout.device_uuid = %(device_uuid)s::uuid)
  AND (%(after)s::bigint IS NULL OR layout.id > %(after)s::bigint)
ORDER BY layout.id
LIMIT %(limit)s::bigint;
