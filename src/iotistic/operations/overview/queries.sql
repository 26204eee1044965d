-- name: database_sizes
-- How large each of our databases is, all files counted.
SELECT
  datname AS name,
  pg_database_size(oid) AS bytes
FROM pg_catalog.pg_database
WHERE datname = ANY(%(names)s::text [])
ORDER BY datname;

-- name: table_sizes
-- The largest tables with indexes and TOAST; the leaves of a partitioned table count for their parent.
SELECT
  c.oid::regclass::text AS name,
  sum(pg_total_relation_size(coalesce(t.relid, c.oid)))::bigint AS bytes,
  count(t.relid) FILTER (WHERE t.isleaf) AS partitions
FROM pg_catalog.pg_class AS c
LEFT JOIN LATERAL pg_partition_tree(c.oid) AS t ON c.relkind = 'p'
WHERE
  c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND c.relnamespace = 'public'::regnamespace
GROUP BY c.oid
ORDER BY bytes DESC, name
LIMIT %(limit)s::bigint;

-- name: device_counts
-- How many devices are registered, and how many are connected.
SELECT
  count(*) AS registered,
  count(*) FILTER (WHERE connection_status = 'online') AS online
FROM devices
WHERE retired_at IS NULL;

-- name: inserted_rows
-- Rows ever added to the leaves of a partitioned table, as the statistics collector counts them (about a second late).
SELECT coalesce(sum(s.n_tup_ins), 0)::bigint AS inserted
FROM pg_partition_tree(%(parent)s::text::regclass) AS t
INNER JOIN pg_catalog.pg_stat_user_tables AS s ON s.relid = t.relid;
