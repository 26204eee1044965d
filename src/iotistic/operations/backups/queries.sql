-- What backups ask the catalog of the database they save.

-- name: describe_database
-- What a dump leaves out: owner, size, extensions, and the roles that something refers to.
SELECT
  pg_database_size(base.oid) AS database_bytes,
  pg_get_userbyid(base.datdba)::text AS owner,
  ARRAY(
    SELECT extname::text FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql' ORDER BY extname
  ) AS extensions,
  ARRAY(
    SELECT DISTINCT role.rolname::text
    FROM pg_catalog.pg_shdepend AS needed
    INNER JOIN pg_catalog.pg_roles AS role ON role.oid = needed.refobjid
    WHERE needed.dbid = base.oid AND needed.refclassid = 'pg_catalog.pg_authid'::regclass
    ORDER BY role.rolname::text
  ) AS roles
FROM pg_catalog.pg_database AS base
WHERE base.datname = current_database();

-- name: list_database_settings
-- What ALTER DATABASE ... SET and ALTER ROLE ... IN DATABASE gave it.
SELECT
  role.rolname::text AS role,
  split_part(pair.setting, '=', 1) AS name,
  substr(pair.setting, strpos(pair.setting, '=') + 1) AS value
FROM pg_catalog.pg_db_role_setting AS given
CROSS JOIN LATERAL unnest(given.setconfig) AS pair (setting)
LEFT JOIN pg_catalog.pg_roles AS role ON role.oid = given.setrole
WHERE given.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
ORDER BY role.rolname NULLS FIRST, name;

-- name: list_database_grants
-- Who may do what with it as a whole; the owner's own rights come by themselves.
SELECT
  coalesce(role.rolname::text, 'PUBLIC') AS role,
  acl.privilege_type AS privilege
FROM pg_catalog.pg_database AS base
CROSS JOIN LATERAL aclexplode(coalesce(base.datacl, acldefault('d', base.datdba))) AS acl
LEFT JOIN pg_catalog.pg_roles AS role ON role.oid = acl.grantee
WHERE base.datname = current_database() AND acl.grantee <> base.datdba
ORDER BY role, privilege;

-- name: list_tables
-- Every table that holds rows itself. Those of an extension are the extension's to restore.
-- One without a single page has no row at any moment a snapshot can still see; most leaves of a platform are made ahead and are so.
SELECT
  space.nspname::text AS schema,
  kept.relname::text AS name,
  CASE WHEN pg_relation_size(kept.oid) = 0 THEN 0 ELSE pg_table_size(kept.oid) END AS bytes,
  coalesce(root.parents, '{}') AS parents
FROM pg_catalog.pg_class AS kept
INNER JOIN pg_catalog.pg_namespace AS space ON space.oid = kept.relnamespace
LEFT JOIN LATERAL (
  SELECT array_agg(parent.relname::text ORDER BY parent.relname) AS parents
  FROM pg_partition_ancestors(kept.oid) AS above
  INNER JOIN pg_catalog.pg_class AS parent ON parent.oid = above.relid
  WHERE kept.relispartition AND parent.oid <> kept.oid
) AS root ON true
WHERE
  kept.relkind = 'r'
  AND kept.relpersistence <> 't'
  AND space.nspname NOT IN ('pg_catalog', 'information_schema')
  AND space.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS member
    WHERE member.classid = 'pg_catalog.pg_class'::regclass AND member.objid = kept.oid AND member.deptype = 'e'
  )
ORDER BY space.nspname, kept.relname;

-- name: list_unanalyzed
-- What ANALYZE has work with in a database that was just loaded, the catalog included; the largest first.
SELECT
  space.nspname::text AS schema,
  kept.relname::text AS name,
  kept.relkind = 'p' AS is_parent,
  kept.relispartition AS is_partition
FROM pg_catalog.pg_class AS kept
INNER JOIN pg_catalog.pg_namespace AS space ON space.oid = kept.relnamespace
LEFT JOIN LATERAL (
  SELECT sum(pg_relation_size(leaf.relid)) AS bytes
  FROM pg_partition_tree(kept.oid) AS leaf
  WHERE kept.relkind = 'p' AND leaf.isleaf
) AS below ON true
CROSS JOIN LATERAL (SELECT coalesce(below.bytes, pg_relation_size(kept.oid)) AS bytes) AS size
WHERE
  kept.relkind IN ('r', 'm', 'p')
  AND kept.relpersistence <> 't'
  AND NOT kept.relisshared
  AND kept.oid <> 'pg_catalog.pg_statistic'::regclass
  AND space.nspname !~ '^pg_(toast|temp)'
  AND size.bytes > 0
ORDER BY size.bytes DESC, space.nspname, kept.relname;

-- name: list_columns
-- The columns of a table in order, each with its type as the server spells it.
SELECT
  attname::text AS name,
  format_type(atttypid, atttypmod) AS kind
FROM pg_catalog.pg_attribute
WHERE attrelid = format('%%I.%%I', %(schema)s::text, %(name)s::text)::regclass AND attnum > 0 AND NOT attisdropped
ORDER BY attnum;

-- name: list_copies
-- How far the running COPY of each table is, of the dump that has this application name.
SELECT
  progress.relid::regclass::text AS name,
  progress.bytes_processed AS bytes
FROM pg_catalog.pg_stat_progress_copy AS progress
INNER JOIN pg_catalog.pg_stat_activity AS session ON session.pid = progress.pid
WHERE session.application_name = %(application)s::text;

