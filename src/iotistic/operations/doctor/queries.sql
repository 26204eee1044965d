-- What the doctor asks. Each reads the catalog, statistics, or a few rows; the whole set takes less than a second.

-- name: statistics_since
-- Since when this database's statistics are counted.
SELECT greatest(stats_reset, pg_postmaster_start_time()) AS since
FROM pg_catalog.pg_stat_database
WHERE datname = current_database();

-- name: connection_use
-- How many of the connections that are not reserved are taken, and by whom most.
SELECT
  count(*) FILTER (WHERE backend_type = 'client backend') AS used,
  current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint AS available,
  (
    SELECT top.usename::text || '/' || coalesce(nullif(top.application_name, ''), '?') || ' ' || count(*)
    FROM pg_catalog.pg_stat_activity AS top
    WHERE top.backend_type = 'client backend'
    GROUP BY top.usename, top.application_name
    ORDER BY count(*) DESC, top.usename
    LIMIT 1
  ) AS top
FROM pg_catalog.pg_stat_activity;

-- name: open_transactions
-- Transactions by age, with what they do; one that holds the oldest row version keeps vacuum from cleaning.
SELECT
  pid,
  usename::text AS role,
  coalesce(application_name, '') AS application,
  coalesce(state, '') AS state,
  extract(EPOCH FROM clock_timestamp() - xact_start)::double precision AS seconds,
  extract(EPOCH FROM clock_timestamp() - state_change)::double precision AS idle_seconds,
  coalesce(age(backend_xmin), 0)::bigint AS xmin_age
FROM pg_catalog.pg_stat_activity
WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'
ORDER BY xact_start
LIMIT 50;

-- name: blocked_sessions
-- Who waits for whom, exactly: pg_blocking_pids knows relation, row and advisory locks and the queue before them.
SELECT
  waiting.pid,
  blocker.pid AS blocked_by,
  extract(EPOCH FROM clock_timestamp() - waiting.state_change)::double precision AS seconds
FROM pg_catalog.pg_stat_activity AS waiting
CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocker (pid)
WHERE waiting.wait_event_type = 'Lock';

-- name: slow_statements
-- The statements that take most of the time in this database, as far as pg_stat_statements counts.
SELECT
  left(regexp_replace(query, '\s+', ' ', 'g'), 120) AS query,
  calls,
  mean_exec_time AS mean_ms,
  (100 * total_exec_time / nullif(sum(total_exec_time) OVER (), 0))::double precision AS percent
FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) AND toplevel
ORDER BY total_exec_time DESC
LIMIT 5;

-- name: has_statement_statistics
-- Whether pg_stat_statements is made in this database and loaded by the server.
SELECT
  EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pg_stat_statements')
  AND current_setting('shared_preload_libraries') LIKE '%%pg_stat_statements%%';

-- name: cache_use
-- Reads of this database that were answered from memory, since its statistics began.
SELECT
  blks_hit AS hits,
  blks_read AS reads
FROM pg_catalog.pg_stat_database
WHERE datname = current_database();

-- name: index_use
-- Scans of each plain index, leaves of a partitioned index counted together; keys and constraints are not judged.
SELECT
  coalesce(root.relname, leaf.relname)::text AS name,
  sum(used.idx_scan)::bigint AS scans,
  sum(pg_relation_size(used.indexrelid))::bigint AS bytes
FROM pg_catalog.pg_stat_user_indexes AS used
INNER JOIN pg_catalog.pg_index AS made ON made.indexrelid = used.indexrelid
INNER JOIN pg_catalog.pg_class AS leaf ON leaf.oid = used.indexrelid
LEFT JOIN pg_catalog.pg_class AS root
  ON leaf.relispartition AND root.oid = pg_partition_root(leaf.oid)
WHERE NOT made.indisunique AND NOT made.indisprimary
GROUP BY coalesce(root.relname, leaf.relname)
ORDER BY bytes DESC;

