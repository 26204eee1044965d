-- name: list_columns
-- The columns of a table, in its order, with their types.
SELECT
  a.attname::text AS name,
  pg_catalog.format_type(a.atttypid, NULL) AS type
FROM pg_catalog.pg_attribute AS a
INNER JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
WHERE
  c.relname = %(name)s::text
  AND c.relnamespace = 'public'::regnamespace
  AND c.relkind = 'r'
  AND a.attnum > 0
  AND NOT a.attisdropped
ORDER BY a.attnum;
