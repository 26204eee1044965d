-- The objects of a database that its migrations made, as rows of one shape: kind, name, parent, place among its siblings, facts.
-- Read with an empty search path, so that every definition names schemas. Objects of extensions and of the server are left out,
-- and so are partitions: days come and go without a migration.

-- name: extensions
-- Without versions: those belong to the server.
SELECT 'extension' AS kind, quote_ident(e.extname) AS name, NULL AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object('schema', quote_ident(n.nspname))) AS facts
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql';

-- name: schemas
-- The schema public is always there.
SELECT 'schema' AS kind, quote_ident(n.nspname) AS name, NULL AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object('comment', obj_description(n.oid, 'pg_namespace'))) AS facts
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e'
  );

-- name: types
-- Enums, domains, ranges and composite types; a table's row type belongs to its table, a multirange to its range.
SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'composite' END AS kind,
  quote_ident(n.nspname) || '.' || quote_ident(t.typname) AS name, NULL AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'labels', (
      SELECT string_agg(quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum AS l WHERE l.enumtypid = t.oid
    ),
    'base', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
    'default', CASE WHEN t.typtype = 'd' THEN t.typdefault END,
    'not null', CASE WHEN t.typtype = 'd' AND t.typnotnull THEN 'yes' END,
    'checks', (
      SELECT string_agg('CONSTRAINT ' || quote_ident(c.conname) || ' ' || pg_get_constraintdef(c.oid), ' ' ORDER BY c.conname)
      FROM pg_catalog.pg_constraint AS c
      WHERE c.contypid = t.oid AND c.contype = 'c'
    ),
    'subtype', (SELECT format_type(r.rngsubtype, NULL) FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid),
    'attributes', (
      SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute AS a
      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ),
    'comment', obj_description(t.oid, 'pg_type')
  )) AS facts
FROM pg_catalog.pg_type AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
  );

-- name: sequences
-- A sequence of an identity column is part of the column.
SELECT 'sequence' AS kind, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, NULL AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'type', format_type(s.seqtypid, NULL), 'start', s.seqstart::text, 'increment', s.seqincrement::text, 'minimum', s.seqmin::text,
    'maximum', s.seqmax::text, 'cache', s.seqcache::text, 'cycle', CASE WHEN s.seqcycle THEN 'yes' END,
    'owned by', (
      SELECT d.refobjid::regclass::text || '.' || quote_ident(a.attname)
      FROM pg_catalog.pg_depend AS d
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a'
    ),
    'comment', obj_description(c.oid, 'pg_class')
  )) AS facts
FROM pg_catalog.pg_sequence AS s
JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i')
  );

-- name: tables
-- Ordinary, partitioned and foreign tables; of partitions only those that are partitioned themselves, since others come and go.
SELECT 'table' AS kind, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, NULL AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'unlogged', CASE WHEN c.relpersistence = 'u' THEN 'yes' END,
    'foreign server', (
      SELECT quote_ident(s.srvname)
      FROM pg_catalog.pg_foreign_table AS f
      JOIN pg_catalog.pg_foreign_server AS s ON s.oid = f.ftserver
      WHERE f.ftrelid = c.oid
    ),
    'partition by', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    'partition of', CASE
      WHEN c.relispartition
        THEN (SELECT i.inhparent::regclass::text FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid) || ' ' || pg_get_expr(c.relpartbound, c.oid)
    END,
    'inherits', (
      SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) FROM pg_catalog.pg_inherits AS i
      WHERE i.inhrelid = c.oid AND NOT c.relispartition
    ),
    'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) AS o),
    'row security', CASE WHEN c.relforcerowsecurity THEN 'forced' WHEN c.relrowsecurity THEN 'enabled' END,
    'replica identity', CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' WHEN 'i' THEN 'index' END,
    'comment', obj_description(c.oid, 'pg_class')
  )) AS facts
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND (c.relkind = 'p' OR NOT c.relispartition) AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  );

