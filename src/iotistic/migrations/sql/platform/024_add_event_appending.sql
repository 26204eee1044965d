-- How anything that changes the platform says what happened, in the transaction of the change:
--   PERFORM append_event_v1('device.retired', NEW.uuid::text, device_uuid => NEW.uuid);
-- It runs with the rights of the owner, so that triggers can use it whoever writes.
CREATE FUNCTION require_event_data_v1(type text, data_schema jsonb, data jsonb[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wrong text;
BEGIN
  SELECT r.name INTO wrong
  FROM unnest($3) AS d (content)
  CROSS JOIN jsonb_array_elements_text($2 -> 'required') AS r (name)
  WHERE NOT d.content ? r.name
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'The event % lacks %', $1, wrong USING ERRCODE = 'check_violation', CONSTRAINT = 'events_data_schema_check';
  END IF;
  SELECT p.key INTO wrong
  FROM unnest($3) AS d (content)
  CROSS JOIN jsonb_each($2 -> 'properties') AS p
  WHERE
    d.content ? p.key AND p.value ? 'type'
    AND NOT p.value -> 'type' @> to_jsonb(jsonb_typeof(d.content -> p.key))
    AND NOT (
      p.value -> 'type' @> '"integer"'
      AND CASE WHEN jsonb_typeof(d.content -> p.key) = 'number' THEN (d.content ->> p.key)::numeric % 1 = 0 ELSE false END
    )
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'The event % has a % of another type than its schema says', $1, wrong
      USING ERRCODE = 'check_violation', CONSTRAINT = 'events_data_schema_check';
  END IF;
END
$$;

COMMENT ON FUNCTION require_event_data_v1(text, jsonb, jsonb[])
IS 'Fails unless each of the data has what its schema requires, of the types that it says. Of all at once, since an import has 10,000.';

CREATE FUNCTION append_event_v1(
  type text,
  aggregate_id text,
  data jsonb DEFAULT '{}',
  device_uuid uuid DEFAULT NULL,
  id uuid DEFAULT NULL,
  causation_id uuid DEFAULT NULL,
  correlation_id text DEFAULT NULL
) RETURNS uuid
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kind public.event_types;
  said CONSTANT jsonb := coalesce(nullif(current_setting('iotistic.provenance', true), ''), '{}')::jsonb;
  own_id CONSTANT uuid := coalesce($5, gen_random_uuid());
  correlation text := $7;
BEGIN
  SELECT t.* INTO kind FROM public.event_types AS t WHERE t.name = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no type of event named %', $1
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'events_type_fkey', HINT = 'Types are listed in event_types.';
  END IF;
  IF kind.data_schema IS NOT NULL THEN
    PERFORM public.require_event_data_v1($1, kind.data_schema, ARRAY[$3]);
  END IF;
  IF $5 IS NOT NULL THEN
    -- No unique index reaches across partitions: two at once take turns, and the second finds what the first stored.
    PERFORM pg_advisory_xact_lock(hashtextextended('iotistic event ' || $5, 0));
    IF EXISTS (SELECT FROM public.events AS e WHERE e.id = $5) THEN
      RETURN NULL;
    END IF;
  END IF;
  IF correlation IS NULL AND $6 IS NOT NULL THEN
    SELECT e.correlation_id INTO correlation FROM public.events AS e WHERE e.id = $6;
  END IF;
  INSERT INTO public.events (
    retention_days, id, type, aggregate, aggregate_id, device_uuid, actor_kind, actor, correlation_id, causation_id, data
  ) VALUES (
    kind.retention_days, own_id, kind.name, kind.aggregate, $2, $4,
    coalesce(said ->> 'actor_kind', 'system'), coalesce(said ->> 'actor', session_user),
    coalesce(correlation, said ->> 'request_id', own_id::text), $6, $3
  );
  -- A cursor and no content: a message holds 8,000 bytes, and PostgreSQL sends equal ones of a transaction once.
  PERFORM pg_notify('events_appended', '00000000-0000-0000-0000-000000000000 appended ' || pg_current_xact_id());
  RETURN own_id;
END
$$;

COMMENT ON FUNCTION append_event_v1(text, text, jsonb, uuid, uuid, uuid, text)
IS 'Stores an event with the actor that the transaction was begun for, and answers its id; NULL if an event of that id is there already.';

-- Many of one type at once, which ten thousand devices that go offline together are.
CREATE FUNCTION append_events_v1(type text, aggregate_ids text[], device_uuids uuid[], data jsonb[]) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kind public.event_types;
  said CONSTANT jsonb := coalesce(nullif(current_setting('iotistic.provenance', true), ''), '{}')::jsonb;
BEGIN
  IF coalesce(cardinality($2), 0) = 0 THEN
    RETURN;
  END IF;
  SELECT t.* INTO STRICT kind FROM public.event_types AS t WHERE t.name = $1;
  IF kind.data_schema IS NOT NULL THEN
    PERFORM public.require_event_data_v1($1, kind.data_schema, $4);
  END IF;
  INSERT INTO public.events (
    retention_days, id, type, aggregate, aggregate_id, device_uuid, actor_kind, actor, correlation_id, data
  )
  SELECT
    kind.retention_days, e.id, kind.name, kind.aggregate, e.aggregate_id, e.device_uuid,
    coalesce(said ->> 'actor_kind', 'system'), coalesce(said ->> 'actor', session_user),
    coalesce(said ->> 'request_id', e.id::text), coalesce(e.content, '{}')
  FROM (
    SELECT gen_random_uuid() AS id, u.aggregate_id, u.device_uuid, u.content
    FROM unnest($2, $3, $4) AS u (aggregate_id, device_uuid, content)
  ) AS e;
  PERFORM pg_notify('events_appended', '00000000-0000-0000-0000-000000000000 appended ' || pg_current_xact_id());
END
$$;

COMMENT ON FUNCTION append_events_v1(text, text[], uuid[], jsonb[])
IS 'Stores an event of one type for each place of the arrays: what it is about, the device, its data.';

REVOKE EXECUTE ON FUNCTION append_events_v1(text, text[], uuid[], jsonb[]) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION append_event_v1(text, text, jsonb, uuid, uuid, uuid, text) FROM PUBLIC;
