-- What is asked of a server by `iotistic db` and `iotistic maintenance`: catalogs and statistics only, in any of the databases.

-- name: server_status
-- One server and the connected database, in numbers that cost nothing.
SELECT
  current_setting('server_version') AS version,
  current_database()::text AS database,
  pg_database_size(current_database()) AS bytes,
  pg_postmaster_start_time() AS started_at,
  pg_is_in_recovery() AS is_standby,
  current_setting('max_connections')::bigint AS max_connections,
  counted.xact_commit AS commits,
  counted.xact_rollback AS rollbacks,
  (100 * counted.blks_hit / nullif(counted.blks_hit + counted.blks_read, 0)::double precision) AS cache_hit_percent,
  counted.deadlocks,
  counted.temp_bytes AS temporary_bytes,
  counted.stats_reset AS statistics_since,
  (
    SELECT extract(EPOCH FROM clock_timestamp() - min(other.xact_start))::double precision
    FROM pg_catalog.pg_stat_activity AS other
    WHERE other.pid <> pg_backend_pid() AND other.backend_type = 'client backend'
  ) AS oldest_transaction_seconds,
  (SELECT count(*) FROM pg_catalog.pg_stat_activity AS waiting WHERE waiting.wait_event_type = 'Lock') AS waiting_for_locks
FROM pg_catalog.pg_stat_database AS counted
WHERE counted.datname = current_database();

-- name: connections
-- Client sessions by database, role and state, the most first.
SELECT
  datname::text AS database,
  usename::text AS role,
  coalesce(state, 'not visible') AS state,
  count(*) AS sessions
FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend'
GROUP BY datname, usename, coalesce(state, 'not visible')
ORDER BY count(*) DESC, datname, usename, state;

-- name: table_sizes
-- Tables with all that belongs to them, the largest first; a partitioned table is the sum of its leaves.
SELECT
  top.oid::regclass::text AS name,
  count(leaf.oid) FILTER (WHERE leaf.oid <> top.oid) AS partitions,
  coalesce(sum(pg_total_relation_size(leaf.oid)), 0)::bigint AS total_bytes,
  coalesce(sum(pg_table_size(leaf.oid)), 0)::bigint AS table_bytes,
  coalesce(sum(pg_indexes_size(leaf.oid)), 0)::bigint AS index_bytes,
  coalesce(sum(coalesce(seen.n_live_tup, 0)), 0)::bigint AS rows,
  coalesce(sum(coalesce(seen.n_dead_tup, 0)), 0)::bigint AS dead_rows,
  CASE WHEN bool_and(coalesce(seen.last_vacuum, seen.last_autovacuum) IS NOT NULL)
      THEN min(greatest(seen.last_vacuum, seen.last_autovacuum))
  END AS vacuumed_at,
  max(greatest(own.last_analyze, own.last_autoanalyze)) AS analyzed_at
FROM pg_catalog.pg_class AS top
INNER JOIN pg_catalog.pg_namespace AS space ON space.oid = top.relnamespace
LEFT JOIN pg_catalog.pg_stat_all_tables AS own ON own.relid = top.oid
LEFT JOIN LATERAL (
  SELECT top.oid WHERE top.relkind <> 'p'
  UNION ALL
  SELECT tree.relid FROM pg_partition_tree(top.oid) AS tree WHERE top.relkind = 'p' AND tree.isleaf AND tree.relid <> top.oid
) AS leaf (oid) ON TRUE
LEFT JOIN pg_catalog.pg_stat_all_tables AS seen ON seen.relid = leaf.oid
WHERE
  top.relkind IN ('r', 'm', 'p') AND NOT top.relispartition AND top.relpersistence <> 't'
  AND space.nspname NOT IN ('pg_catalog', 'information_schema') AND space.nspname !~ '^pg_toast'
GROUP BY top.oid
ORDER BY total_bytes DESC, name
LIMIT %(limit)s::bigint;

