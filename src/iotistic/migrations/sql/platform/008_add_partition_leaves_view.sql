-- Reads the bounds of every partition from the catalog: a name may lie, a bound cannot.
CREATE VIEW partition_leaves WITH (security_invoker = true) AS
SELECT
  parent.relname::text AS parent,
  leaf.relname::text AS leaf,
  bounds.parts[1]::timestamptz AS lower_bound,
  bounds.parts[2]::timestamptz AS upper_bound,
  tree.inhdetachpending AS detach_pending
FROM partition_policies AS policy
INNER JOIN pg_catalog.pg_class AS parent
  ON parent.relname = policy.parent AND parent.relkind = 'p'
INNER JOIN pg_catalog.pg_namespace AS space
  ON space.oid = parent.relnamespace AND space.nspname = 'public'
INNER JOIN pg_catalog.pg_inherits AS tree
  ON tree.inhparent = parent.oid
INNER JOIN pg_catalog.pg_class AS leaf
  ON leaf.oid = tree.inhrelid
CROSS JOIN LATERAL (
  SELECT
    regexp_match(
      pg_catalog.pg_get_expr(leaf.relpartbound, leaf.oid),
      '^FOR VALUES FROM \(''([^'']+)''\) TO \(''([^'']+)''\)$'
    ) AS parts
) AS bounds;

COMMENT ON VIEW partition_leaves IS 'One row per attached partition of a table with a policy; bounds are NULL where they are no plain range of time.';
COMMENT ON COLUMN partition_leaves.lower_bound IS 'The first moment it holds.';
COMMENT ON COLUMN partition_leaves.upper_bound IS 'The first moment it no longer holds.';
COMMENT ON COLUMN partition_leaves.detach_pending IS 'An interrupted DETACH CONCURRENTLY: its rows are hidden and no other partition can be detached until it is finalised.';
