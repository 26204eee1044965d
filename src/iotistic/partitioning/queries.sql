-- name: list_policies
-- The tables that are partitioned by time, with the column that decides; a policy whose table does not exist yet is left out.
SELECT
  policy.parent,
  policy.grain,
  policy.premake,
  policy.back,
  policy.keep_days,
  policy.ahead_minutes,
  policy.device_column,
  policy.search_column,
  policy.archive,
  key.attname::text AS key,
  fallback.relname::text AS default_partition
FROM partition_policies AS policy
INNER JOIN pg_catalog.pg_class AS parent
  ON parent.relname = policy.parent AND parent.relnamespace = 'public'::regnamespace
INNER JOIN pg_catalog.pg_partitioned_table AS partitioned
  ON partitioned.partrelid = parent.oid
INNER JOIN pg_catalog.pg_attribute AS key
  ON key.attrelid = parent.oid AND key.attnum = partitioned.partattrs[0]
LEFT JOIN pg_catalog.pg_class AS fallback
  ON fallback.oid = partitioned.partdefid
WHERE partitioned.partnatts = 1
ORDER BY policy.parent;

-- name: list_leaves
-- Every attached partition of those tables with its bounds, and what was done to it since its period is over.
SELECT
  leaves.parent,
  leaves.leaf,
  leaves.lower_bound,
  leaves.upper_bound,
  leaves.detach_pending,
  state.sealed_at,
  state.thinned_at
FROM partition_leaves AS leaves
LEFT JOIN partition_states AS state
  ON state.leaf = leaves.leaf AND state.leaf_oid = to_regclass('public.' || quote_ident(leaves.leaf))
ORDER BY leaves.parent, leaves.lower_bound, leaves.leaf;

-- name: list_strays
-- Tables named like a partition that are attached to nothing, with their comment, which tells why.
SELECT
  policy.parent,
  stray.relname::text AS name,
  pg_catalog.obj_description(stray.oid, 'pg_class') AS comment
FROM partition_policies AS policy
INNER JOIN pg_catalog.pg_class AS stray
  ON
    stray.relname ~ ('^' || policy.parent || '_[0-9]{4}(w[0-9]{2}|[0-9]{2}|[0-9]{4})?$')
    AND stray.relnamespace = 'public'::regnamespace
    AND stray.relkind = 'r'
    AND NOT stray.relispartition
ORDER BY policy.parent, name;

-- name: create_policy
-- Puts a table under the maintainer.
INSERT INTO partition_policies (parent, grain, premake, back, keep_days)
VALUES (%(parent)s::text, %(grain)s::text, %(premake)s::integer, %(back)s::integer, %(keep_days)s::integer)
ON CONFLICT (parent) DO NOTHING;

-- name: find_table
-- What kind of table it is, whose, and what it is partitioned by.
SELECT
  c.relkind::text AS kind,
  c.relispartition AS attached,
  pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
  partitioned.partstrat::text AS strategy,
  CASE partitioned.partnatts WHEN 1 THEN key.atttypid::regtype::text END AS key_type
FROM pg_catalog.pg_class AS c
LEFT JOIN pg_catalog.pg_partitioned_table AS partitioned ON partitioned.partrelid = c.oid
LEFT JOIN pg_catalog.pg_attribute AS key ON key.attrelid = c.oid AND key.attnum = partitioned.partattrs[0]
WHERE c.relname = %(name)s::text AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p');

-- name: list_parts
-- The columns, indexes and checks of a table as definitions without its name, to be compared with those of another.
SELECT
  'column' AS kind,
  pg_catalog.format(
    '%%I %%s%%s%%s',
    a.attname,
    pg_catalog.format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attnotnull THEN ' NOT NULL' END,
    CASE WHEN a.attgenerated <> '' THEN ' GENERATED' END
  ) AS definition
FROM pg_catalog.pg_attribute AS a
INNER JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
WHERE c.relname = %(name)s::text AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT
  'index' AS kind,
  pg_catalog.concat(
    CASE WHEN i.indisprimary THEN 'PRIMARY KEY ' WHEN i.indisunique THEN 'UNIQUE ' END,
    substring(pg_catalog.pg_get_indexdef(i.indexrelid) FROM ' USING (.*)$')
  ) AS definition
FROM pg_catalog.pg_index AS i
INNER JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
WHERE c.relname = %(name)s::text AND c.relnamespace = 'public'::regnamespace AND i.indisvalid
UNION ALL
SELECT
  'check' AS kind,
  pg_catalog.pg_get_constraintdef(k.oid) AS definition
