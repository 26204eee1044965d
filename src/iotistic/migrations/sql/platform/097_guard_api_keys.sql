-- What a key may become, and who may make which: kept here and not left to a program. A key only ever loses: it ends earlier, never
-- later, and nothing brings back one that was revoked. Nobody makes a key that may more than they.
CREATE FUNCTION guard_api_key_v1() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  said CONSTANT jsonb := coalesce(nullif(current_setting('iotistic.provenance', true), ''), '{}')::jsonb;
  missing text;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF
      OLD.revoked_at IS NOT NULL
      OR (NEW.key_id, NEW.kind, NEW.device_uuid, NEW.user_id, NEW.scopes, NEW.allowed_networks, NEW.replaces, NEW.created_at)
      IS DISTINCT FROM (OLD.key_id, OLD.kind, OLD.device_uuid, OLD.user_id, OLD.scopes, OLD.allowed_networks, OLD.replaces, OLD.created_at)
      OR (OLD.expires_at IS NOT NULL AND coalesce(NEW.expires_at, 'infinity') > OLD.expires_at)
      OR (OLD.retires_at IS NOT NULL AND coalesce(NEW.retires_at, 'infinity') > OLD.retires_at)
      OR (OLD.successor_until IS NOT NULL AND coalesce(NEW.successor_until, 'infinity') > OLD.successor_until)
      OR (OLD.first_used_at IS NOT NULL AND NEW.first_used_at IS DISTINCT FROM OLD.first_used_at)
      OR (OLD.fetched_late_at IS NOT NULL AND NEW.fetched_late_at IS DISTINCT FROM OLD.fetched_late_at)
    THEN
      RAISE EXCEPTION 'the key % is as it was issued, and only ever ends earlier', OLD.key_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'api_keys_as_issued';
    END IF;
    RETURN NEW;
  END IF;
  NEW.created_by := coalesce(said ->> 'actor', session_user);
  IF NEW.scopes IS NOT NULL THEN
    SELECT min(scope) INTO missing
    FROM unnest(NEW.scopes) AS scope
    WHERE NOT EXISTS (SELECT FROM public.permissions AS p WHERE p.name = scope);
    IF missing IS NOT NULL THEN
      RAISE EXCEPTION 'there is no permission %', missing
        USING ERRCODE = 'check_violation', CONSTRAINT = 'api_keys_scopes_known', DETAIL = missing;
    END IF;
  END IF;
  IF
    NEW.replaces IS NOT NULL
    AND NOT EXISTS (
      SELECT FROM public.api_keys AS before
      WHERE
        before.key_id = NEW.replaces AND before.revoked_at IS NULL AND before.retires_at IS NOT NULL
        AND (before.kind, before.device_uuid, before.user_id) IS NOT DISTINCT FROM (NEW.kind, NEW.device_uuid, NEW.user_id)
    )
  THEN
    RAISE EXCEPTION 'the key % is not being replaced, or not for this bearer', NEW.replaces
      USING ERRCODE = 'check_violation', CONSTRAINT = 'api_keys_replaces_retiring';
  END IF;
  IF (NEW.kind = 'service') IS DISTINCT FROM EXISTS (SELECT FROM public.users AS u WHERE u.id = NEW.user_id AND u.kind = 'service') THEN
    RAISE EXCEPTION 'a service has service keys, and nobody else'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'api_keys_kind_of_account';
  END IF;
  missing := public.missing_for_key_v1(NEW, said);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'whoever makes this key must hold %', missing
      USING ERRCODE = 'check_violation', CONSTRAINT = 'api_keys_ceiling', DETAIL = missing;
  END IF;
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION guard_api_key_v1() IS 'Refuses a key that may more than whoever makes it, and a change that gives a key back what it lost.';

CREATE FUNCTION missing_for_key_v1(made api_keys, said jsonb) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting public.api_keys;
  missing text;