-- name: columns
-- Of tables; views have theirs in their text. NOT NULL is read from the column: only newer servers keep it as a constraint too.
SELECT 'column' AS kind, quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(a.attname) AS name,
  quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS parent, a.attnum::integer AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'type', format_type(a.atttypid, a.atttypmod),
    'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
    'not null', CASE WHEN a.attnotnull THEN 'yes' END,
    'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    'generated', CASE a.attgenerated
      WHEN 's' THEN pg_get_expr(d.adbin, d.adrelid) || ' STORED'
      WHEN 'v' THEN pg_get_expr(d.adbin, d.adrelid) || ' VIRTUAL'
    END,
    'identity', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
    'identity options', (
      SELECT nullif(concat_ws(' ',
        CASE WHEN s.seqstart <> 1 THEN 'START ' || s.seqstart END,
        CASE WHEN s.seqincrement <> 1 THEN 'INCREMENT ' || s.seqincrement END,
        CASE WHEN s.seqcycle THEN 'CYCLE' END
      ), '')
      FROM pg_catalog.pg_depend AS p
      JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = p.objid
      WHERE p.refobjid = c.oid AND p.refobjsubid = a.attnum AND p.deptype = 'i' AND p.classid = 'pg_class'::regclass
    ),
    'storage', CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END,
    'compression', nullif(a.attcompression::text, ''),
    'statistics', CASE WHEN a.attstattarget > 0 THEN a.attstattarget::text END,
    'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(a.attoptions) AS o),
    'comment', col_description(c.oid, a.attnum)
  )) AS facts
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e'
  );

-- name: constraints
-- NOT NULL constraints (18 and newer) say no more than their columns do.
SELECT 'constraint' AS kind,
  quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(k.conname) AS name,
  quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS parent,
  CASE k.contype WHEN 'p' THEN 0 WHEN 'u' THEN 1 WHEN 'x' THEN 2 WHEN 'c' THEN 3 ELSE 4 END AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'definition', pg_get_constraintdef(k.oid), 'comment', obj_description(k.oid, 'pg_constraint')
  )) AS facts
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE k.contype IN ('p', 'u', 'x', 'c', 'f') AND k.conparentid = 0 AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  );

-- name: indexes
-- Those of constraints are part of them.
SELECT 'index' AS kind, quote_ident(n.nspname) || '.' || quote_ident(i.relname) AS name,
  quote_ident(tn.nspname) || '.' || quote_ident(c.relname) AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'definition', pg_get_indexdef(i.oid),
    'invalid', CASE WHEN NOT x.indisvalid THEN 'yes' END,
    'cluster', CASE WHEN x.indisclustered THEN 'yes' END,
    'comment', obj_description(i.oid, 'pg_class')
  )) AS facts
FROM pg_catalog.pg_index AS x
JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = i.relnamespace
JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
JOIN pg_catalog.pg_namespace AS tn ON tn.oid = c.relnamespace
WHERE NOT i.relispartition AND NOT c.relispartition AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.oid AND d.deptype = 'e'
  );

-- name: views
-- Views and materialized views, with the comments on their columns.
SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind,
  quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, NULL AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'definition', pg_get_viewdef(c.oid, TRUE),
    'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) AS o),
    'columns', (
      SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = c.oid AND a.attnum > 0
    ),
    'comment', obj_description(c.oid, 'pg_class'),
    'column comments', (
      SELECT string_agg(quote_ident(a.attname) || ' ' || quote_literal(col_description(c.oid, a.attnum)), ', ' ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND col_description(c.oid, a.attnum) IS NOT NULL
    )
  )) AS facts
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  );

-- name: functions
-- Functions, procedures and aggregates; name and argument types are what they are known by.
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
  quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
  NULL AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'definition', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
    'returns', CASE WHEN p.prokind = 'a' THEN pg_get_function_result(p.oid) END,
    'state function', CASE WHEN g.aggfnoid IS NOT NULL THEN g.aggtransfn::regproc::text END,
    'state type', CASE WHEN g.aggfnoid IS NOT NULL THEN format_type(g.aggtranstype, NULL) END,
    'final function', CASE WHEN g.aggfinalfn <> 0 THEN g.aggfinalfn::regproc::text END,
    'initial state', g.agginitval,
    'comment', obj_description(p.oid, 'pg_proc')
  )) AS facts
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
LEFT JOIN pg_catalog.pg_aggregate AS g ON g.aggfnoid = p.oid
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i')
  );