FROM pg_catalog.pg_constraint AS k
INNER JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
WHERE c.relname = %(name)s::text AND c.relnamespace = 'public'::regnamespace AND k.contype = 'c';

-- name: list_classes
-- The retention classes that devices of each table have, other than the policy's own.
SELECT
  class.parent,
  coalesce(class.keep_days, policy.keep_days) AS keep_days,
  count(*) AS devices,
  max(class.changed_at) AS changed_at
FROM device_retention_classes AS class
INNER JOIN partition_policies AS policy ON policy.parent = class.parent
WHERE policy.device_column IS NOT NULL
GROUP BY class.parent, coalesce(class.keep_days, policy.keep_days)
ORDER BY class.parent, keep_days;

-- name: find_device_column
-- Whether the rows of a table may stay longer or shorter by device.
SELECT device_column
FROM partition_policies
WHERE parent = %(parent)s::text;

-- name: set_class
-- Gives a device a class; NULL gives it the policy's own back, and keeps the row to say when.
INSERT INTO device_retention_classes (parent, device_uuid, keep_days)
VALUES (%(parent)s::text, %(device_uuid)s::uuid, %(keep_days)s::integer)
ON CONFLICT (parent, device_uuid) DO UPDATE
SET keep_days = excluded.keep_days, changed_at = now()
WHERE device_retention_classes.keep_days IS DISTINCT FROM excluded.keep_days;

-- name: find_class_stamp
-- Changes with every change of a class: what is read again only then may be many rows.
SELECT
  count(*) AS devices,
  max(changed_at) AS changed_at
FROM device_retention_classes;

-- name: list_class_keeps
-- Every device with a class of its own, for whoever judges what they send.
SELECT
  parent,
  device_uuid,
  keep_days
FROM device_retention_classes
WHERE keep_days IS NOT NULL;

-- name: list_devices_of_classes
-- A page of the devices that have another class.
SELECT
  parent,
  device_uuid,
  keep_days,
  changed_at
FROM device_retention_classes
WHERE keep_days IS NOT NULL AND (parent, device_uuid) > (%(after_parent)s::text, %(after)s::uuid)
ORDER BY parent, device_uuid
LIMIT %(limit)s::bigint;

-- name: note_state
-- Says of a partition what was done to it.
INSERT INTO partition_states (leaf, leaf_oid, sealed_at, thinned_at)
VALUES (
  %(leaf)s::text,
  ('public.' || quote_ident(%(leaf)s::text))::regclass,
  %(sealed_at)s::timestamptz,
  %(thinned_at)s::timestamptz
)
ON CONFLICT (leaf) DO UPDATE
SET leaf_oid = excluded.leaf_oid, sealed_at = excluded.sealed_at, thinned_at = excluded.thinned_at;

-- name: forget_states
-- Of partitions that are no more.
DELETE FROM partition_states AS state
WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class AS leaf WHERE leaf.oid = state.leaf_oid AND leaf.relname = state.leaf);

-- name: find_index
-- Whether an index is valid; no row when there is none.
SELECT index.indisvalid AS valid
FROM pg_catalog.pg_index AS index
INNER JOIN pg_catalog.pg_class AS c ON c.oid = index.indexrelid
WHERE c.relname = %(name)s::text AND c.relnamespace = 'public'::regnamespace;

-- name: list_key_columns
-- The columns of the primary key of a table, in its order.
SELECT attribute.attname::text AS name
FROM pg_catalog.pg_index AS key
CROSS JOIN LATERAL unnest(key.indkey::int2 []) WITH ORDINALITY AS part (attnum, position)
INNER JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = key.indrelid AND attribute.attnum = part.attnum
WHERE key.indrelid = ('public.' || quote_ident(%(name)s::text))::regclass AND key.indisprimary
ORDER BY part.position;

-- name: list_thinning_leftovers
-- Tables that an interrupted thinning left: the new one not yet in place, the old one no longer.
SELECT
  policy.parent,
  policy.archive,
  leftover.relname::text AS name
FROM partition_policies AS policy
INNER JOIN pg_catalog.pg_class AS leftover
  ON
    leftover.relname ~ ('^' || policy.parent || '_[0-9w]{4,8}_(kept|gone)$')
    AND leftover.relnamespace = 'public'::regnamespace
    AND leftover.relkind = 'r'
    AND NOT leftover.relispartition
ORDER BY leftover.relname;

-- name: find_all_visible
-- Whether the last vacuum found every page of a table readable by all.
SELECT leaf.relallvisible >= leaf.relpages AS all_visible
FROM pg_catalog.pg_class AS leaf
WHERE leaf.relname = %(leaf)s::text AND leaf.relnamespace = 'public'::regnamespace;
