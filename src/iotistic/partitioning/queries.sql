-- name: list_policies
-- The tables that are partitioned by time, with the column that decides; a policy whose table does not exist yet is left out.
SELECT
  policy.parent,
  policy.grain,
  policy.premake,
  policy.back,
  policy.keep_days,
  key.attname::text AS key
FROM partition_policies AS policy
INNER JOIN pg_catalog.pg_class AS parent
  ON parent.relname = policy.parent AND parent.relnamespace = 'public'::regnamespace
INNER JOIN pg_catalog.pg_partitioned_table AS partitioned
  ON partitioned.partrelid = parent.oid
INNER JOIN pg_catalog.pg_attribute AS key
  ON key.attrelid = parent.oid AND key.attnum = partitioned.partattrs[0]
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
