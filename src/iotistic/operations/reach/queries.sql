-- What the server's administrator can see of a refusal that tells the one who was refused too little.

-- name: role_facts
-- What a refused password may mean: PostgreSQL says the same to the outside for each, so that nobody can try out names.
SELECT
  rolcanlogin AS can_login,
  rolpassword IS NOT NULL AS has_password,
  coalesce(rolvaliduntil <= now(), FALSE) AS has_ended
FROM pg_catalog.pg_authid
WHERE rolname = %(role)s::text;

-- name: limits
-- Each limit of connections that may be what was reached, and how many of it are taken.
SELECT
  role.rolconnlimit::bigint AS role_limit,
  base.datconnlimit::bigint AS database_limit,
  current_setting('max_connections')::bigint AS server_limit,
  (
    SELECT count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.usesysid = role.oid AND a.backend_type = 'client backend'
  ) AS of_role,
  (
    SELECT count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = base.oid AND a.backend_type = 'client backend'
  ) AS of_database,
  (SELECT count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.backend_type = 'client backend') AS of_server
FROM pg_catalog.pg_roles AS role
CROSS JOIN pg_catalog.pg_database AS base
WHERE role.rolname = %(role)s::text AND base.datname = %(database)s::text;

-- name: largest_holders
-- Who has most connections, by role and by what the sessions call themselves.
SELECT
  usename::text AS role,
  coalesce(nullif(application_name, ''), 'no name') AS application,
  count(*) AS sessions
FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
GROUP BY usename, coalesce(nullif(application_name, ''), 'no name')
ORDER BY count(*) DESC, usename
LIMIT 3;
