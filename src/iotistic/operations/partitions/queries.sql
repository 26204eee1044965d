-- name: list_sizes
-- Every table that is or is named like a partition of a table with a policy, with its bytes and about how many rows it has.
SELECT
  leaf.relname::text AS name,
  pg_catalog.pg_total_relation_size(leaf.oid) AS bytes,
  coalesce(pg_catalog.pg_stat_get_live_tuples(leaf.oid), 0) AS rows
FROM pg_catalog.pg_class AS leaf
WHERE
  leaf.relkind = 'r'
  AND leaf.relnamespace = 'public'::regnamespace
  AND leaf.relname = ANY(%(names)s::name []);

-- name: count_quarantined
-- Rows of each stream that were set aside because there was no partition for them.
SELECT
  'device_' || stream AS parent,
  count(*) AS rows
FROM ingest_quarantine
WHERE reason = 'no_partition'
GROUP BY stream;
