-- name: list_policies
-- The tables that are partitioned by time, with the column that decides; a policy whose table does not exist yet is left out.
SELECT
  policy.parent,
  policy.grain,
  policy.premake,
  policy.back,
  policy.keep_days,
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
-- Every attached partition of those tables with its bounds.
SELECT
  parent,
  leaf,
  lower_bound,
  upper_bound,
  detach_pending
FROM partition_leaves
ORDER BY parent, lower_bound, leaf;

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