BEGIN
  CASE coalesce(said ->> 'actor_kind', 'system')
    WHEN 'system' THEN
      -- A command of whoever runs the server; a stranger's request makes no key.
      RETURN CASE WHEN said ->> 'request_id' IS NOT NULL THEN 'a key' END;
    WHEN 'claim_key' THEN
      RETURN CASE WHEN made.device_uuid IS NULL OR made.replaces IS NOT NULL THEN 'a key' END;
    WHEN 'device' THEN
      -- The next key of the very device, which it fetches with the one that retires.
      RETURN CASE WHEN made.replaces IS DISTINCT FROM said ->> 'key_id' OR made.device_uuid::text IS DISTINCT FROM said ->> 'actor' THEN 'a key' END;
    ELSE
      NULL;
  END CASE;
  SELECT * INTO acting FROM public.api_keys AS key WHERE key.key_id = said ->> 'key_id';
  IF NOT FOUND THEN
    SELECT session.user_id INTO acting.user_id FROM public.sessions AS session WHERE session.id = said ->> 'key_id';
  END IF;
  IF
    acting.allowed_networks IS NOT NULL
    AND (
      made.allowed_networks IS NULL
      OR EXISTS (
        SELECT FROM unnest(made.allowed_networks) AS inner_net
        WHERE NOT EXISTS (SELECT FROM unnest(acting.allowed_networks) AS outer_net WHERE inner_net <<= outer_net)
      )
    )
  THEN
    RETURN 'a key for those networks';
  END IF;
  -- A copied key that ends would otherwise make one for its thief that does not. A key that takes its place is noticed: it ends the copied one.
  IF
    made.user_id = acting.user_id AND made.replaces IS NULL
    AND coalesce(made.expires_at, 'infinity') > coalesce(acting.expires_at, 'infinity')
  THEN
    RETURN 'a key that lasts as long';
  END IF;
  IF made.user_id = acting.user_id THEN
    SELECT min(scope) INTO missing
    FROM unnest(coalesce(made.scopes, ARRAY(SELECT p.name FROM public.permissions AS p))) AS scope
    WHERE scope <> ALL (acting.scopes);
    RETURN missing;
  END IF;
  IF made.device_uuid IS NULL THEN
    -- Whoever had a key of another person would be that person. A service's later roles must not flow to whoever kept its key.
    IF made.kind <> 'service' THEN
      RETURN 'the account itself';
    ELSIF made.scopes IS NULL THEN
      RETURN 'named scopes';
    END IF;
  END IF;
  -- Held until the end, so that what is taken from the maker meanwhile is not given on.
  PERFORM FROM public.role_bindings AS held WHERE held.user_id = acting.user_id FOR KEY SHARE;
  SELECT min(wanted.permission) INTO missing
  FROM (
    SELECT 'keys:write' AS permission, NULL::bigint AS fleet_id, made.device_uuid AS device_uuid, NULL::timestamptz AS expires_at
    UNION ALL
    SELECT allowed.permission, given.fleet_id, given.device_uuid, least(given.expires_at, made.expires_at)
    FROM public.role_bindings AS given
    INNER JOIN public.role_permissions AS allowed ON allowed.role = given.role
    WHERE
      given.user_id = made.user_id AND allowed.permission = ANY(made.scopes)
      AND (given.expires_at IS NULL OR given.expires_at > now())
  ) AS wanted
  WHERE NOT EXISTS (
    SELECT FROM public.role_bindings AS held
    INNER JOIN public.role_permissions AS allowed ON allowed.role = held.role
    WHERE
      held.user_id = acting.user_id AND allowed.permission = wanted.permission
      AND (acting.scopes IS NULL OR allowed.permission = ANY(acting.scopes))
      AND (
        held.expires_at IS NULL
        OR (held.expires_at > now() AND (wanted.permission = 'keys:write' OR wanted.expires_at <= held.expires_at))
      )
      AND (
        num_nonnulls(held.fleet_id, held.device_uuid) = 0
        OR held.device_uuid = wanted.device_uuid
        OR held.fleet_id = wanted.fleet_id
        OR held.fleet_id = (SELECT device.fleet_id FROM public.devices AS device WHERE device.uuid = wanted.device_uuid)
      )
  );
  RETURN missing;
END
$$;

COMMENT ON FUNCTION missing_for_key_v1(api_keys, jsonb) IS 'What whoever acts lacks for making this key; NULL: nothing.';

CREATE TRIGGER api_keys_guard BEFORE INSERT OR UPDATE ON api_keys
FOR EACH ROW EXECUTE FUNCTION guard_api_key_v1();

-- Proof that the new key has arrived: from this moment the old one is only of use to whoever stole it.
CREATE FUNCTION end_replaced_key_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('iotistic.key_reason', 'its successor was used', true);
  UPDATE public.api_keys SET revoked_at = now() WHERE key_id = NEW.replaces AND revoked_at IS NULL;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION end_replaced_key_v1() IS 'Revokes the key whose successor was used for the first time.';

CREATE TRIGGER api_keys_successor_used AFTER UPDATE OF first_used_at ON api_keys
FOR EACH ROW WHEN (old.first_used_at IS NULL AND new.first_used_at IS NOT NULL) EXECUTE FUNCTION end_replaced_key_v1();