-- name: triggers
-- Those of foreign keys are part of them, those of partitions part of their parent's.
SELECT 'trigger' AS kind, quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(t.tgname) AS name,
  quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'definition', pg_get_triggerdef(t.oid),
    'enabled', CASE t.tgenabled WHEN 'D' THEN 'no' WHEN 'A' THEN 'always' WHEN 'R' THEN 'on replicas' END,
    'comment', obj_description(t.oid, 'pg_trigger')
  )) AS facts
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  );

-- name: rules
-- The rule behind every view is its text.
SELECT 'rule' AS kind, quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(r.rulename) AS name,
  quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'definition', pg_get_ruledef(r.oid, TRUE), 'comment', obj_description(r.oid, 'pg_rewrite')
  )) AS facts
FROM pg_catalog.pg_rewrite AS r
JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  );

-- name: policies
-- Row security.
SELECT 'policy' AS kind, quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(p.polname) AS name,
  quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'restrictive', CASE WHEN NOT p.polpermissive THEN 'yes' END,
    'command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    'roles', (
      SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE r::regrole::text END, ', ' ORDER BY r::regrole::text) FROM unnest(p.polroles) AS r
    ),
    'using', pg_get_expr(p.polqual, p.polrelid),
    'with check', pg_get_expr(p.polwithcheck, p.polrelid),
    'comment', obj_description(p.oid, 'pg_policy')
  )) AS facts
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT c.relispartition;

-- name: statistics
-- Extended statistics.
SELECT 'statistics' AS kind, quote_ident(n.nspname) || '.' || quote_ident(s.stxname) AS name,
  s.stxrelid::regclass::text AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'definition', pg_get_statisticsobjdef(s.oid), 'comment', obj_description(s.oid, 'pg_statistic_ext')
  )) AS facts
FROM pg_catalog.pg_statistic_ext AS s
JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
JOIN pg_catalog.pg_class AS c ON c.oid = s.stxrelid
WHERE NOT c.relispartition;

-- name: event_triggers
-- Triggers on DDL.
SELECT 'event trigger' AS kind, quote_ident(e.evtname) AS name, NULL AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'event', e.evtevent::text, 'function', e.evtfoid::regproc::text, 'tags', array_to_string(e.evttags, ', '),
    'enabled', CASE e.evtenabled WHEN 'D' THEN 'no' WHEN 'A' THEN 'always' WHEN 'R' THEN 'on replicas' END,
    'comment', obj_description(e.oid, 'pg_event_trigger')
  )) AS facts
FROM pg_catalog.pg_event_trigger AS e
WHERE NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e'
);

-- name: grants
-- Rights of others than the owner, on tables, their columns, sequences, schemas, functions and types.
SELECT 'grant' AS kind,
  o.object || ' TO ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS name,
  NULL AS parent, 0 AS place,
  jsonb_strip_nulls(jsonb_build_object(
    'rights', string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type),
    'grantable', string_agg(CASE WHEN a.is_grantable THEN a.privilege_type END, ', ' ORDER BY a.privilege_type)
  )) AS facts
FROM (
  SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object,
    n.nspname, c.relowner AS owner, c.relacl AS acl, 'pg_class'::regclass AS class, c.oid
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND NOT c.relispartition AND c.relpersistence <> 't'
  UNION ALL
  SELECT 'COLUMN ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(t.attname),
    n.nspname, c.relowner, t.attacl, 'pg_class'::regclass, c.oid
  FROM pg_catalog.pg_attribute AS t
  JOIN pg_catalog.pg_class AS c ON c.oid = t.attrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE t.attacl IS NOT NULL AND NOT c.relispartition
  UNION ALL
  SELECT 'SCHEMA ' || quote_ident(n.nspname), n.nspname, n.nspowner, n.nspacl, 'pg_namespace'::regclass, n.oid
  FROM pg_catalog.pg_namespace AS n
  WHERE n.nspname <> 'public'
  UNION ALL
  SELECT 'FUNCTION ' || quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    n.nspname, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)), 'pg_proc'::regclass, p.oid
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
  UNION ALL
  SELECT 'TYPE ' || quote_ident(n.nspname) || '.' || quote_ident(t.typname), n.nspname, t.typowner, t.typacl, 'pg_type'::regclass, t.oid
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  WHERE t.typacl IS NOT NULL
) AS o
CROSS JOIN LATERAL aclexplode(o.acl) AS a
WHERE a.grantee <> o.owner AND o.nspname !~ '^pg_' AND o.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e'
  )
GROUP BY o.object, a.grantee;