-- name: duplicate_indexes
-- Indexes whose columns, order and condition another index of the same table has too.
SELECT
  min(made.indexrelid::regclass::text) AS kept,
  max(made.indexrelid::regclass::text) AS extra,
  sum(pg_relation_size(made.indexrelid))::bigint AS bytes
FROM pg_catalog.pg_index AS made
INNER JOIN pg_catalog.pg_class AS leaf ON leaf.oid = made.indexrelid
INNER JOIN pg_catalog.pg_namespace AS space ON space.oid = leaf.relnamespace
WHERE space.nspname NOT IN ('pg_catalog', 'pg_toast') AND NOT leaf.relispartition
GROUP BY
  made.indrelid, made.indkey::text, made.indclass::text, made.indoption::text,
  coalesce(pg_get_expr(made.indexprs, made.indrelid), ''), coalesce(pg_get_expr(made.indpred, made.indrelid), ''),
  leaf.relam
HAVING count(*) > 1
ORDER BY bytes DESC
LIMIT 20;

-- name: invalid_objects
-- Indexes left half-built by an interrupted CONCURRENTLY, and constraints that were never validated.
SELECT
  'index' AS kind,
  made.indexrelid::regclass::text AS name
FROM pg_catalog.pg_index AS made
WHERE
  NOT made.indisvalid
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS running WHERE running.relid = made.indrelid)
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_class AS parent WHERE parent.oid = made.indexrelid AND parent.relkind = 'I'
  )
UNION ALL
SELECT
  'constraint' AS kind,
  held.conrelid::regclass::text || '.' || held.conname AS name
FROM pg_catalog.pg_constraint AS held
WHERE NOT held.convalidated AND held.conrelid <> 0 AND held.connamespace <> 'pg_catalog'::regnamespace
ORDER BY kind, name
LIMIT 50;

-- name: bare_foreign_keys
-- Foreign keys no index of the child begins with, on tables with more than 10,000 rows.
SELECT
  held.conname::text AS name,
  held.conrelid::regclass::text AS child,
  kept.reltuples::bigint AS rows
FROM pg_catalog.pg_constraint AS held
INNER JOIN pg_catalog.pg_class AS kept ON kept.oid = held.conrelid
WHERE
  held.contype = 'f' AND held.conparentid = 0 AND kept.reltuples > 10000
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_index AS made
    WHERE
      made.indrelid = held.conrelid AND made.indpred IS NULL
      AND (made.indkey::smallint [])[0:cardinality(held.conkey) - 1] @> held.conkey
  )
ORDER BY kept.reltuples DESC
LIMIT 20;

-- name: scanned_tables
-- Tables over 100 MiB that are read from end to end, leaves counted with their parent.
SELECT
  coalesce(root.relname, kept.relname)::text AS name,
  sum(seen.seq_scan)::bigint AS scans,
  max(pg_relation_size(seen.relid))::bigint AS bytes
FROM pg_catalog.pg_stat_user_tables AS seen
INNER JOIN pg_catalog.pg_class AS kept ON kept.oid = seen.relid
LEFT JOIN pg_catalog.pg_class AS root ON kept.relispartition AND root.oid = pg_partition_root(kept.oid)
GROUP BY coalesce(root.relname, kept.relname)
HAVING max(pg_relation_size(seen.relid)) > 100 * 1024 * 1024
ORDER BY scans DESC
LIMIT 10;

-- name: dead_rows
-- How far each table is past the point at which autovacuum should have come, by its own settings.
SELECT
  seen.relid::regclass::text AS name,
  seen.n_dead_tup AS dead,
  seen.n_live_tup AS live,
  pg_table_size(seen.relid) AS bytes,
  (
    coalesce(own.threshold, current_setting('autovacuum_vacuum_threshold')::double precision)
    + coalesce(own.scale, current_setting('autovacuum_vacuum_scale_factor')::double precision) * greatest(kept.reltuples, 0)
  ) AS trigger_at
