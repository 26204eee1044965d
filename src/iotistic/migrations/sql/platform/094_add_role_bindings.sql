-- Who has which role, and on what: everything, one fleet, or one device. Nobody gives or takes more than they hold, whichever way
-- the change comes, and somebody is always owner: both are kept here and not left to a program.
CREATE TABLE role_bindings (
  id bigint GENERATED ALWAYS AS IDENTITY,
  user_id bigint NOT NULL,
  role text NOT NULL,
  fleet_id bigint,
  device_uuid uuid,
  expires_at timestamptz,
  granted_by text NOT NULL,
  granted_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT role_bindings_pkey PRIMARY KEY (id),
  CONSTRAINT role_bindings_user_id_role_fleet_id_device_uuid_key
  UNIQUE NULLS NOT DISTINCT (user_id, role, fleet_id, device_uuid),
  CONSTRAINT role_bindings_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT role_bindings_role_fkey FOREIGN KEY (role) REFERENCES roles (name),
  CONSTRAINT role_bindings_fleet_id_fkey FOREIGN KEY (fleet_id) REFERENCES fleets (id) ON DELETE CASCADE,
  CONSTRAINT role_bindings_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT role_bindings_fleet_id_check CHECK (num_nonnulls(fleet_id, device_uuid) <= 1),
  -- An owner of a part, or for a while, could leave everything without one.
  CONSTRAINT role_bindings_role_check CHECK (role <> 'owner' OR num_nonnulls(fleet_id, device_uuid, expires_at) = 0)
);

CREATE INDEX role_bindings_role_idx ON role_bindings (role);
CREATE INDEX role_bindings_fleet_id_idx ON role_bindings (fleet_id) WHERE fleet_id IS NOT NULL;
CREATE INDEX role_bindings_device_uuid_idx ON role_bindings (device_uuid) WHERE device_uuid IS NOT NULL;

COMMENT ON TABLE role_bindings IS 'One row per role that a person has on everything, on a fleet, or on a device.';
COMMENT ON COLUMN role_bindings.fleet_id IS 'The fleet it is for; with NULL here and in device_uuid: for everything.';
COMMENT ON COLUMN role_bindings.device_uuid IS 'The device it is for.';
COMMENT ON COLUMN role_bindings.expires_at IS 'When it ends by itself; NULL: never.';
COMMENT ON COLUMN role_bindings.granted_by IS 'Who gave it: a username, or the name of the program.';

CREATE FUNCTION guard_role_binding_v1() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  said CONSTANT jsonb := coalesce(nullif(current_setting('iotistic.provenance', true), ''), '{}')::jsonb;
  given public.role_bindings;
  holder bigint;
  scopes text[];
  missing text;
BEGIN
  IF TG_OP = 'DELETE' THEN
    given := OLD;
  ELSE
    NEW.granted_by := coalesce(said ->> 'actor', session_user);
    given := NEW;
  END IF;
  -- A command of whoever runs the server, or a fleet, device or account that is deleted with its bindings.
  IF pg_trigger_depth() > 1 OR (coalesce(said ->> 'actor_kind', 'system') = 'system' AND said ->> 'request_id' IS NULL) THEN
    RETURN given;
  END IF;
  SELECT came.user_id, came.scopes INTO holder, scopes
  FROM (
    SELECT key.user_id, key.scopes FROM public.api_keys AS key WHERE key.key_id = said ->> 'key_id'
    UNION ALL
    SELECT session.user_id, NULL FROM public.sessions AS session WHERE session.id = said ->> 'key_id'
  ) AS came;
  -- Held until the end, so that what is taken from the granter meanwhile is not given on.
  PERFORM FROM public.role_bindings AS held WHERE held.user_id = holder FOR KEY SHARE;
  SELECT min(wanted.permission) INTO missing
  FROM (
    SELECT a.permission FROM public.role_permissions AS a WHERE a.role = given.role
    UNION ALL
    SELECT 'users:grant'
  ) AS wanted
  WHERE NOT EXISTS (
    SELECT FROM public.role_bindings AS held
    INNER JOIN public.role_permissions AS allowed ON allowed.role = held.role
    WHERE
      held.user_id = holder AND allowed.permission = wanted.permission
      AND (scopes IS NULL OR allowed.permission = ANY(scopes))
      AND (
        held.expires_at IS NULL
        OR (held.expires_at > now() AND (TG_OP = 'DELETE' OR given.expires_at <= held.expires_at))
      )
      AND (
        num_nonnulls(held.fleet_id, held.device_uuid) = 0
        OR held.device_uuid = given.device_uuid
        OR held.fleet_id = given.fleet_id
        OR held.fleet_id = (SELECT device.fleet_id FROM public.devices AS device WHERE device.uuid = given.device_uuid)
      )
  );
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'whoever gives or takes the role % must hold %', given.role, missing
      USING ERRCODE = 'check_violation', CONSTRAINT = 'role_bindings_ceiling', DETAIL = missing;
  END IF;
  RETURN given;