-- name: list_missing_roles
-- Which of these roles the server does not have.
SELECT stated.name
FROM unnest(%(names)s::text []) AS stated (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS role WHERE role.rolname = stated.name)
ORDER BY stated.name;

-- name: list_missing_extensions
-- Which of these extensions are not installed on the server's machine.
SELECT stated.name
FROM unnest(%(names)s::text []) AS stated (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_available_extensions AS offered WHERE offered.name = stated.name)
ORDER BY stated.name;

-- name: database_exists
-- Whether the server has this database.
SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = %(name)s::text);

-- name: list_databases
-- All of the server, by name.
SELECT datname::text AS name FROM pg_catalog.pg_database ORDER BY datname;

-- name: claim
-- Takes a lock of this session, if nobody has it.
SELECT pg_try_advisory_lock(%(key)s::bigint) AS taken;

-- name: disclaim
-- Gives it back.
SELECT pg_advisory_unlock(%(key)s::bigint) AS given;

-- name: is_shut
-- Whether a server process holds the lock of a database that every newcomer waits for.
SELECT EXISTS (
  SELECT
  FROM pg_catalog.pg_locks AS held
  INNER JOIN pg_catalog.pg_database AS base ON base.oid = held.objid
  WHERE
    held.locktype = 'object'
    AND held.classid = 'pg_catalog.pg_database'::regclass
    AND held.mode = 'AccessExclusiveLock'
    AND held.granted
    AND held.pid = %(pid)s::int
    AND base.datname = %(name)s::text
) AS shut;

-- name: end_sessions
-- Tells every session of a database to end. Not among the conditions: they are tried in any order, on sessions of others too.
SELECT
  pid,
  pg_terminate_backend(pid) AS told
FROM pg_catalog.pg_stat_activity
WHERE datname = %(name)s::text AND pid <> pg_backend_pid();

-- name: list_aside
-- Databases that a restore put aside, told by their comment.
SELECT
  base.datname::text AS name,
  pg_database_size(base.oid) AS bytes,
  told.description AS comment
FROM pg_catalog.pg_database AS base
INNER JOIN pg_catalog.pg_shdescription AS told
  ON told.objoid = base.oid AND told.classoid = 'pg_catalog.pg_database'::regclass
WHERE told.description LIKE 'iotistic: put aside by a restore%%'
ORDER BY base.datname;

-- name: record_backup
-- Makes the row of a backup what is on disk. A proof that is newer than a failed drill takes the failure away.
INSERT INTO backups AS known (
  id, place, database_name, tables_asked, server_version, started_at, finished_at, row_count, byte_count, manifest_sha256, key_id,
  copied_to, is_pinned, verified_at, proved_at
)
VALUES (
  %(id)s::text, %(place)s::text, %(database_name)s::text, %(tables_asked)s::text [], %(server_version)s::bigint,
  %(started_at)s::timestamptz, %(finished_at)s::timestamptz, %(row_count)s::bigint, %(byte_count)s::bigint,
  %(manifest_sha256)s::text, %(key_id)s::text, %(copied_to)s::text, %(is_pinned)s::boolean, %(verified_at)s::timestamptz,
  %(proved_at)s::timestamptz
)
ON CONFLICT ON CONSTRAINT backups_pkey DO UPDATE SET
  manifest_sha256 = excluded.manifest_sha256,
  key_id = excluded.key_id,
  copied_to = excluded.copied_to,
  is_pinned = excluded.is_pinned,
  verified_at = excluded.verified_at,
  proved_at = excluded.proved_at,
  drill_failed_at = CASE WHEN excluded.proved_at > known.drill_failed_at THEN null ELSE known.drill_failed_at END,
  drill_error = CASE WHEN excluded.proved_at > known.drill_failed_at THEN null ELSE known.drill_error END,
  gone_at = null
WHERE
  (
    known.manifest_sha256, known.key_id, known.copied_to, known.is_pinned, known.verified_at, known.proved_at, known.gone_at
  ) IS DISTINCT FROM (
    excluded.manifest_sha256, excluded.key_id, excluded.copied_to, excluded.is_pinned, excluded.verified_at, excluded.proved_at,
    null::timestamptz
  )
RETURNING known.xmax = 0 AS is_new;

-- name: forget_backups
-- Backups that were let go have no row.
DELETE FROM backups WHERE place = %(place)s::text AND id = ANY(%(ids)s::text []);

-- name: mark_gone
-- Says of rows of a place since when their folders are gone; answers those that were not known to be.
UPDATE backups
SET gone_at = %(now)s::timestamptz
WHERE place = %(place)s::text AND gone_at IS null AND id <> ALL(%(present)s::text [])
RETURNING id;

-- name: record_failed_drill
-- What a drill of a backup found wrong.
UPDATE backups
SET drill_failed_at = %(now)s::timestamptz, drill_error = %(error)s::text
WHERE place = %(place)s::text AND id = %(id)s::text;

-- name: list_recorded
-- The rows of one place, newest first.
SELECT
  id,
  place,
  database_name,
  started_at,
  byte_count,
  manifest_sha256,
  key_id,
  copied_to,
  verified_at,
  proved_at,
  drill_failed_at,
  drill_error,
  gone_at
FROM backups
WHERE place = %(place)s::text
ORDER BY id DESC
LIMIT %(limit)s::int;

-- name: database_bytes
-- How large a database is while it is filled.
SELECT pg_catalog.pg_database_size(%(name)s::name) AS bytes;