-- name: index_use
-- Indexes with how often they are read, the least useful byte first; those of leaves are counted with the one of their table.
SELECT
  top.indrelid::regclass::text AS table_name,
  top.indexrelid::regclass::text AS name,
  sum(pg_relation_size(leaf.oid))::bigint AS bytes,
  sum(coalesce(used.idx_scan, 0))::bigint AS scans,
  top.indisunique AS is_unique,
  top.indisvalid AND bool_and(made.indisvalid) AS is_valid,
  count(leaf.oid) FILTER (WHERE leaf.oid <> top.indexrelid) AS partitions
FROM pg_catalog.pg_index AS top
INNER JOIN pg_catalog.pg_class AS named ON named.oid = top.indexrelid
INNER JOIN pg_catalog.pg_namespace AS space ON space.oid = named.relnamespace
LEFT JOIN LATERAL (
  SELECT top.indexrelid WHERE named.relkind <> 'I'
  UNION ALL
  SELECT tree.relid FROM pg_partition_tree(top.indexrelid) AS tree WHERE named.relkind = 'I' AND tree.isleaf
) AS leaf (oid) ON TRUE
LEFT JOIN pg_catalog.pg_index AS made ON made.indexrelid = leaf.oid
LEFT JOIN pg_catalog.pg_stat_all_indexes AS used ON used.indexrelid = leaf.oid
WHERE
  NOT named.relispartition
  AND space.nspname NOT IN ('pg_catalog', 'information_schema') AND space.nspname !~ '^pg_(toast|temp)'
GROUP BY top.indexrelid, top.indrelid, top.indisunique, top.indisvalid
ORDER BY scans, bytes DESC, name
LIMIT %(limit)s::bigint;

-- name: statement_counting
-- What is missing for counting statements: whether the server loads the module, and whether this database has its view.
SELECT
  coalesce(current_setting('shared_preload_libraries', TRUE) LIKE '%%pg_stat_statements%%', FALSE) AS is_loaded,
  EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pg_stat_statements') AS is_made;

-- name: statement_use
-- Statements of this database by what they take, the most first.
SELECT
  regexp_replace(used.query, '\s+', ' ', 'g') AS query,
  account.rolname::text AS role,
  used.calls,
  used.total_exec_time AS total_ms,
  used.mean_exec_time AS mean_ms,
  (100 * used.total_exec_time / nullif(sum(used.total_exec_time) OVER (), 0))::double precision AS percent,
  used.rows,
  (100 * used.shared_blks_hit / nullif(used.shared_blks_hit + used.shared_blks_read, 0)::double precision) AS cache_hit_percent
FROM pg_stat_statements AS used
LEFT JOIN pg_catalog.pg_roles AS account ON account.oid = used.userid
WHERE used.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) AND used.toplevel
ORDER BY
  CASE %(sorting)s::text
    WHEN 'mean' THEN used.mean_exec_time
    WHEN 'calls' THEN used.calls
    WHEN 'rows' THEN used.rows
    ELSE used.total_exec_time
  END DESC,
  used.queryid
LIMIT %(limit)s::bigint;

-- name: sessions
-- Processes of the server with what each does and who keeps it waiting; a parallel worker's wait is its leader's.
SELECT
  seen.pid,
  coalesce(seen.backend_type, '') AS kind,
  seen.usename::text AS role,
  seen.datname::text AS database,
  coalesce(seen.application_name, '') AS application,
  host(seen.client_addr) AS client,
  seen.state,
  seen.backend_start AS began_at,
  extract(EPOCH FROM clock_timestamp() - seen.xact_start)::double precision AS transaction_seconds,
  extract(EPOCH FROM clock_timestamp() - seen.query_start)::double precision AS statement_seconds,
  seen.wait_event_type || '/' || seen.wait_event AS wait,
  CASE
    WHEN seen.wait_event_type = 'Lock'
      THEN ARRAY(SELECT DISTINCT blocker.pid FROM unnest(pg_blocking_pids(seen.pid)) AS blocker (pid) ORDER BY blocker.pid)
    ELSE '{}'::integer []
  END AS blocked_by,
  wanted.text AS wants,
  regexp_replace(seen.query, '\s+', ' ', 'g') AS query
