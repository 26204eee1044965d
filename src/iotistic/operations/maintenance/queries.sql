-- What is cared for, in any database.

-- name: tables
-- Every table that keeps rows, and the partitioned ones above them.
SELECT
  kept.oid::regclass::text AS name,
  coalesce(pg_partition_root(kept.oid)::text, kept.oid::regclass::text) AS root,
  kept.relkind = 'p' AS is_partitioned,
  CASE kept.relkind WHEN 'p' THEN 0 ELSE pg_total_relation_size(kept.oid) END AS bytes
FROM pg_catalog.pg_class AS kept
INNER JOIN pg_catalog.pg_namespace AS space ON space.oid = kept.relnamespace
WHERE
  kept.relkind IN ('r', 'm', 'p') AND kept.relpersistence <> 't'
  AND space.nspname NOT IN ('pg_catalog', 'information_schema') AND space.nspname !~ '^pg_toast'
ORDER BY name;

-- name: broken_indexes
-- INVALID indexes that nobody is building, those on partitioned tables left out: they are whole when their leaves' are.
SELECT
  made.indexrelid::regclass::text AS name,
  made.indrelid::regclass::text AS table_name,
  coalesce(pg_partition_root(made.indrelid)::text, made.indrelid::regclass::text) AS root,
  named.relname ~ '_cc(new|old)[0-9]*$' AS is_remains
FROM pg_catalog.pg_index AS made
INNER JOIN pg_catalog.pg_class AS named ON named.oid = made.indexrelid
INNER JOIN pg_catalog.pg_namespace AS space ON space.oid = named.relnamespace
WHERE
  NOT made.indisvalid AND named.relkind = 'i' AND space.nspname !~ '^pg_'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_stat_progress_create_index AS building WHERE building.relid = made.indrelid
  )
ORDER BY name;
