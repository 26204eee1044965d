-- The question that every request with a key may cost. The services plan each statement anew (telemetry over hundreds of partitions needs
-- that), and planning this one took three times as long as answering it: here its plan is kept.
CREATE FUNCTION find_api_key_v1(asked text) RETURNS TABLE (
  key_id text,
  device_uuid uuid,
  user_id bigint,
  username text,
  role text,
  grants jsonb,
  secret_hash bytea,
  pepper_version bigint,
  scopes text [],
  allowed_networks cidr [],
  replaces text,
  expires_at timestamptz,
  first_used_at timestamptz,
  retires_at timestamptz,
  successor_until timestamptz,
  fetched_late_at timestamptz,
  revoked_at timestamptz,
  user_is_active boolean,
  device_retired_at timestamptz,
  seen_at timestamptz
)
LANGUAGE plpgsql
STABLE
ROWS 1
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT
    key.key_id,
    key.device_uuid,
    key.user_id,
    account.username,
    CASE WHEN key.user_id IS NOT NULL THEN public.widest_role_v1(key.user_id) END,
    (
      SELECT
        jsonb_agg(
          jsonb_build_object(
            'permissions', ARRAY(SELECT allowed.permission FROM public.role_permissions AS allowed WHERE allowed.role = held.role),
            'fleet_id', held.fleet_id,
            'device_uuid', held.device_uuid,
            'expires_at', held.expires_at
          )
        )
      FROM public.role_bindings AS held
      WHERE held.user_id = key.user_id AND (held.expires_at IS NULL OR held.expires_at > now())
    ),
    key.secret_hash,
    key.pepper_version,
    key.scopes,
    key.allowed_networks,
    key.replaces,
    key.expires_at,
    key.first_used_at,
    key.retires_at,
    key.successor_until,
    key.fetched_late_at,
    key.revoked_at,
    account.is_active,
    device.retired_at,
    clock_timestamp()
  FROM public.api_keys AS key
  LEFT JOIN public.users AS account ON account.id = key.user_id
  LEFT JOIN public.devices AS device ON device.uuid = key.device_uuid
  WHERE key.key_id = asked;
END
$$;

COMMENT ON FUNCTION find_api_key_v1(text) IS 'A key with everything that decides about its bearer, at this moment.';