FROM pg_catalog.pg_stat_user_tables AS seen
INNER JOIN pg_catalog.pg_class AS kept ON kept.oid = seen.relid
LEFT JOIN LATERAL (
  SELECT
    max(option_value::double precision) FILTER (WHERE option_name = 'autovacuum_vacuum_threshold') AS threshold,
    max(option_value::double precision) FILTER (WHERE option_name = 'autovacuum_vacuum_scale_factor') AS scale
  FROM pg_options_to_table(kept.reloptions)
  WHERE option_name IN ('autovacuum_vacuum_threshold', 'autovacuum_vacuum_scale_factor')
) AS own ON TRUE
WHERE seen.n_dead_tup > 1000
ORDER BY seen.n_dead_tup DESC
LIMIT 20;

-- name: freeze_ages
-- How far the oldest row of each database is from the point where the server stops taking writes (2 thousand million).
SELECT
  datname::text AS name,
  age(datfrozenxid)::bigint AS transactions,
  mxid_age(datminmxid)::bigint AS multixacts
FROM pg_catalog.pg_database
WHERE datallowconn
ORDER BY greatest(age(datfrozenxid), mxid_age(datminmxid)) DESC;

-- name: unanalyzed_parents
-- Partitioned tables with rows whose own statistics are missing or old: autovacuum never gathers them.
SELECT
  parent.oid::regclass::text AS name,
  greatest(seen.last_analyze, seen.last_autoanalyze) AS analyzed_at
FROM pg_catalog.pg_class AS parent
LEFT JOIN pg_catalog.pg_stat_all_tables AS seen ON seen.relid = parent.oid
WHERE
  parent.relkind = 'p' AND NOT parent.relispartition
  AND EXISTS (
    SELECT FROM pg_partition_tree(parent.oid) AS leaf
    INNER JOIN pg_catalog.pg_class AS kept ON kept.oid = leaf.relid
    WHERE leaf.isleaf AND kept.reltuples > 0
  )
ORDER BY name;

-- name: standbys
-- How far each standby is behind.
SELECT
  coalesce(nullif(application_name, ''), client_addr::text, '?') AS name,
  coalesce(state, '') AS state,
  coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::bigint AS bytes_behind,
  coalesce(extract(EPOCH FROM replay_lag), 0)::double precision AS seconds_behind
FROM pg_catalog.pg_stat_replication
ORDER BY name;

-- name: slots
-- Replication slots and the write-ahead log each keeps from being removed.
SELECT
  slot_name::text AS name,
  active,
  coalesce(wal_status, '') AS wal_status,
  coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint AS bytes_kept,
  current_setting('max_slot_wal_keep_size') = '-1' AS unbounded
FROM pg_catalog.pg_replication_slots
ORDER BY name;

-- name: archiving
-- Whether finished log files reach the archive.
SELECT
  current_setting('archive_mode') AS mode,
  archived_count AS archived,
  failed_count AS failed,
  last_archived_time AS last_success,
  last_failed_time AS last_failure
FROM pg_catalog.pg_stat_archiver;

-- name: log_size
-- The write-ahead log on disk, and what it is meant to be at most between checkpoints.
SELECT
  coalesce(sum(size), 0)::bigint AS bytes,
  pg_size_bytes(current_setting('max_wal_size')) AS planned
FROM pg_ls_waldir();

-- name: sequence_use
-- Identity and serial columns that have used most of what their column's type can count.
SELECT
  owner.relname::text || '.' || held.attname::text AS name,
  format_type(held.atttypid, NULL) AS kind,
  coalesce(counted.last_value, 0)::double precision AS last_value,
  CASE held.atttypid WHEN 'smallint'::regtype THEN 32767 WHEN 'integer'::regtype THEN 2147483647 ELSE 9223372036854775807
  END::double precision AS most
FROM pg_catalog.pg_sequences AS counted
INNER JOIN pg_catalog.pg_class AS maker
  ON maker.relname = counted.sequencename AND maker.relnamespace = counted.schemaname::regnamespace
INNER JOIN pg_catalog.pg_depend AS link
  ON link.objid = maker.oid AND link.classid = 'pg_catalog.pg_class'::regclass AND link.deptype IN ('a', 'i')
  AND link.refclassid = 'pg_catalog.pg_class'::regclass