FROM pg_catalog.pg_stat_activity AS seen
LEFT JOIN LATERAL (
  SELECT
    held.mode || ' on ' || held.locktype
    || coalesce(' ' || (
      SELECT coalesce(nullif(space.nspname::text, 'public') || '.', '') || named.relname
      FROM pg_catalog.pg_class AS named
      INNER JOIN pg_catalog.pg_namespace AS space ON space.oid = named.relnamespace
      WHERE named.oid = held.relation AND held.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    ), '') AS text
  FROM pg_catalog.pg_locks AS held
  WHERE held.pid = seen.pid AND NOT held.granted
  ORDER BY held.locktype
  LIMIT 1
) AS wanted ON seen.wait_event_type = 'Lock'
WHERE seen.leader_pid IS NULL AND seen.pid <> pg_backend_pid()
ORDER BY seen.xact_start, seen.pid;

-- name: progress
-- How far vacuums, analyses, index builds and dumps are, by the server's own views.
SELECT
  pid,
  'vacuum' AS command,
  relid::regclass::text AS relation,
  phase,
  heap_blks_scanned AS done,
  heap_blks_total AS total
FROM pg_catalog.pg_stat_progress_vacuum
WHERE datname = current_database()
UNION ALL
SELECT
  pid,
  'analyze' AS command,
  coalesce(nullif(current_child_table_relid, 0), relid)::regclass::text AS relation,
  phase,
  sample_blks_scanned AS done,
  sample_blks_total AS total
FROM pg_catalog.pg_stat_progress_analyze
WHERE datname = current_database()
UNION ALL
SELECT
  pid,
  lower(command) AS command,
  relid::regclass::text AS relation,
  phase,
  CASE WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END AS done,
  CASE WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END AS total
FROM pg_catalog.pg_stat_progress_create_index
WHERE datname = current_database()
UNION ALL
SELECT
  pid,
  lower(command) AS command,
  relid::regclass::text AS relation,
  type AS phase,
  bytes_processed AS done,
  bytes_total AS total
FROM pg_catalog.pg_stat_progress_copy
WHERE datname = current_database()
UNION ALL
SELECT
  pid,
  'base backup' AS command,
  NULL AS relation,
  phase,
  backup_streamed AS done,
  coalesce(backup_total, 0) AS total
FROM pg_catalog.pg_stat_progress_basebackup
ORDER BY pid;

-- name: find_session
-- One process by its number, whatever it is; and whether it is the one that asks.
SELECT
  pid,
  coalesce(backend_type, '') AS kind,
  usename::text AS role,
  datname::text AS database,
  coalesce(application_name, '') AS application,
  state,
  backend_start AS began_at,
  pid = pg_backend_pid() AS is_ours,
  extract(EPOCH FROM clock_timestamp() - query_start)::double precision AS statement_seconds,
  regexp_replace(query, '\s+', ' ', 'g') AS query
FROM pg_catalog.pg_stat_activity
WHERE pid = %(pid)s::integer;

-- name: cancel_session
-- Stops the statement of that very session: a pid that was given to another process meanwhile is left alone.
SELECT pg_cancel_backend(pid)
FROM pg_catalog.pg_stat_activity
WHERE pid = %(pid)s::integer AND backend_start = %(began_at)s::timestamptz AND state = 'active';

-- name: terminate_session
-- Ends that very session, and waits for its end.
SELECT pg_terminate_backend(pid, %(wait_ms)s::bigint)
FROM pg_catalog.pg_stat_activity
WHERE pid = %(pid)s::integer AND backend_start = %(began_at)s::timestamptz;