END
$$;

COMMENT ON FUNCTION guard_role_binding_v1() IS 'Refuses a role that whoever acts does not hold on the same thing and for as long.';

CREATE TRIGGER role_bindings_guard BEFORE INSERT OR UPDATE OR DELETE ON role_bindings
FOR EACH ROW EXECUTE FUNCTION guard_role_binding_v1();

CREATE FUNCTION keep_an_owner_v1() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- One after the other: two owners who remove each other at once would each still see the other.
  PERFORM FROM public.roles AS r WHERE r.name = 'owner' FOR NO KEY UPDATE;
  IF NOT EXISTS (
    SELECT FROM public.role_bindings AS held
    INNER JOIN public.users AS person ON person.id = held.user_id
    WHERE held.role = 'owner' AND person.is_active AND person.kind = 'person'
  ) THEN
    RAISE EXCEPTION 'nobody would be owner any more'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'role_bindings_last_owner', HINT = 'Make somebody else owner first.';
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION keep_an_owner_v1() IS 'Fails when no active person is owner.';

CREATE TRIGGER role_bindings_keep_owner AFTER UPDATE OR DELETE ON role_bindings
FOR EACH ROW WHEN (old.role = 'owner') EXECUTE FUNCTION keep_an_owner_v1();

CREATE FUNCTION keep_an_owner_active_v1() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM FROM public.roles AS r WHERE r.name = 'owner' FOR NO KEY UPDATE;
  IF
    EXISTS (SELECT FROM public.role_bindings AS held WHERE held.user_id = NEW.id AND held.role = 'owner')
    AND NOT EXISTS (
      SELECT FROM public.role_bindings AS held
      INNER JOIN public.users AS person ON person.id = held.user_id
      WHERE held.role = 'owner' AND person.is_active AND person.kind = 'person'
    )
  THEN
    RAISE EXCEPTION 'nobody would be owner any more'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'role_bindings_last_owner', HINT = 'Make somebody else owner first.';
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION keep_an_owner_active_v1() IS 'Fails when the last active owner is made inactive.';

CREATE TRIGGER users_keep_owner AFTER UPDATE OF is_active ON users
FOR EACH ROW WHEN (old.is_active AND NOT new.is_active) EXECUTE FUNCTION keep_an_owner_active_v1();

-- Every process forgets what it remembered of anybody: bindings change rarely.
CREATE TRIGGER role_bindings_changed AFTER INSERT OR UPDATE OR DELETE ON role_bindings
FOR EACH STATEMENT EXECUTE FUNCTION notify_access_changed_v1();

SELECT audit_table_v1(
  'role_bindings', keys => '{id}', shown => '{user_id,role,fleet_id,device_uuid,expires_at,granted_by}', device => 'device_uuid'
);

-- The widest role on everything, by which an account is shown; what somebody may do is never decided by it.
CREATE FUNCTION widest_role_v1(user_id bigint) RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT held.role
  FROM public.role_bindings AS held
  INNER JOIN public.roles AS r ON r.name = held.role
  WHERE held.user_id = $1 AND num_nonnulls(held.fleet_id, held.device_uuid) = 0 AND (held.expires_at IS NULL OR held.expires_at > now())
  ORDER BY r.rank DESC
  LIMIT 1
$$;

COMMENT ON FUNCTION widest_role_v1(bigint) IS 'The widest role that somebody has on everything; NULL: none.';