INNER JOIN pg_catalog.pg_class AS owner ON owner.oid = link.refobjid
INNER JOIN pg_catalog.pg_attribute AS held ON held.attrelid = link.refobjid AND held.attnum = link.refobjsubid
ORDER BY last_value DESC
LIMIT 20;

-- name: odd_settings
-- Settings that put data at risk, and those that wait for a restart.
SELECT
  name,
  setting AS value,
  pending_restart
FROM pg_catalog.pg_settings
WHERE
  pending_restart
  OR (name IN ('fsync', 'full_page_writes', 'autovacuum', 'track_counts') AND setting = 'off')
  OR (name = 'zero_damaged_pages' AND setting = 'on')
  OR (name = 'shared_buffers' AND setting::bigint * 8192 <= 128 * 1024 * 1024)
ORDER BY name;

-- name: file_errors
-- Lines of postgresql.conf that the server could not take.
SELECT
  sourcefile || ' line ' || sourceline AS place,
  error
FROM pg_catalog.pg_file_settings AS line
WHERE
  line.error IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_settings AS setting WHERE setting.name = line.name AND setting.pending_restart
  )
ORDER BY place
LIMIT 10;

-- name: superuser_sessions
-- Sessions of services that work as superuser, and sessions from other machines without TLS.
SELECT
  session.usename::text AS role,
  coalesce(session.application_name, '') AS application,
  owner.rolsuper AS is_superuser,
  session.client_addr IS NOT NULL
  AND NOT session.client_addr << '127.0.0.0/8'::inet AND session.client_addr <> '::1'::inet
  AND NOT coalesce(secured.ssl, FALSE) AS is_bare
FROM pg_catalog.pg_stat_activity AS session
INNER JOIN pg_catalog.pg_roles AS owner ON owner.oid = session.usesysid
LEFT JOIN pg_catalog.pg_stat_ssl AS secured ON secured.pid = session.pid
WHERE session.backend_type = 'client backend' AND session.pid <> pg_backend_pid();

-- name: outdated_extensions
-- Extensions whose files on the server are newer than what the database uses.
SELECT
  used.extname::text AS name,
  used.extversion AS version,
  offered.default_version AS newest
FROM pg_catalog.pg_extension AS used
INNER JOIN pg_catalog.pg_available_extensions AS offered ON offered.name = used.extname
WHERE used.extversion IS DISTINCT FROM offered.default_version
ORDER BY name;

-- name: day_sizes
-- What each partitioned table took on disk on its last whole days: the growth of the platform.
SELECT
  leaf.parent,
  sum(pg_total_relation_size(leaf.leaf::regclass)) FILTER (
    WHERE leaf.lower_bound >= %(today)s::timestamptz - interval '1 day' AND leaf.upper_bound <= %(today)s::timestamptz
  )::bigint AS bytes,
  sum(greatest(kept.reltuples, 0)) FILTER (
    WHERE leaf.lower_bound >= %(today)s::timestamptz - interval '1 day' AND leaf.upper_bound <= %(today)s::timestamptz
  )::bigint AS rows,
  sum(greatest(kept.reltuples, 0)) FILTER (
    WHERE
      leaf.lower_bound >= %(today)s::timestamptz - interval '2 days'
      AND leaf.upper_bound <= %(today)s::timestamptz - interval '1 day'
  )::bigint AS rows_before
FROM partition_leaves AS leaf
INNER JOIN pg_catalog.pg_class AS kept ON kept.oid = leaf.leaf::regclass
GROUP BY leaf.parent
ORDER BY leaf.parent;

-- name: partition_bounds
-- The bounds of every leaf, for gaps and for days that should be gone.
SELECT
  leaf.parent,
  leaf.lower_bound,
  leaf.upper_bound,
  leaf.detach_pending
FROM partition_leaves AS leaf
WHERE leaf.lower_bound IS NOT NULL
ORDER BY leaf.parent, leaf.lower_bound;

-- name: keep_days
-- How long each partitioned table keeps its rows.
SELECT
  parent,
  keep_days
