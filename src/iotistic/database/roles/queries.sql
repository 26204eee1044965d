-- name: list_accounts
-- Those of these roles that exist, as they are. Passwords are not looked at, so that nobody needs to be superuser.
SELECT
  role.rolname::text AS name,
  role.rolcanlogin AS can_login,
  role.rolconnlimit AS connection_limit,
  coalesce(pg_catalog.shobj_description(role.oid, 'pg_authid'), '') AS comment,
  coalesce(own.setconfig, '{}'::text[]) AS settings,
  ARRAY(
    SELECT beyond.word
    FROM (
      VALUES
      ('SUPERUSER', role.rolsuper), ('CREATEDB', role.rolcreatedb), ('CREATEROLE', role.rolcreaterole),
      ('REPLICATION', role.rolreplication), ('BYPASSRLS', role.rolbypassrls)
    ) AS beyond (word, is_set)
    WHERE beyond.is_set
    ORDER BY beyond.word
  ) AS powers,
  ARRAY(
    SELECT held.rolname::text
    FROM pg_catalog.pg_auth_members AS membership
    INNER JOIN pg_catalog.pg_roles AS held ON held.oid = membership.roleid
    WHERE membership.member = role.oid
    ORDER BY held.rolname
  ) AS member_of
FROM pg_catalog.pg_roles AS role
LEFT JOIN pg_catalog.pg_db_role_setting AS own ON own.setrole = role.oid AND own.setdatabase = 0
WHERE role.rolname = ANY(%(names)s::text[]);

-- name: find_verifier
-- The password of a role as it is stored; needs a superuser.
SELECT account.rolpassword
FROM pg_catalog.pg_authid AS account
WHERE account.rolname = %(name)s::text;

-- name: find_owner_of_database
-- Whose a database is.
SELECT pg_catalog.pg_get_userbyid(here.datdba)::text
FROM pg_catalog.pg_database AS here
WHERE here.datname = %(name)s::text;

-- name: list_database_rights
-- Who may do what with a database as a whole; PUBLIC has no name.
SELECT
  coalesce(grantee.rolname::text, '') AS grantee,
  acl.privilege_type AS privilege
FROM pg_catalog.pg_database AS here
CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(here.datacl, pg_catalog.acldefault('d', here.datdba))) AS acl
LEFT JOIN pg_catalog.pg_roles AS grantee ON grantee.oid = acl.grantee
WHERE here.datname = %(name)s::text;

-- name: list_schema_rights
-- Who may do what with the schema public of the connected database.
SELECT
  coalesce(grantee.rolname::text, '') AS grantee,
  acl.privilege_type AS privilege
FROM pg_catalog.pg_namespace AS here
CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(here.nspacl, pg_catalog.acldefault('n', here.nspowner))) AS acl
LEFT JOIN pg_catalog.pg_roles AS grantee ON grantee.oid = acl.grantee
WHERE here.nspname = 'public';

-- name: list_default_rights
-- What who gets of a table (r), sequence (S) or function (f) that the owner makes: in the schema public, or anywhere (no schema).
SELECT
  coalesce(grantee.rolname::text, '') AS grantee,
  given.defaclobjtype::text || acl.privilege_type || CASE given.defaclnamespace WHEN 0 THEN ' anywhere' ELSE '' END AS privilege
FROM pg_catalog.pg_default_acl AS given
INNER JOIN pg_catalog.pg_roles AS maker ON maker.oid = given.defaclrole
LEFT JOIN pg_catalog.pg_namespace AS place ON place.oid = given.defaclnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(given.defaclacl) AS acl
LEFT JOIN pg_catalog.pg_roles AS grantee ON grantee.oid = acl.grantee
WHERE maker.rolname = %(owner)s::text AND (given.defaclnamespace = 0 OR place.nspname = 'public');

-- name: has_extension
-- Whether an extension is installed in the connected database.
SELECT EXISTS(
  SELECT FROM pg_catalog.pg_extension AS one
  WHERE one.extname = %(name)s::text
);

-- name: list_strays
-- How many relations, routines and types of the schema public belong to whom else; what an extension brought along is its own.
SELECT
  pg_catalog.pg_get_userbyid(stray.owner)::text AS owner,
  count(*) AS objects
FROM (
  SELECT one.relowner AS owner, one.oid, 'pg_class'::regclass AS catalog
  FROM pg_catalog.pg_class AS one
  WHERE one.relnamespace = 'public'::regnamespace AND one.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT one.proowner, one.oid, 'pg_proc'::regclass
  FROM pg_catalog.pg_proc AS one
  WHERE one.pronamespace = 'public'::regnamespace
) AS stray
WHERE
  pg_catalog.pg_get_userbyid(stray.owner) <> %(owner)s::text
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS tie
    WHERE tie.classid = stray.catalog AND tie.objid = stray.oid AND tie.deptype = 'e'
  )
GROUP BY stray.owner
ORDER BY owner;

-- name: list_login_sessions
-- Who works as a login now.
SELECT
  session.pid,
  coalesce(session.application_name, '') AS application,
  host(session.client_addr) AS address,
  coalesce(session.state = 'idle', FALSE) AS is_idle
FROM pg_catalog.pg_stat_activity AS session
WHERE session.usename = %(login)s::text
ORDER BY session.pid;

-- name: end_idle_login_sessions
-- Ends the sessions of a login that are in no transaction. Chosen first: as a condition beside the others, the planner ends everybody's.
WITH chosen AS MATERIALIZED (
  SELECT session.pid
  FROM pg_catalog.pg_stat_activity AS session
  WHERE session.usename = %(login)s::text AND session.state = 'idle'
)

SELECT
  chosen.pid,
  pg_catalog.pg_terminate_backend(chosen.pid) AS was_ended
FROM chosen;