FROM partition_policies
ORDER BY parent;

-- name: quarantined
-- Reports that fit nowhere, by reason.
SELECT
  reason,
  count(*) AS reports
FROM ingest_quarantine
GROUP BY reason
ORDER BY count(*) DESC;

-- name: waiting_marks
-- How much the housekeeper has still to look at. Bounded: a mark of lines has up to 500 of them.
SELECT
  (
    SELECT coalesce(sum(cardinality(mark.devices)), 0)::bigint
    FROM (SELECT devices FROM log_alert_marks ORDER BY id LIMIT 10000) AS mark
  ) AS log_lines,
  (
    SELECT count(*)
    FROM (SELECT id FROM metric_rollup_marks ORDER BY id LIMIT 1000000) AS mark
  ) AS late_buckets;

-- name: ingest_age
-- When the newest report that is not of the future was measured, and how many devices are online.
SELECT
  (SELECT max(latest.timestamp) FROM device_metric_latest AS latest WHERE latest.timestamp <= now() + interval '1 minute') AS newest,
  count(*) FILTER (WHERE device.connection_status = 'online') AS online,
  count(*) FILTER (WHERE device.connection_status = 'offline') AS offline
FROM devices AS device
WHERE device.retired_at IS NULL;

-- name: housekeeper_leads
-- Whether some service holds the housekeeper's lock: without one nobody makes tomorrow's partitions.
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_locks
  WHERE
    locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    AND (classid::bigint << 32) | objid::bigint = %(number)s::bigint
);

-- name: clock_skews
-- How far the clocks of devices are off that told theirs within a day, and whose is worst.
SELECT
  count(*) AS compared,
  count(*) FILTER (WHERE abs(extract(EPOCH FROM clock.skew)) > 60) AS off,
  (array_agg(device.name ORDER BY abs(extract(EPOCH FROM clock.skew)) DESC))[1] AS worst_device,
  (array_agg(clock.skew ORDER BY abs(extract(EPOCH FROM clock.skew)) DESC))[1] AS worst
FROM device_clocks AS clock
INNER JOIN devices AS device ON device.uuid = clock.device_uuid
WHERE clock.measured_at > now() - interval '1 day' AND device.retired_at IS NULL;

-- name: broker_questions
-- What sessions of the broker's role asked: logins and rules.
SELECT
  left(regexp_replace(query, '\s+', ' ', 'g'), 120) AS query,
  calls,
  mean_exec_time AS mean_ms,
  stddev_exec_time AS deviation_ms
FROM pg_stat_statements
WHERE
  dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND userid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = 'iotistic_broker')
  AND toplevel
  AND query ILIKE '%%select%%'
ORDER BY total_exec_time DESC
LIMIT 10;

-- name: waits
-- What sessions at work wait for, at this moment.
SELECT
  wait_event_type AS kind,
  wait_event AS event,
  count(*) AS sessions
FROM pg_catalog.pg_stat_activity
WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
GROUP BY wait_event_type, wait_event;

-- name: swollen_tables
-- Tables larger than 500 MB, with the room their rows would need: 24 bytes of header and 4 of pointer each, pages 8,168 bytes.
SELECT
  kept.oid::regclass::text AS name,
  8192 * kept.relpages::bigint AS bytes,
  (8192 * ceil(kept.reltuples * (28 + width.bytes) / 8168))::bigint AS needed
FROM pg_catalog.pg_class AS kept
INNER JOIN pg_catalog.pg_namespace AS space ON space.oid = kept.relnamespace
CROSS JOIN LATERAL (
  SELECT coalesce(sum(seen.avg_width * (1 - seen.null_frac)), 0) AS bytes, count(*) AS columns
  FROM pg_catalog.pg_stats AS seen
  WHERE seen.schemaname = space.nspname AND seen.tablename = kept.relname AND NOT seen.inherited
) AS width
WHERE kept.relkind IN ('r', 'm') AND kept.relpages > 64000 AND kept.reltuples > 0 AND width.columns > 0;
