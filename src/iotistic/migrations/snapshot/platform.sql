CREATE EXTENSION pg_stat_statements WITH SCHEMA public;

CREATE EXTENSION pg_trgm WITH SCHEMA public;

CREATE SEQUENCE public.events_sequence CACHE 1 INCREMENT 1 MAXIMUM 9223372036854775807 MINIMUM 1 START 1 TYPE bigint;

CREATE OR REPLACE FUNCTION public.append_event_v1(type text, aggregate_id text, data jsonb DEFAULT '{}'::jsonb, device_uuid uuid DEFAULT NULL::uuid, id uuid DEFAULT NULL::uuid, causation_id uuid DEFAULT NULL::uuid, correlation_id text DEFAULT NULL::text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION public.append_event_v1(type text, aggregate_id text, data jsonb, device_uuid uuid, id uuid, causation_id uuid, correlation_id text) IS 'Stores an event with the actor that the transaction was begun for, and answers its id; NULL if an event of that id is there already.';

CREATE OR REPLACE FUNCTION public.append_events_v1(type text, aggregate_ids text[], device_uuids uuid[], data jsonb[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION public.append_events_v1(type text, aggregate_ids text[], device_uuids uuid[], data jsonb[]) IS 'Stores an event of one type for each place of the arrays: what it is about, the device, its data.';

CREATE OR REPLACE FUNCTION public.audit_change_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  keys CONSTANT text[] := TG_ARGV[0];
  device CONSTANT text := TG_ARGV[1];
  shown CONSTANT text[] := TG_ARGV[2];
  masked CONSTANT text[] := TG_ARGV[3];
  said CONSTANT jsonb := coalesce(nullif(current_setting('iotistic.provenance', true), ''), '{}')::jsonb;
  actor_kind CONSTANT text := coalesce(said ->> 'actor_kind', 'system');
  actor CONSTANT text := coalesce(said ->> 'actor', session_user);
  documents jsonb[];
  olds jsonb[];
  news jsonb[];
  hidden text[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT array_agg(to_jsonb(n)) INTO documents FROM new_rows AS n;
  ELSIF TG_OP = 'DELETE' THEN
    SELECT array_agg(to_jsonb(o)) INTO documents FROM old_rows AS o;
  ELSE
    SELECT array_agg(to_jsonb(o)) INTO olds FROM old_rows AS o;
    SELECT array_agg(to_jsonb(n)) INTO news FROM new_rows AS n;
  END IF;
  IF documents IS NOT NULL THEN
    hidden := ARRAY(SELECT c.name FROM jsonb_object_keys(documents[1]) AS c (name) WHERE c.name <> ALL (shown));
    INSERT INTO public.audit_log (
      actor_kind, actor, key_id, request_id, address, database_user, action, resource, resource_id, device_uuid, before, after
    )
    SELECT
      actor_kind, actor, said ->> 'key_id', said ->> 'request_id', said ->> 'address', session_user,
      CASE TG_OP WHEN 'INSERT' THEN 'created' ELSE 'deleted' END,
      TG_TABLE_NAME,
      told.id,
      (told.document ->> device)::uuid,
      CASE TG_OP WHEN 'DELETE' THEN told.facts END,
      CASE TG_OP WHEN 'INSERT' THEN told.facts END
    FROM (
      SELECT
        d.document,
        concat_ws('/', d.document ->> keys[1], d.document ->> keys[2], d.document ->> keys[3]) AS id,
        CASE cardinality(masked)
          WHEN 0 THEN d.document - hidden
          ELSE (d.document - hidden)
            || (SELECT jsonb_object_agg(m.name, public.audit_masked_v1(d.document -> m.name)) FROM unnest(masked) AS m (name))
        END AS facts
      FROM unnest(documents) AS d (document)
    ) AS told
    WHERE told.facts <> '{}'
    ORDER BY told.id COLLATE "C";
  END IF;
  IF news IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO public.audit_log (
    actor_kind, actor, key_id, request_id, address, database_user, action, resource, resource_id, device_uuid, before, after
  )
  SELECT
    actor_kind,
    actor,
    said ->> 'key_id',
    said ->> 'request_id',
    said ->> 'address',
    session_user,
    CASE WHEN pair.old IS NULL THEN 'created' WHEN pair.new IS NULL THEN 'deleted' ELSE 'changed' END,
    TG_TABLE_NAME,
    pair.id,
    (coalesce(pair.new, pair.old) ->> device)::uuid,
    difference.before,
    difference.after
  FROM (
    SELECT coalesce(o.id, n.id) AS id, o.document AS old, n.document AS new
    FROM (
      SELECT (SELECT string_agg(document ->> k.name, '/' ORDER BY k.place) FROM unnest(keys) WITH ORDINALITY AS k (name, place)) AS id, document
      FROM unnest(olds) AS document
    ) AS o
    FULL JOIN (
      SELECT (SELECT string_agg(document ->> k.name, '/' ORDER BY k.place) FROM unnest(keys) WITH ORDINALITY AS k (name, place)) AS id, document
      FROM unnest(news) AS document
    ) AS n ON n.id = o.id
  ) AS pair
  CROSS JOIN LATERAL (
    SELECT
      jsonb_object_agg(c.name, CASE WHEN c.is_masked THEN public.audit_masked_v1(pair.old -> c.name) ELSE pair.old -> c.name END)
        FILTER (WHERE pair.old IS NOT NULL) AS before,
      jsonb_object_agg(c.name, CASE WHEN c.is_masked THEN public.audit_masked_v1(pair.new -> c.name) ELSE pair.new -> c.name END)
        FILTER (WHERE pair.new IS NOT NULL) AS after
    FROM (
      SELECT unnest(shown) AS name, false AS is_masked
      UNION ALL
      SELECT unnest(masked), true
    ) AS c
    WHERE pair.old IS NULL OR pair.new IS NULL OR pair.old -> c.name IS DISTINCT FROM pair.new -> c.name
  ) AS difference
  WHERE difference.before IS NOT NULL OR difference.after IS NOT NULL
  ORDER BY pair.id;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.audit_change_v1() IS 'Adds a row to audit_log for each row that a statement wrote, if something that may be shown differs.';

CREATE OR REPLACE FUNCTION public.audit_desired_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM public.record_audit_v1(
    'changed', 'device_shadows', NEW.device_uuid::text, NEW.device_uuid,
    jsonb_build_object('version', NEW.version - 1),
    jsonb_strip_nulls(jsonb_build_object('version', NEW.version, 'cause', NEW.cause, 'restored_version', NEW.restored_version))
  );
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.audit_desired_v1() IS 'Adds a row to audit_log for a version of what is desired.';

CREATE OR REPLACE FUNCTION public.audit_masked_v1(document jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT CASE jsonb_typeof($1)
    WHEN 'object' THEN coalesce(
      (
        SELECT jsonb_object_agg(
          m.key,
          CASE
            WHEN
              jsonb_typeof(m.value) = 'string'
              AND m.key = ANY ('{id,name,description,protocol,host,username,brokerType,serverHost}'::text[])
              THEN m.value
            ELSE public.audit_masked_v1(m.value)
          END
        )
        FROM jsonb_each($1) AS m
      ),
      '{}'
    )
    WHEN 'array' THEN coalesce((SELECT jsonb_agg(public.audit_masked_v1(e.value)) FROM jsonb_array_elements($1) AS e), '[]')
    WHEN 'string' THEN '"***"'::jsonb
    ELSE $1
  END
$function$;
COMMENT ON FUNCTION public.audit_masked_v1(document jsonb) IS 'The document with *** for every text, apart from members that name or address something: a setting may be a secret.';

CREATE OR REPLACE FUNCTION public.audit_table_v1("table" regclass, keys text[], shown text[], masked text[] DEFAULT '{}'::text[], device text DEFAULT ''::text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  moment record;
BEGIN
  IF cardinality($2) > 3 THEN
    RAISE EXCEPTION 'The key of % has more than three columns, and audit_change_v1 tells three', $1;
  END IF;
  FOR moment IN
    SELECT * FROM (
      VALUES
      ('INSERT', 'NEW TABLE AS new_rows'),
      ('UPDATE', 'OLD TABLE AS old_rows NEW TABLE AS new_rows'),
      ('DELETE', 'OLD TABLE AS old_rows')
    ) AS m (operation, transition)
  LOOP
    EXECUTE format(
      'CREATE TRIGGER audit_%s AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1(%L, %L, %L, %L)',
      lower(moment.operation), moment.operation, $1, moment.transition, keys, device, shown, masked
    );
  END LOOP;
END
$function$;
COMMENT ON FUNCTION public.audit_table_v1("table" regclass, keys text[], shown text[], masked text[], device text) IS 'Writes every change of a table into audit_log from now on: its key, the columns that may be shown, those whose texts are masked, the column of the device.';

CREATE OR REPLACE FUNCTION public.drop_old_partitions("table" text, days integer)
 RETURNS TABLE(dropped text, lower_bound timestamp with time zone, upper_bound timestamp with time zone)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
 SET lock_timeout TO '1s'
 SET "DateStyle" TO 'ISO'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
  name ALIAS FOR $1;
  horizon timestamptz;
  kept record;
  doomed record;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.partition_policies AS p WHERE p.parent = name) THEN
    RAISE EXCEPTION 'There is no partition policy for a table named %', coalesce(quote_literal(name), 'NULL')
      USING ERRCODE = 'undefined_table', HINT = 'SELECT parent FROM partition_policies lists the tables this works on.';
  END IF;
  IF days IS NULL OR days < 1 THEN
    RAISE EXCEPTION 'drop_old_partitions keeps at least 1 whole day, not %', coalesce(days::text, 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Today and the days ahead are never dropped.';
  END IF;
  IF (SELECT p.archive FROM public.partition_policies AS p WHERE p.parent = name) THEN
    RAISE EXCEPTION 'The policy of % asks for an archive, and this function cannot write one', name
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Use `iotistic partitions run`, or set partition_policies.archive to false.';
  END IF;
  -- A timestamp reaches back 6,700 years, and no partition 2,700.
  horizon := date_trunc('day', now()) - make_interval(days => least(days, 1000000));
  IF EXISTS (SELECT 1 FROM public.partition_leaves AS l WHERE l.parent = name AND l.detach_pending AND l.upper_bound <= horizon) THEN
    RAISE EXCEPTION 'An interrupted detach of a partition of % is pending', name
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run ALTER TABLE ... DETACH PARTITION ... FINALIZE first, or `iotistic partitions run`.';
  END IF;
  SELECT count(*) AS devices, max(c.keep_days) AS longest
  INTO kept
  FROM public.device_retention_classes AS c
  WHERE
    c.parent = name
    AND EXISTS (
      SELECT 1
      FROM public.partition_leaves AS l
      WHERE l.parent = name AND l.upper_bound <= horizon AND l.upper_bound > date_trunc('day', now()) - make_interval(days => c.keep_days)
    );
  IF kept.devices > 0 THEN
    RAISE EXCEPTION 'The rows of % devices in % stay longer than % days, up to %', kept.devices, name, days, kept.longest
      USING ERRCODE = 'object_not_in_prerequisite_state',
      HINT = 'Use `iotistic partitions run`, which leaves them; `iotistic partitions classes` lists these devices.';
  END IF;
  FOR doomed IN
    SELECT l.leaf, l.lower_bound, l.upper_bound
    FROM public.partition_leaves AS l
    WHERE l.parent = name AND l.upper_bound <= horizon
    ORDER BY l.lower_bound
  LOOP
    EXECUTE format('DROP TABLE public.%I', doomed.leaf);
    dropped := doomed.leaf;
    lower_bound := doomed.lower_bound;
    upper_bound := doomed.upper_bound;
    RETURN NEXT;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION public.drop_old_partitions("table" text, days integer) IS 'Drops the partitions of a table whose day ended more than this many whole UTC days before today; answers which.';

CREATE OR REPLACE FUNCTION public.end_replaced_key_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM set_config('iotistic.key_reason', 'its successor was used', true);
  UPDATE public.api_keys SET revoked_at = now() WHERE key_id = NEW.replaces AND revoked_at IS NULL;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.end_replaced_key_v1() IS 'Revokes the key whose successor was used for the first time.';

CREATE OR REPLACE FUNCTION public.guard_api_key_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION public.guard_api_key_v1() IS 'Refuses a key that may more than whoever makes it, and a change that gives a key back what it lost.';

CREATE OR REPLACE FUNCTION public.guard_role_binding_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION public.guard_role_binding_v1() IS 'Refuses a role that whoever acts does not hold on the same thing and for as long.';

CREATE OR REPLACE FUNCTION public.keep_an_owner_active_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION public.keep_an_owner_active_v1() IS 'Fails when the last active owner is made inactive.';

CREATE OR REPLACE FUNCTION public.keep_an_owner_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION public.keep_an_owner_v1() IS 'Fails when no active person is owner.';

CREATE OR REPLACE FUNCTION public.key_history_hash_v1(previous bytea, entry public.api_key_history)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  -- An array of texts has one form only: no two rows that differ make the same.
  SELECT sha256(
    $1 || convert_to(
      array_to_json(
        ARRAY[
          ($2).sequence::text, ($2).key_id, ($2).device_uuid::text, ($2).user_id::text, ($2).action, ($2).reason, ($2).actor,
          ($2).database_user, (extract(epoch FROM ($2).occurred_at) * 1000000)::bigint::text
        ]
      )::text,
      'UTF8'
    )
  )
$function$;
COMMENT ON FUNCTION public.key_history_hash_v1(previous bytea, entry public.api_key_history) IS 'The hash of a row of the chain, over that of the row before and every column of its own.';

CREATE OR REPLACE FUNCTION public.missing_for_key_v1(made public.api_keys, said jsonb)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION public.missing_for_key_v1(made public.api_keys, said jsonb) IS 'What whoever acts lacks for making this key; NULL: nothing.';

CREATE OR REPLACE FUNCTION public.note_connection_transition_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO public.connection_transitions (device_uuid, was, became, lasted)
  VALUES (
    NEW.uuid, OLD.connection_status, NEW.connection_status,
    now() - coalesce(
      (
        SELECT earlier.occurred_at FROM public.connection_transitions AS earlier
        WHERE earlier.device_uuid = NEW.uuid ORDER BY earlier.id DESC LIMIT 1
      ),
      OLD.created_at
    )
  );
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.note_connection_transition_v1() IS 'Writes a change of connection_status into connection_transitions.';

CREATE OR REPLACE FUNCTION public.note_device_changed_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NEW.fleet_id IS DISTINCT FROM OLD.fleet_id THEN
    PERFORM FROM public.fleets AS fleet WHERE fleet.id = NEW.fleet_id FOR SHARE;
  END IF;
  PERFORM public.refresh_device_search_v1(ARRAY[NEW.uuid]);
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.note_device_changed_v1() IS 'Brings device_search in step with a device.';

CREATE OR REPLACE FUNCTION public.note_devices_added_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  -- A fleet that is just being changed does not see these devices yet: wait for it, and read what it committed.
  PERFORM FROM public.fleets AS fleet
  WHERE fleet.id IN (SELECT fleet_id FROM added) ORDER BY fleet.id FOR SHARE;
  PERFORM public.refresh_device_search_v1(ARRAY(SELECT uuid FROM added));
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.note_devices_added_v1() IS 'Adds new devices to device_search.';

CREATE OR REPLACE FUNCTION public.note_fleet_changed_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  uuids CONSTANT uuid[] := ARRAY(SELECT uuid FROM public.devices WHERE fleet_id = NEW.id ORDER BY uuid FOR NO KEY UPDATE);
BEGIN
  PERFORM public.refresh_device_search_v1(uuids);
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.note_fleet_changed_v1() IS 'Brings device_search in step with the default tags of a fleet.';

CREATE OR REPLACE FUNCTION public.note_interface_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  seen public.network_interfaces := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  word text := CASE TG_OP WHEN 'INSERT' THEN 'appeared' WHEN 'UPDATE' THEN 'changed' ELSE 'gone' END;
BEGIN
  -- Not for a device that is being deleted with all it has.
  INSERT INTO public.network_interface_history (device_uuid, name, change, mac, addresses, is_up, ssid, signal_dbm)
  SELECT device.uuid, seen.name, word, seen.mac, seen.addresses, seen.is_up, seen.ssid, seen.signal_dbm
  FROM public.devices AS device WHERE device.uuid = seen.device_uuid;
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM public.network_addresses AS kept
    WHERE kept.device_uuid = NEW.device_uuid AND kept.name = NEW.name
      AND kept.address <> ALL (SELECT host(given)::inet FROM unnest(NEW.addresses) AS given);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO public.network_addresses (device_uuid, name, address)
    SELECT DISTINCT NEW.device_uuid, NEW.name, host(given)::inet FROM unnest(NEW.addresses) AS given
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.note_interface_v1() IS 'Writes a change of a network interface into its history, and its addresses where they are searched.';

CREATE OR REPLACE FUNCTION public.note_search_change_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO public.search_changes (device_uuid) SELECT device_uuid FROM changed;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.note_search_change_v1() IS 'Notes which rows of device_search were written. One that is gone needs no note: its place finds nothing.';

CREATE OR REPLACE FUNCTION public.note_search_status_change_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO public.search_status_changes (device_uuid) VALUES (NEW.uuid);
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.note_search_status_change_v1() IS 'Notes which device came or went.';

CREATE OR REPLACE FUNCTION public.note_setting_changed_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  said CONSTANT jsonb := coalesce(nullif(current_setting('iotistic.provenance', true), ''), '{}')::jsonb;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.key = NEW.key AND OLD.value = NEW.value THEN
    RETURN NULL;
  END IF;
  INSERT INTO public.system_config_history (key, action, old_value, new_value, actor_kind, actor)
  SELECT
    coalesce(NEW.key, OLD.key),
    CASE TG_OP WHEN 'INSERT' THEN 'added' WHEN 'UPDATE' THEN 'changed' ELSE 'removed' END,
    OLD.value,
    NEW.value,
    coalesce(said ->> 'actor_kind', 'system'),
    coalesce(said ->> 'actor', session_user);
  PERFORM pg_notify('config_changed', coalesce(NEW.key, OLD.key));
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.note_setting_changed_v1() IS 'Adds the change to system_config_history, and sends the key on channel config_changed: caches listen to this.';

CREATE OR REPLACE FUNCTION public.note_tags_changed_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  uuids CONSTANT uuid[] := ARRAY(SELECT DISTINCT device_uuid FROM changed);
BEGIN
  PERFORM FROM public.devices AS device WHERE device.uuid = ANY (uuids) ORDER BY device.uuid FOR NO KEY UPDATE;
  PERFORM public.refresh_device_search_v1(uuids);
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.note_tags_changed_v1() IS 'Brings device_search in step with tags.';

CREATE OR REPLACE FUNCTION public.notify_access_changed_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM pg_notify('access_changed', '');
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.notify_access_changed_v1() IS 'Sends an empty message on channel access_changed: forget everybody.';

CREATE OR REPLACE FUNCTION public.notify_fleet_of_device_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM pg_notify('shadow_changed', NEW.uuid || ' fleet');
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.notify_fleet_of_device_v1() IS 'Sends a device on channel shadow_changed, with the word fleet.';

CREATE OR REPLACE FUNCTION public.notify_fleet_settings_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM pg_notify('shadow_changed', device.uuid || ' fleet') FROM public.devices AS device WHERE device.fleet_id = NEW.id;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.notify_fleet_settings_v1() IS 'Sends each device of a fleet on channel shadow_changed, with the word fleet.';

CREATE OR REPLACE FUNCTION public.notify_job_news_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM pg_notify('job_news', NEW.device_uuid || ' jobs');
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.notify_job_news_v1() IS 'Sends the device on channel job_news.';

CREATE OR REPLACE FUNCTION public.notify_key_changed_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM pg_notify('access_changed', OLD.key_id);
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.notify_key_changed_v1() IS 'Sends the id of the key that changed on channel access_changed.';

CREATE OR REPLACE FUNCTION public.notify_session_ended_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM pg_notify('access_changed', OLD.id);
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.notify_session_ended_v1() IS 'Sends the id of the session that ended, or proved more, on channel access_changed.';

CREATE OR REPLACE FUNCTION public.notify_shadow_changed_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM pg_notify('shadow_changed', NEW.device_uuid || ' ' || NEW.half || ' ' || NEW.version);
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.notify_shadow_changed_v1() IS 'Sends device, half and version on channel shadow_changed.';

CREATE OR REPLACE FUNCTION public.pack_search_pages_v1(size bigint DEFAULT 2048)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  noted bigint[];
  changed uuid[];
  noted_statuses bigint[];
  turned uuid[];
  stale bigint[];
  restated bigint[];
  starts text[];
  ends text[];
  newest bigint;
BEGIN
  LOCK TABLE public.search_pages IN SHARE ROW EXCLUSIVE MODE;
  SELECT coalesce(max(p.id), 0) INTO newest FROM public.search_pages AS p;
  -- The notes first: a later statement may see more than they tell, and never less.
  SELECT array_agg(c.id), array_agg(DISTINCT c.device_uuid) INTO noted, changed FROM public.search_changes AS c;
  SELECT array_agg(c.id), array_agg(DISTINCT c.device_uuid) INTO noted_statuses, turned FROM public.search_status_changes AS c;
  IF noted IS NULL AND noted_statuses IS NULL THEN
    RETURN 0;
  END IF;
  INSERT INTO public.search_packings DEFAULT VALUES;
  DELETE FROM public.search_packings AS p WHERE p.id < (SELECT max(l.id) FROM public.search_packings AS l);
  -- A page answers for the names from its first to the next page's first, and the first page for all before it.
  WITH stretch AS (
    SELECT
      p.id,
      CASE WHEN lag(p.id) OVER by_name IS NULL THEN '' ELSE p.first_name END AS start,
      lead(p.first_name) OVER by_name AS "end"
    FROM public.search_pages AS p
    WINDOW by_name AS (ORDER BY p.first_name)
  )
  SELECT array_agg(s.id), array_agg(s.start), array_agg(s."end") INTO stale, starts, ends
  FROM stretch AS s
  WHERE
    s.id IN (SELECT d.page_id FROM public.search_page_devices AS d WHERE d.device_uuid = ANY (changed))
    OR s.id IN (
      SELECT t.id
      FROM public.device_search AS f
      INNER JOIN stretch AS t ON f.name >= t.start AND (t."end" IS NULL OR f.name < t."end")
      WHERE f.device_uuid = ANY (changed)
    );
  IF noted IS NOT NULL AND NOT EXISTS (SELECT FROM public.search_pages) THEN
    starts := ARRAY[''];
    ends := ARRAY[NULL::text];
  END IF;
  DELETE FROM public.search_pages AS p WHERE p.id = ANY (stale);
  WITH placed AS (
    SELECT
      s.start,
      f.device_uuid,
      f.name,
      row_number() OVER (PARTITION BY s.start ORDER BY f.name) - 1 AS place,
      ceil(count(*) OVER whole / ceil(count(*) OVER whole / size::numeric))::bigint AS portion
    FROM unnest(starts, ends) AS s (start, "end")
    INNER JOIN public.device_search AS f ON f.name >= s.start AND (s."end" IS NULL OR f.name < s."end")
    WINDOW whole AS (PARTITION BY s.start)
  ),

  numbered AS (
    SELECT p.device_uuid, p.name, p.place % p.portion AS place, min(p.name) OVER (PARTITION BY p.start, p.place / p.portion) AS first_name
    FROM placed AS p
  ),

  made AS (
    INSERT INTO public.search_pages (first_name, last_name, devices, names)
    SELECT n.first_name, max(n.name), count(*), string_agg(translate(lower(n.name), E'\n', ' '), E'\n' ORDER BY n.place)
    FROM numbered AS n
    GROUP BY n.first_name
    RETURNING id, first_name
  )

  INSERT INTO public.search_page_devices (page_id, place, device_uuid)
  SELECT m.id, n.place, n.device_uuid FROM numbered AS n INNER JOIN made AS m ON m.first_name = n.first_name;
  INSERT INTO public.search_page_tags (page_id, key, value, members)
  SELECT d.page_id, t.key, t.value, bit_or(set_bit(0::bit(2048), 2047 - d.place::integer, 1))
  FROM public.search_page_devices AS d
  INNER JOIN public.device_search AS f ON f.device_uuid = d.device_uuid
  CROSS JOIN LATERAL (
    SELECT o.key, v.value FROM jsonb_each_text(f.tags) AS o CROSS JOIN LATERAL (VALUES (o.value), ('')) AS v (value)
    UNION ALL
    VALUES ('=kind', f.kind), ('=fleet', f.fleet_id::text)
  ) AS t
  WHERE d.page_id > newest AND t.value IS NOT NULL
  GROUP BY d.page_id, t.key, t.value;
  -- A page of which only statuses changed stays: ten thousand devices of all pages come and go for a fraction of the cost.
  restated := ARRAY(
    SELECT DISTINCT d.page_id FROM public.search_page_devices AS d WHERE d.device_uuid = ANY (turned) OR d.page_id > newest
  );
  DELETE FROM public.search_page_tags AS t WHERE t.key = '=status' AND t.page_id = ANY (restated);
  INSERT INTO public.search_page_tags (page_id, key, value, members)
  SELECT d.page_id, '=status', e.connection_status, bit_or(set_bit(0::bit(2048), 2047 - d.place::integer, 1))
  FROM public.search_page_devices AS d
  INNER JOIN public.devices AS e ON e.uuid = d.device_uuid
  WHERE d.page_id = ANY (restated)
  GROUP BY d.page_id, e.connection_status;
  DELETE FROM public.search_changes AS c WHERE c.id = ANY (noted);
  DELETE FROM public.search_status_changes AS c WHERE c.id = ANY (noted_statuses);
  RETURN coalesce(cardinality(changed), 0) + coalesce(cardinality(turned), 0);
END
$function$;
COMMENT ON FUNCTION public.pack_search_pages_v1(size bigint) IS 'Takes what is noted into the pages, each of at most so many devices; answers how many devices were noted.';

CREATE OR REPLACE FUNCTION public.record_audit_v1(action text, resource text, resource_id text, device_uuid uuid, before jsonb, after jsonb)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  WITH provenance AS (
    SELECT coalesce(nullif(current_setting('iotistic.provenance', true), ''), '{}')::jsonb AS said
  )
  INSERT INTO public.audit_log (
    actor_kind, actor, key_id, request_id, address, database_user, action, resource, resource_id, device_uuid, before, after
  )
  SELECT
    coalesce(p.said ->> 'actor_kind', 'system'), coalesce(p.said ->> 'actor', session_user), p.said ->> 'key_id', p.said ->> 'request_id',
    p.said ->> 'address', session_user,
    $1, $2, $3, $4, $5, $6
  FROM provenance AS p
$function$;
COMMENT ON FUNCTION public.record_audit_v1(action text, resource text, resource_id text, device_uuid uuid, before jsonb, after jsonb) IS 'Adds a row to audit_log with the actor that the transaction was begun for.';

CREATE OR REPLACE FUNCTION public.refresh_device_search_v1(uuids uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO public.device_search (device_uuid, name, kind, fleet_id, tags)
  SELECT device.uuid, device.name, device.kind, device.fleet_id, coalesce(fleet.default_tags, '{}') || coalesce(own.tags, '{}')
  FROM public.devices AS device
  LEFT JOIN public.fleets AS fleet ON fleet.id = device.fleet_id
  LEFT JOIN (
    SELECT tag.device_uuid, jsonb_object_agg(tag.key, tag.value) AS tags
    FROM public.device_tags AS tag
    WHERE tag.device_uuid = ANY (uuids)
    GROUP BY tag.device_uuid
  ) AS own ON own.device_uuid = device.uuid
  LEFT JOIN public.device_search AS said ON said.device_uuid = device.uuid
  WHERE
    device.uuid = ANY (uuids)
    AND device.retired_at IS NULL
    -- Left out here and not by the ON CONFLICT, which would lock, and so write, each row that is right already.
    AND (said.name, said.kind, said.fleet_id, said.tags)
      IS DISTINCT FROM (device.name, device.kind, device.fleet_id, coalesce(fleet.default_tags, '{}') || coalesce(own.tags, '{}'))
  ON CONFLICT (device_uuid) DO UPDATE
    SET name = excluded.name, kind = excluded.kind, fleet_id = excluded.fleet_id, tags = excluded.tags;
  DELETE FROM public.device_search AS gone
  USING public.devices AS device
  WHERE gone.device_uuid = ANY (uuids) AND device.uuid = gone.device_uuid AND device.retired_at IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION public.refresh_device_search_v1(uuids uuid[]) IS 'Brings device_search in step with what these devices, their tags and their fleets say.';

CREATE OR REPLACE FUNCTION public.refuse_half_tls_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  wrong text;
BEGIN
  wrong := CASE
    WHEN coalesce(NEW.value ->> 'protocol', 'mqtt') IN ('mqtts', 'wss') <> coalesce((NEW.value -> 'useTls')::boolean, false)
      THEN 'useTls is true with the protocols mqtts and wss, and with no other'
    WHEN (NEW.value ->> 'caCert') !~ '^-{5}BEGIN CERTIFICATE-{5}' THEN 'caCert is a certificate in PEM'
    WHEN (NEW.value ->> 'clientCert') !~ '^-{5}BEGIN CERTIFICATE-{5}' THEN 'clientCert is a certificate in PEM'
    WHEN (NEW.value ->> 'clientKey') !~ '^(env:[A-Za-z_]|file:/|sealed:1:)' THEN 'clientKey is env:NAME, file:/path or sealed, never the key itself'
    WHEN (NEW.value ->> 'clientCert' IS NULL) <> (NEW.value ->> 'clientKey' IS NULL) THEN 'clientCert and clientKey come together'
  END;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%: %', NEW.key, wrong USING ERRCODE = 'check_violation', CONSTRAINT = 'system_config_mqtt_tls_check';
  END IF;
  RETURN NEW;
END
$function$;
COMMENT ON FUNCTION public.refuse_half_tls_v1() IS 'Fails when what mqtt.brokers.* says about TLS does not fit together.';

CREATE OR REPLACE FUNCTION public.refuse_rewriting_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege', HINT = 'What was written there stays as it was written.';
END
$function$;
COMMENT ON FUNCTION public.refuse_rewriting_v1() IS 'Fails: for tables whose rows are never changed or removed.';

CREATE OR REPLACE FUNCTION public.refuse_undefined_default_tag_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  wrong record;
BEGIN
  SELECT tag.key, tag.value INTO wrong
  FROM jsonb_each_text(NEW.default_tags) AS tag
  JOIN public.tag_definitions AS definition ON definition.key = tag.key
  WHERE tag.value <> ALL (definition.allowed_values)
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'The tag % may not have the value %', wrong.key, quote_literal(wrong.value)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'device_tags_value_allowed_check',
      HINT = 'SELECT allowed_values FROM tag_definitions lists those it may have.';
  END IF;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.refuse_undefined_default_tag_v1() IS 'Fails when a default tag of a fleet has a value that its definition does not allow.';

CREATE OR REPLACE FUNCTION public.refuse_undefined_tag_value_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  wrong record;
BEGIN
  SELECT tag.key, tag.value INTO wrong
  FROM written AS tag
  JOIN public.tag_definitions AS definition ON definition.key = tag.key
  WHERE tag.value <> ALL (definition.allowed_values)
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'The tag % may not have the value %', wrong.key, quote_literal(wrong.value)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'device_tags_value_allowed_check',
      HINT = 'SELECT allowed_values FROM tag_definitions lists those it may have.';
  END IF;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.refuse_undefined_tag_value_v1() IS 'Fails when a written tag has a value that its definition does not allow.';

CREATE OR REPLACE FUNCTION public.require_event_data_v1(type text, data_schema jsonb, data jsonb[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION public.require_event_data_v1(type text, data_schema jsonb, data jsonb[]) IS 'Fails unless each of the data has what its schema requires, of the types that it says. Of all at once, since an import has 10,000.';

CREATE OR REPLACE FUNCTION public.tell_changed_alerts_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_nestloop TO 'off'
AS $function$
BEGIN
  PERFORM public.append_events_v1(
    'alert.changed', array_agg(n.id::text), array_agg(n.device_uuid),
    array_agg(jsonb_build_object('rule', r.name, 'was', o.status, 'status', n.status))
  )
  FROM new_rows AS n
  INNER JOIN old_rows AS o ON o.id = n.id
  INNER JOIN public.log_alert_rules AS r ON r.id = n.rule_id
  WHERE n.status <> o.status;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.tell_changed_alerts_v1() IS 'Appends alert.changed about each row with another status.';

CREATE OR REPLACE FUNCTION public.tell_changed_devices_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_nestloop TO 'off'
AS $function$
BEGIN
  PERFORM public.append_events_v1('device.' || turn.name, array_agg(turn.uuid::text), array_agg(turn.uuid), array_agg(turn.data))
  FROM (
    SELECT n.uuid, n.connection_status AS name, jsonb_build_object('was', o.connection_status) AS data
    FROM new_rows AS n
    INNER JOIN old_rows AS o ON o.uuid = n.uuid
    WHERE n.connection_status <> o.connection_status AND n.connection_status IN ('online', 'offline')
    UNION ALL
    SELECT n.uuid, CASE WHEN n.retired_at IS NULL THEN 'restored' ELSE 'retired' END, '{}'
    FROM new_rows AS n
    INNER JOIN old_rows AS o ON o.uuid = n.uuid
    WHERE (n.retired_at IS NULL) <> (o.retired_at IS NULL)
  ) AS turn
  GROUP BY turn.name
  ORDER BY turn.name;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.tell_changed_devices_v1() IS 'Appends device.online, offline, retired or restored about each row that turned.';

CREATE OR REPLACE FUNCTION public.tell_changed_executions_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_nestloop TO 'off'
AS $function$
BEGIN
  PERFORM public.append_events_v1(
    'job.device_changed', array_agg(n.job_id::text), array_agg(n.device_uuid),
    array_agg(jsonb_build_object('was', o.status, 'status', n.status, 'attempt', n.attempt))
  )
  FROM new_rows AS n
  INNER JOIN old_rows AS o ON o.job_id = n.job_id AND o.device_uuid = n.device_uuid
  WHERE n.status <> o.status AND n.status NOT IN ('queued', 'released');
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.tell_changed_executions_v1() IS 'Appends job.device_changed about each row that began or came to an end.';

CREATE OR REPLACE FUNCTION public.tell_changed_jobs_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_nestloop TO 'off'
AS $function$
BEGIN
  PERFORM public.append_events_v1(
    'job.changed', array_agg(n.id::text), array_agg(NULL::uuid), array_agg(jsonb_build_object('was', o.status, 'status', n.status))
  )
  FROM new_rows AS n
  INNER JOIN old_rows AS o ON o.id = n.id
  WHERE n.status <> o.status;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.tell_changed_jobs_v1() IS 'Appends job.changed about each row with another status.';

CREATE OR REPLACE FUNCTION public.tell_desired_event_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM public.append_event_v1(
    'device.desired', NEW.device_uuid::text, jsonb_build_object('version', NEW.version, 'cause', NEW.cause), device_uuid => NEW.device_uuid
  );
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.tell_desired_event_v1() IS 'Appends device.desired about a version of what is desired.';

CREATE OR REPLACE FUNCTION public.tell_new_alerts_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM public.append_events_v1(
    'alert.opened', array_agg(n.id::text), array_agg(n.device_uuid),
    array_agg(jsonb_build_object('rule', r.name, 'severity', n.severity, 'lines', n.lines))
  )
  FROM new_rows AS n
  INNER JOIN public.log_alert_rules AS r ON r.id = n.rule_id;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.tell_new_alerts_v1() IS 'Appends alert.opened about each new row.';

CREATE OR REPLACE FUNCTION public.tell_new_devices_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM public.append_events_v1(
    'device.registered',
    array_agg(n.uuid::text),
    array_agg(n.uuid),
    array_agg(jsonb_build_object('name', n.name, 'kind', n.kind, 'serial', n.serial))
  )
  FROM new_rows AS n;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.tell_new_devices_v1() IS 'Appends device.registered about each new row.';

CREATE OR REPLACE FUNCTION public.tell_new_jobs_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM public.append_events_v1('job.created', array_agg(n.id::text), array_agg(NULL::uuid), array_agg('{}'::jsonb)) FROM new_rows AS n;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.tell_new_jobs_v1() IS 'Appends job.created about each new row.';

CREATE OR REPLACE FUNCTION public.widest_role_v1(user_id bigint)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT held.role
  FROM public.role_bindings AS held
  INNER JOIN public.roles AS r ON r.name = held.role
  WHERE held.user_id = $1 AND num_nonnulls(held.fleet_id, held.device_uuid) = 0 AND (held.expires_at IS NULL OR held.expires_at > now())
  ORDER BY r.rank DESC
  LIMIT 1
$function$;
COMMENT ON FUNCTION public.widest_role_v1(user_id bigint) IS 'The widest role that somebody has on everything; NULL: none.';

CREATE OR REPLACE FUNCTION public.write_key_history_v1()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  said CONSTANT jsonb := coalesce(nullif(current_setting('iotistic.provenance', true), ''), '{}')::jsonb;
  head public.api_key_history_heads;
  entry public.api_key_history;
BEGIN
  IF TG_OP = 'DELETE' THEN
    entry.key_id := OLD.key_id;
    entry.device_uuid := OLD.device_uuid;
    entry.user_id := OLD.user_id;
    entry.action := 'deleted';
  ELSE
    entry.key_id := NEW.key_id;
    entry.device_uuid := NEW.device_uuid;
    entry.user_id := NEW.user_id;
    entry.action := CASE
      WHEN TG_OP = 'INSERT' THEN 'issued'
      WHEN OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL THEN 'revoked'
      ELSE 'changed'
    END;
  END IF;
  -- One after the other: the place in the chain is that of the commit, and not that of a clock.
  SELECT * INTO STRICT head FROM public.api_key_history_heads AS h FOR NO KEY UPDATE;
  entry.sequence := head.sequence + 1;
  entry.reason := coalesce(nullif(current_setting('iotistic.key_reason', true), ''), 'not said');
  entry.actor := coalesce(said ->> 'actor', session_user);
  entry.database_user := session_user;
  entry.occurred_at := clock_timestamp();
  entry.hash := public.key_history_hash_v1(head.hash, entry);
  INSERT INTO public.api_key_history (
    sequence, key_id, device_uuid, user_id, action, reason, actor, database_user, occurred_at, hash
  )
  VALUES (
    entry.sequence, entry.key_id, entry.device_uuid, entry.user_id, entry.action, entry.reason, entry.actor, entry.database_user,
    entry.occurred_at, entry.hash
  );
  UPDATE public.api_key_history_heads SET sequence = entry.sequence, hash = entry.hash;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION public.write_key_history_v1() IS 'Adds a row to api_key_history for a key that was made, changed or deleted.';

CREATE TABLE public.agent_updates (
  job_id bigint NOT NULL,
  target_version text NOT NULL,
  is_forced boolean NOT NULL,
  CONSTRAINT agent_updates_pkey PRIMARY KEY (job_id),
  CONSTRAINT agent_updates_target_version_check CHECK ((target_version ~ '^[0-9A-Za-z][0-9A-Za-z.+_-]{0,99}$'::text)),
  CONSTRAINT agent_updates_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.agent_updates IS 'One row per job that brings agents to a version.';
COMMENT ON COLUMN public.agent_updates.target_version IS 'The version that the agents are to be at afterwards.';
COMMENT ON COLUMN public.agent_updates.is_forced IS 'Whether agents that are at that version already install it again.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.agent_updates REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{job_id}', '', '{target_version,is_forced}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.agent_updates REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{job_id}', '', '{target_version,is_forced}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.agent_updates REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{job_id}', '', '{target_version,is_forced}', '{}');

CREATE TABLE public.api_key_history (
  sequence bigint NOT NULL,
  key_id text NOT NULL,
  device_uuid uuid,
  user_id bigint,
  action text NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  database_user text NOT NULL,
  occurred_at timestamp with time zone NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT api_key_history_pkey PRIMARY KEY (sequence),
  CONSTRAINT api_key_history_action_check CHECK ((action = ANY (ARRAY['issued'::text, 'changed'::text, 'revoked'::text, 'deleted'::text]))),
  CONSTRAINT api_key_history_hash_check CHECK ((octet_length(hash) = 32))
);
COMMENT ON TABLE public.api_key_history IS 'One row per thing that happened to a key; never changed, kept when the key or its owner is gone.';
COMMENT ON COLUMN public.api_key_history.sequence IS 'Its place in the chain: 1, 2, 3, without a gap.';
COMMENT ON COLUMN public.api_key_history.reason IS 'Why, in words of the program or of the person who did it.';
COMMENT ON COLUMN public.api_key_history.actor IS 'Who acted: the username, the uuid of the device, the id of the claim key, or the name of the program.';
COMMENT ON COLUMN public.api_key_history.database_user IS 'The role of the database session, whatever the program said about the actor.';
COMMENT ON COLUMN public.api_key_history.occurred_at IS 'By the clock of the database; the order is that of sequence.';
COMMENT ON COLUMN public.api_key_history.hash IS 'SHA-256 over the hash of the row before and every other column.';
CREATE TRIGGER api_key_history_only_added_to BEFORE DELETE OR UPDATE OR TRUNCATE ON public.api_key_history FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_v1(); -- enabled: always

CREATE TABLE public.api_key_history_heads (
  only_row boolean NOT NULL DEFAULT true,
  sequence bigint NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT api_key_history_heads_pkey PRIMARY KEY (only_row),
  CONSTRAINT api_key_history_heads_hash_check CHECK ((octet_length(hash) = 32)),
  CONSTRAINT api_key_history_heads_only_row_check CHECK (only_row)
);
COMMENT ON TABLE public.api_key_history_heads IS 'One row: where the chain of api_key_history ends.';
COMMENT ON COLUMN public.api_key_history_heads.sequence IS 'The number of the last row of the chain; 0 before the first.';
COMMENT ON COLUMN public.api_key_history_heads.hash IS 'Its hash. Kept elsewhere, it proves later that everything before is as it was.';

CREATE TABLE public.api_key_uses (
  key_id text NOT NULL,
  last_used_at timestamp with time zone NOT NULL,
  last_used_from inet,
  CONSTRAINT api_key_uses_pkey PRIMARY KEY (key_id),
  CONSTRAINT api_key_uses_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.api_keys(key_id) ON DELETE CASCADE
) WITH (fillfactor=70);
COMMENT ON TABLE public.api_key_uses IS 'One row per key that was ever used.';
COMMENT ON COLUMN public.api_key_uses.last_used_at IS 'To the minute or so.';
COMMENT ON COLUMN public.api_key_uses.last_used_from IS 'The address it came from that time; NULL where that is not known.';

CREATE TABLE public.api_keys (
  key_id text NOT NULL,
  kind text NOT NULL,
  device_uuid uuid,
  user_id bigint,
  label text NOT NULL DEFAULT ''::text,
  secret_hash bytea NOT NULL,
  pepper_version bigint NOT NULL,
  scopes text[],
  allowed_networks cidr[],
  replaces text,
  created_by text NOT NULL DEFAULT ''::text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone,
  first_used_at timestamp with time zone,
  retires_at timestamp with time zone,
  successor_until timestamp with time zone,
  fetched_late_at timestamp with time zone,
  revoked_at timestamp with time zone,
  CONSTRAINT api_keys_pkey PRIMARY KEY (key_id),
  CONSTRAINT api_keys_allowed_networks_check CHECK ((((cardinality(allowed_networks) >= 1) AND (cardinality(allowed_networks) <= 100)) AND (array_position(allowed_networks, NULL::cidr) IS NULL))),
  CONSTRAINT api_keys_expires_at_check CHECK ((expires_at > created_at)),
  CONSTRAINT api_keys_fetched_late_at_check CHECK ((((fetched_late_at >= retires_at) AND (fetched_late_at < successor_until) AND (successor_until IS NOT NULL)) OR (fetched_late_at IS NULL))),
  CONSTRAINT api_keys_first_used_at_check CHECK (((first_used_at IS NULL) OR (replaces IS NOT NULL))),
  CONSTRAINT api_keys_kind_check CHECK ((((kind = 'device'::text) AND (device_uuid IS NOT NULL) AND (user_id IS NULL)) OR ((kind = ANY (ARRAY['user'::text, 'service'::text])) AND (user_id IS NOT NULL) AND (device_uuid IS NULL)))),
  CONSTRAINT api_keys_label_check CHECK ((char_length(label) <= 100)),
  CONSTRAINT api_keys_scopes_check CHECK ((((user_id IS NOT NULL) AND ((cardinality(scopes) >= 1) AND (cardinality(scopes) <= 100)) AND (array_position(scopes, NULL::text) IS NULL)) OR (scopes IS NULL))),
  CONSTRAINT api_keys_secret_hash_check CHECK ((octet_length(secret_hash) = 32)),
  CONSTRAINT api_keys_successor_until_check CHECK ((((successor_until >= retires_at) AND (device_uuid IS NOT NULL) AND (retires_at IS NOT NULL)) OR (successor_until IS NULL))),
  CONSTRAINT api_keys_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE,
  CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.api_keys IS 'One row per key that a device, a service or a person proves itself with.';
COMMENT ON COLUMN public.api_keys.key_id IS 'The public part of the key, by which its row is found.';
COMMENT ON COLUMN public.api_keys.label IS 'What it is for, in words of whoever made it.';
COMMENT ON COLUMN public.api_keys.secret_hash IS 'HMAC-SHA-256 of the secret part under the pepper, which is not in the database.';
COMMENT ON COLUMN public.api_keys.pepper_version IS 'Which pepper the hash was made under.';
COMMENT ON COLUMN public.api_keys.scopes IS 'The only permissions it carries, of those its bearer has; NULL: all of them.';
COMMENT ON COLUMN public.api_keys.allowed_networks IS 'The only networks it is taken from; NULL: any.';
COMMENT ON COLUMN public.api_keys.replaces IS 'The key whose place it takes: that one ends when this one is first used.';
COMMENT ON COLUMN public.api_keys.created_by IS 'Who made it: a username, the uuid of the device, the id of the claim key, or the name of the program.';
COMMENT ON COLUMN public.api_keys.expires_at IS 'When it stops to work by itself; NULL: never.';
COMMENT ON COLUMN public.api_keys.first_used_at IS 'When a key that replaces another was first used.';
COMMENT ON COLUMN public.api_keys.retires_at IS 'The end of its grace while it is being replaced; NULL: it stays.';
COMMENT ON COLUMN public.api_keys.successor_until IS 'Until when a device that slept through the grace may still fetch its next key with it, and do nothing else.';
COMMENT ON COLUMN public.api_keys.fetched_late_at IS 'When a device did so, which it may once.';
COMMENT ON COLUMN public.api_keys.revoked_at IS 'When it was taken back; NULL while it is good.';
CREATE INDEX api_keys_device_uuid_idx ON public.api_keys USING btree (device_uuid) WHERE (device_uuid IS NOT NULL);
CREATE UNIQUE INDEX api_keys_device_uuid_retiring_key ON public.api_keys USING btree (device_uuid) WHERE ((device_uuid IS NOT NULL) AND (revoked_at IS NULL) AND (retires_at IS NOT NULL));
CREATE UNIQUE INDEX api_keys_device_uuid_staying_key ON public.api_keys USING btree (device_uuid) WHERE ((device_uuid IS NOT NULL) AND (revoked_at IS NULL) AND (retires_at IS NULL));
CREATE UNIQUE INDEX api_keys_replaces_key ON public.api_keys USING btree (replaces) WHERE ((replaces IS NOT NULL) AND (revoked_at IS NULL));
CREATE INDEX api_keys_user_id_idx ON public.api_keys USING btree (user_id) WHERE (user_id IS NOT NULL);
CREATE TRIGGER api_keys_changed AFTER DELETE OR UPDATE ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.notify_key_changed_v1();
CREATE TRIGGER api_keys_guard BEFORE INSERT OR UPDATE ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.guard_api_key_v1();
CREATE TRIGGER api_keys_history AFTER INSERT OR DELETE OR UPDATE ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.write_key_history_v1(); -- enabled: always
CREATE TRIGGER api_keys_kept BEFORE TRUNCATE ON public.api_keys FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_v1(); -- enabled: always
CREATE TRIGGER api_keys_successor_used AFTER UPDATE OF first_used_at ON public.api_keys FOR EACH ROW WHEN (((old.first_used_at IS NULL) AND (new.first_used_at IS NOT NULL))) EXECUTE FUNCTION public.end_replaced_key_v1();
CREATE TRIGGER audit_delete AFTER DELETE ON public.api_keys REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key_id}', 'device_uuid', '{kind,user_id,label,pepper_version,scopes,allowed_networks,replaces,expires_at,first_used_at,retires_at,successor_until,fetched_late_at,revoked_at}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.api_keys REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key_id}', 'device_uuid', '{kind,user_id,label,pepper_version,scopes,allowed_networks,replaces,expires_at,first_used_at,retires_at,successor_until,fetched_late_at,revoked_at}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.api_keys REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key_id}', 'device_uuid', '{kind,user_id,label,pepper_version,scopes,allowed_networks,replaces,expires_at,first_used_at,retires_at,successor_until,fetched_late_at,revoked_at}', '{}');

CREATE TABLE public.applications (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  description text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT applications_pkey PRIMARY KEY (id),
  CONSTRAINT applications_name_key UNIQUE (name),
  CONSTRAINT applications_description_check CHECK (((char_length(description) >= 1) AND (char_length(description) <= 1000))),
  CONSTRAINT applications_name_check CHECK ((name ~ '^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$'::text))
);
COMMENT ON TABLE public.applications IS 'One row per application that devices can run.';
COMMENT ON COLUMN public.applications.name IS 'A lower-case word by which people, paths and desired states name it.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.applications REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{description}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.applications REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{description}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.applications REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{description}', '{}');

CREATE TABLE public.audit_log (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  occurred_at timestamp with time zone NOT NULL DEFAULT now(),
  actor_kind text NOT NULL,
  actor text NOT NULL,
  key_id text,
  request_id text,
  address text,
  database_user text NOT NULL,
  action text NOT NULL,
  resource text NOT NULL,
  resource_id text NOT NULL,
  device_uuid uuid,
  before jsonb,
  after jsonb,
  CONSTRAINT audit_log_pkey PRIMARY KEY (id),
  CONSTRAINT audit_log_action_check CHECK ((action ~ '^[a-z][a-z_]{0,62}$'::text)),
  CONSTRAINT audit_log_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'device'::text, 'claim_key'::text, 'system'::text]))),
  CONSTRAINT audit_log_after_check CHECK ((jsonb_typeof(after) = 'object'::text)),
  CONSTRAINT audit_log_before_check CHECK ((jsonb_typeof(before) = 'object'::text)),
  CONSTRAINT audit_log_resource_check CHECK ((resource ~ '^[a-z][a-z_]{0,62}$'::text))
);
COMMENT ON TABLE public.audit_log IS 'One row per change of security or control data; never changed, never deleted.';
COMMENT ON COLUMN public.audit_log.occurred_at IS 'When the transaction that made the change began, by the clock of the database.';
COMMENT ON COLUMN public.audit_log.actor_kind IS 'user, device, claim_key (a device that is being let in), or system (a command or the platform itself).';
COMMENT ON COLUMN public.audit_log.actor IS 'The username, the uuid of the device, the id of the claim key, or the name of the program.';
COMMENT ON COLUMN public.audit_log.key_id IS 'The public part of the key that the actor came with; NULL: none.';
COMMENT ON COLUMN public.audit_log.request_id IS 'The request that made the change, as it stands in the logs; NULL: none.';
COMMENT ON COLUMN public.audit_log.address IS 'Where that request came from, as the server or its proxy says; NULL: from no request.';
COMMENT ON COLUMN public.audit_log.database_user IS 'The role of the database session, whatever the program said about the actor.';
COMMENT ON COLUMN public.audit_log.action IS 'created, changed or deleted for rows of a table; a word of its own for anything else.';
COMMENT ON COLUMN public.audit_log.resource IS 'What was changed: the name of a table, or a word of its own.';
COMMENT ON COLUMN public.audit_log.resource_id IS 'Which of them: its key; the parts of a longer key are joined by a slash.';
COMMENT ON COLUMN public.audit_log.device_uuid IS 'The device it is about; NULL: none.';
COMMENT ON COLUMN public.audit_log.before IS 'What it was: of a change, only what changed. Never a secret.';
COMMENT ON COLUMN public.audit_log.after IS 'What it is now: of a change, only what changed. Never a secret.';
CREATE INDEX audit_log_actor_id_idx ON public.audit_log USING btree (actor, id);
CREATE INDEX audit_log_device_uuid_id_idx ON public.audit_log USING btree (device_uuid, id) WHERE (device_uuid IS NOT NULL);
CREATE INDEX audit_log_resource_resource_id_id_idx ON public.audit_log USING btree (resource, resource_id, id);
CREATE TRIGGER audit_log_only_added_to BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewriting_v1(); -- enabled: always

CREATE TABLE public.backups (
  id text NOT NULL,
  place text NOT NULL,
  database_name text NOT NULL,
  tables_asked text[] NOT NULL,
  server_version bigint NOT NULL,
  started_at timestamp with time zone NOT NULL,
  finished_at timestamp with time zone NOT NULL,
  row_count bigint NOT NULL,
  byte_count bigint NOT NULL,
  manifest_sha256 text NOT NULL,
  key_id text,
  copied_to text,
  is_pinned boolean NOT NULL,
  verified_at timestamp with time zone,
  proved_at timestamp with time zone,
  drill_failed_at timestamp with time zone,
  drill_error text,
  gone_at timestamp with time zone,
  CONSTRAINT backups_pkey PRIMARY KEY (place, id),
  CONSTRAINT backups_drill_error_check CHECK (((drill_error IS NULL) = (drill_failed_at IS NULL)))
);
COMMENT ON TABLE public.backups IS 'One row per dump in one folder of backups, until it is let go.';
COMMENT ON COLUMN public.backups.id IS 'When it began and a few random letters: the name of its folder.';
COMMENT ON COLUMN public.backups.place IS 'The folder of backups: host:path.';
COMMENT ON COLUMN public.backups.tables_asked IS 'The tables that were named; empty: the whole database.';
COMMENT ON COLUMN public.backups.row_count IS 'Of all tables, on the snapshot of the dump.';
COMMENT ON COLUMN public.backups.byte_count IS 'Of all its files.';
COMMENT ON COLUMN public.backups.manifest_sha256 IS 'SHA-256 of its manifest, which holds that of every file.';
COMMENT ON COLUMN public.backups.key_id IS 'The name of the key it is sealed under; NULL: it is not.';
COMMENT ON COLUMN public.backups.copied_to IS 'The storage that has a copy; NULL: none that was seen.';
COMMENT ON COLUMN public.backups.verified_at IS 'When every file was last read and compared with its checksum.';
COMMENT ON COLUMN public.backups.proved_at IS 'When it was last restored and compared.';
COMMENT ON COLUMN public.backups.drill_failed_at IS 'When a drill of it last failed, if none succeeded since.';
COMMENT ON COLUMN public.backups.gone_at IS 'When its folder was first seen to be gone, without having been let go; NULL: it is there.';

CREATE TABLE public.connection_transitions (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  was text NOT NULL,
  became text NOT NULL,
  occurred_at timestamp with time zone NOT NULL DEFAULT now(),
  lasted interval NOT NULL,
  CONSTRAINT connection_transitions_pkey PRIMARY KEY (id),
  CONSTRAINT connection_transitions_became_check CHECK ((became = ANY (ARRAY['never'::text, 'online'::text, 'offline'::text]))),
  CONSTRAINT connection_transitions_was_check CHECK ((was = ANY (ARRAY['never'::text, 'online'::text, 'offline'::text]))),
  CONSTRAINT connection_transitions_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.connection_transitions IS 'One row per change of the connection status of a device.';
COMMENT ON COLUMN public.connection_transitions.was IS 'The status before.';
COMMENT ON COLUMN public.connection_transitions.became IS 'The status from then on.';
COMMENT ON COLUMN public.connection_transitions.lasted IS 'How long it had been as before; for the first, since it was registered.';
CREATE INDEX connection_transitions_device_uuid_id_idx ON public.connection_transitions USING btree (device_uuid, id);

CREATE TABLE public.contact_expectations (
  device_uuid uuid NOT NULL,
  expected_every interval NOT NULL,
  CONSTRAINT contact_expectations_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT contact_expectations_expected_every_check CHECK (((expected_every >= '00:00:15'::interval) AND (expected_every <= '366 days'::interval))),
  CONSTRAINT contact_expectations_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.contact_expectations IS 'One row per device that is expected to be heard of at another pace than its fleet says, or once a minute.';
COMMENT ON COLUMN public.contact_expectations.expected_every IS 'The longest time between two contacts while all is well; after twice that it is offline.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.contact_expectations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid}', 'device_uuid', '{expected_every}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.contact_expectations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid}', 'device_uuid', '{expected_every}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.contact_expectations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid}', 'device_uuid', '{expected_every}', '{}');

CREATE TABLE public.contact_watch (
  id boolean NOT NULL DEFAULT true,
  listening_since timestamp with time zone NOT NULL,
  looked_at timestamp with time zone NOT NULL,
  CONSTRAINT contact_watch_pkey PRIMARY KEY (id),
  CONSTRAINT contact_watch_id_check CHECK (id)
);
COMMENT ON TABLE public.contact_watch IS 'One row: how the search for silent devices goes.';
COMMENT ON COLUMN public.contact_watch.listening_since IS 'Since when there was no break longer than 90 seconds between two looks.';
COMMENT ON COLUMN public.contact_watch.looked_at IS 'When somebody last looked for silent devices.';

CREATE TABLE public.dashboard_layouts (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  user_id bigint,
  device_uuid uuid,
  name text NOT NULL,
  document jsonb NOT NULL,
  is_default boolean NOT NULL DEFAULT false,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT dashboard_layouts_pkey PRIMARY KEY (id),
  CONSTRAINT dashboard_layouts_user_id_device_uuid_name_key UNIQUE NULLS NOT DISTINCT (user_id, device_uuid, name),
  CONSTRAINT dashboard_layouts_document_check CHECK (((jsonb_typeof(document) = 'object'::text) AND (octet_length((document)::text) <= 65536))),
  CONSTRAINT dashboard_layouts_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
  CONSTRAINT dashboard_layouts_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE,
  CONSTRAINT dashboard_layouts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.dashboard_layouts IS 'One row per dashboard that somebody laid out.';
COMMENT ON COLUMN public.dashboard_layouts.user_id IS 'Whose it is; NULL: it is shared by everybody.';
COMMENT ON COLUMN public.dashboard_layouts.device_uuid IS 'The device it shows; NULL: it is about no single device.';
COMMENT ON COLUMN public.dashboard_layouts.document IS 'An object of the program that draws it, at most 64 KiB.';
COMMENT ON COLUMN public.dashboard_layouts.is_default IS 'Whether it is shown when nobody says which; of a person it goes before the shared one.';
CREATE INDEX dashboard_layouts_device_uuid_idx ON public.dashboard_layouts USING btree (device_uuid) WHERE (device_uuid IS NOT NULL);
CREATE UNIQUE INDEX dashboard_layouts_user_id_device_uuid_key ON public.dashboard_layouts USING btree (user_id, device_uuid) NULLS NOT DISTINCT WHERE is_default;
CREATE TRIGGER audit_delete AFTER DELETE ON public.dashboard_layouts REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', 'device_uuid', '{user_id,name,is_default}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.dashboard_layouts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', 'device_uuid', '{user_id,name,is_default}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.dashboard_layouts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', 'device_uuid', '{user_id,name,is_default}', '{}');

CREATE TABLE public.device_clocks (
  device_uuid uuid NOT NULL,
  skew interval NOT NULL,
  measured_at timestamp with time zone NOT NULL,
  CONSTRAINT device_clocks_pkey PRIMARY KEY (device_uuid)
) WITH (fillfactor=50);
COMMENT ON TABLE public.device_clocks IS 'One row per device whose clock could be compared with ours. No foreign key: ingest writes it.';
COMMENT ON COLUMN public.device_clocks.skew IS 'How far the clock of the device is ahead; behind when negative. Delay on the way counts as behind.';
COMMENT ON COLUMN public.device_clocks.measured_at IS 'When that was found out.';

CREATE TABLE public.device_contacts (
  device_uuid uuid NOT NULL,
  last_contact_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT device_contacts_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT device_contacts_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
) WITH (fillfactor=50);
COMMENT ON TABLE public.device_contacts IS 'One row per device that was ever heard of.';
COMMENT ON COLUMN public.device_contacts.last_contact_at IS 'By the clock of the database, up to 15 seconds behind.';

CREATE TABLE public.device_host_facts (
  device_uuid uuid NOT NULL,
  facts jsonb NOT NULL,
  top_processes jsonb NOT NULL,
  reported_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT device_host_facts_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT device_host_facts_facts_check CHECK ((jsonb_typeof(facts) = 'object'::text)),
  CONSTRAINT device_host_facts_top_processes_check CHECK ((jsonb_typeof(top_processes) = 'array'::text)),
  CONSTRAINT device_host_facts_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.device_host_facts IS 'One row per device: the newest it said about its own computer.';
COMMENT ON COLUMN public.device_host_facts.facts IS 'An object of names and values: os, arch, agent_version, ...';
COMMENT ON COLUMN public.device_host_facts.top_processes IS 'The busiest processes: pid, name, cpu_percent, memory_bytes.';

CREATE TABLE public.device_log_arrivals (
  arrived_at timestamp with time zone NOT NULL DEFAULT now(),
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  devices uuid[] NOT NULL,
  since timestamp with time zone[] NOT NULL,
  until timestamp with time zone[] NOT NULL,
  CONSTRAINT device_log_arrivals_pkey PRIMARY KEY (transaction_id, arrived_at),
  CONSTRAINT device_log_arrivals_devices_check CHECK (((cardinality(devices) > 0) AND (cardinality(since) = cardinality(devices)) AND (cardinality(until) = cardinality(devices))))
) PARTITION BY RANGE (arrived_at);
COMMENT ON TABLE public.device_log_arrivals IS 'One row per transaction that stored log lines; the lines have its number as xmin. Partitioned by UTC day.';
COMMENT ON COLUMN public.device_log_arrivals.arrived_at IS 'When the transaction began.';
COMMENT ON COLUMN public.device_log_arrivals.devices IS 'Whose lines it stored; each once.';
COMMENT ON COLUMN public.device_log_arrivals.since IS 'The timestamp of the first line of each of them.';
COMMENT ON COLUMN public.device_log_arrivals.until IS 'The timestamp of the last.';

CREATE TABLE public.device_logs (
  device_uuid uuid NOT NULL,
  "timestamp" timestamp with time zone NOT NULL,
  sequence bigint NOT NULL,
  level text NOT NULL,
  service text NOT NULL,
  message text NOT NULL,
  CONSTRAINT device_logs_pkey PRIMARY KEY (device_uuid, "timestamp", sequence),
  CONSTRAINT device_logs_level_check CHECK ((level = ANY (ARRAY['debug'::text, 'info'::text, 'warning'::text, 'error'::text, 'critical'::text])))
) PARTITION BY RANGE ("timestamp");
COMMENT ON TABLE public.device_logs IS 'One row per line a device logged. Partitioned by UTC day.';
COMMENT ON COLUMN public.device_logs.device_uuid IS 'The device, devices.uuid.';
COMMENT ON COLUMN public.device_logs."timestamp" IS 'When it was logged, by the clock of the device.';
COMMENT ON COLUMN public.device_logs.sequence IS 'A number that grows with every line of the device and tells lines of one moment apart.';
COMMENT ON COLUMN public.device_logs.service IS 'The program on the device that logged.';
CREATE INDEX device_logs_timestamp_idx ON ONLY public.device_logs USING btree ("timestamp" DESC) WHERE (level = ANY (ARRAY['warning'::text, 'error'::text, 'critical'::text]));

CREATE TABLE public.device_metric_days (
  device_uuid uuid NOT NULL,
  bucket timestamp with time zone NOT NULL,
  last_at timestamp with time zone NOT NULL,
  metric_set_id integer NOT NULL,
  reports integer NOT NULL,
  counts integer[],
  summaries double precision[] NOT NULL,
  CONSTRAINT device_metric_days_pkey PRIMARY KEY (device_uuid, bucket, metric_set_id),
  CONSTRAINT device_metric_days_reports_check CHECK ((reports > 0))
) PARTITION BY RANGE (bucket);
COMMENT ON TABLE public.device_metric_days IS 'One row per device, metric set and UTC day in which it reported. Made from device_metric_hours.';
COMMENT ON COLUMN public.device_metric_days.bucket IS 'The first moment of the UTC day.';
COMMENT ON COLUMN public.device_metric_days.last_at IS 'When the newest report in it was measured.';
COMMENT ON COLUMN public.device_metric_days.reports IS 'How many reports are in it.';
COMMENT ON COLUMN public.device_metric_days.counts IS 'How many of them have each value, in the order of metric_sets.names; NULL where all have all.';
COMMENT ON COLUMN public.device_metric_days.summaries IS 'For each value, in that order: the least, the greatest, the sum, and that of the newest report; NULL where none was reported. Sums and counts give the mean of any greater span, which means do not.';

CREATE TABLE public.device_metric_hours (
  device_uuid uuid NOT NULL,
  bucket timestamp with time zone NOT NULL,
  last_at timestamp with time zone NOT NULL,
  metric_set_id integer NOT NULL,
  reports integer NOT NULL,
  counts integer[],
  summaries double precision[] NOT NULL,
  CONSTRAINT device_metric_hours_pkey PRIMARY KEY (device_uuid, bucket, metric_set_id),
  CONSTRAINT device_metric_hours_reports_check CHECK ((reports > 0))
) PARTITION BY RANGE (bucket);
COMMENT ON TABLE public.device_metric_hours IS 'One row per device, metric set and hour in which it reported. Made from device_metric_quarters.';
COMMENT ON COLUMN public.device_metric_hours.bucket IS 'The first moment of the hour.';
COMMENT ON COLUMN public.device_metric_hours.last_at IS 'When the newest report in it was measured.';
COMMENT ON COLUMN public.device_metric_hours.reports IS 'How many reports are in it.';
COMMENT ON COLUMN public.device_metric_hours.counts IS 'How many of them have each value, in the order of metric_sets.names; NULL where all have all.';
COMMENT ON COLUMN public.device_metric_hours.summaries IS 'For each value, in that order: the least, the greatest, the sum, and that of the newest report; NULL where none was reported. Sums and counts give the mean of any greater span, which means do not.';
CREATE INDEX device_metric_hours_bucket_idx ON ONLY public.device_metric_hours USING btree (bucket);

CREATE TABLE public.device_metric_latest (
  device_uuid uuid NOT NULL,
  series_id integer NOT NULL,
  metric_set_id integer NOT NULL,
  "timestamp" timestamp with time zone NOT NULL,
  "values" double precision[] NOT NULL,
  CONSTRAINT device_metric_latest_pkey PRIMARY KEY (device_uuid, series_id)
) WITH (fillfactor=50);
COMMENT ON TABLE public.device_metric_latest IS 'One row per device and list of metric names: its newest report. A copy, rebuildable from device_metrics.';
COMMENT ON COLUMN public.device_metric_latest.series_id IS 'Which list of names, metric_series.id.';
COMMENT ON COLUMN public.device_metric_latest."timestamp" IS 'When the device measured, by its own clock.';
COMMENT ON COLUMN public.device_metric_latest."values" IS 'The values, in the order of metric_sets.names.';

CREATE TABLE public.device_metric_quarters (
  device_uuid uuid NOT NULL,
  bucket timestamp with time zone NOT NULL,
  last_at timestamp with time zone NOT NULL,
  metric_set_id integer NOT NULL,
  reports integer NOT NULL,
  counts integer[],
  summaries double precision[] NOT NULL,
  CONSTRAINT device_metric_quarters_pkey PRIMARY KEY (device_uuid, bucket, metric_set_id),
  CONSTRAINT device_metric_quarters_reports_check CHECK ((reports > 0))
) PARTITION BY RANGE (bucket);
COMMENT ON TABLE public.device_metric_quarters IS 'One row per device, metric set and 15 minutes in which it reported. Made from device_metrics.';
COMMENT ON COLUMN public.device_metric_quarters.bucket IS 'The first moment of the 15 minutes.';
COMMENT ON COLUMN public.device_metric_quarters.last_at IS 'When the newest report in it was measured.';
COMMENT ON COLUMN public.device_metric_quarters.reports IS 'How many reports are in it.';
COMMENT ON COLUMN public.device_metric_quarters.counts IS 'How many of them have each value, in the order of metric_sets.names; NULL where all have all.';
COMMENT ON COLUMN public.device_metric_quarters.summaries IS 'For each value, in that order: the least, the greatest, the sum, and that of the newest report; NULL where none was reported. Sums and counts give the mean of any greater span, which means do not.';
CREATE INDEX device_metric_quarters_bucket_idx ON ONLY public.device_metric_quarters USING btree (bucket);

CREATE TABLE public.device_metrics (
  device_uuid uuid NOT NULL,
  "timestamp" timestamp with time zone NOT NULL,
  series_id integer NOT NULL,
  metric_set_id integer NOT NULL,
  "values" double precision[] NOT NULL,
  CONSTRAINT device_metrics_pkey PRIMARY KEY (series_id, "timestamp")
) PARTITION BY RANGE ("timestamp");
COMMENT ON TABLE public.device_metrics IS 'One row per report of a device: all values it measured at one moment. Partitioned by UTC day. Of one device ask device_metric_values, or series_id = ANY(ARRAY(SELECT id FROM metric_series WHERE device_uuid = ...)): the key begins with series_id, and device_uuid alone reads whole days.';
COMMENT ON COLUMN public.device_metrics.device_uuid IS 'The device, devices.uuid. Not in the key: one device''s reports are found by its metric_series, as the views do.';
COMMENT ON COLUMN public.device_metrics."timestamp" IS 'When the device measured, by its own clock.';
COMMENT ON COLUMN public.device_metrics.series_id IS 'Which device, and which names without their units, metric_series.id: with the timestamp it says which report this is.';
COMMENT ON COLUMN public.device_metrics.metric_set_id IS 'What the values are, metric_sets.id.';
COMMENT ON COLUMN public.device_metrics."values" IS 'The values, in the order of metric_sets.names.';

CREATE TABLE public.device_retention_classes (
  parent text NOT NULL,
  device_uuid uuid NOT NULL,
  keep_days integer,
  changed_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT device_retention_classes_pkey PRIMARY KEY (parent, device_uuid),
  CONSTRAINT device_retention_classes_keep_days_check CHECK ((keep_days = ANY (ARRAY[7, 30, 90, 400]))),
  CONSTRAINT device_retention_classes_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE,
  CONSTRAINT device_retention_classes_parent_fkey FOREIGN KEY (parent) REFERENCES public.partition_policies(parent) ON DELETE CASCADE
);
COMMENT ON TABLE public.device_retention_classes IS 'One row per table and device whose rows stay another time than the table''s policy says.';
COMMENT ON COLUMN public.device_retention_classes.parent IS 'The partitioned table.';
COMMENT ON COLUMN public.device_retention_classes.keep_days IS 'Whole days its rows stay after the day they are of; NULL: as the policy says again.';
COMMENT ON COLUMN public.device_retention_classes.changed_at IS 'When that was decided: partitions thinned out before are looked at again.';
CREATE INDEX device_retention_classes_device_uuid_idx ON public.device_retention_classes USING btree (device_uuid);
CREATE TRIGGER audit_delete AFTER DELETE ON public.device_retention_classes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{parent,device_uuid}', 'device_uuid', '{keep_days}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.device_retention_classes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{parent,device_uuid}', 'device_uuid', '{keep_days}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.device_retention_classes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{parent,device_uuid}', 'device_uuid', '{keep_days}', '{}');

CREATE TABLE public.device_search (
  device_uuid uuid NOT NULL,
  name text NOT NULL,
  kind text NOT NULL,
  fleet_id bigint,
  tags jsonb NOT NULL,
  CONSTRAINT device_search_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT device_search_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE,
  CONSTRAINT device_search_fleet_id_fkey FOREIGN KEY (fleet_id) REFERENCES public.fleets(id)
);
COMMENT ON TABLE public.device_search IS 'One row per device in service with what lists filter by; a projection of devices, device_tags and fleets.';
COMMENT ON COLUMN public.device_search.name IS 'As in devices.';
COMMENT ON COLUMN public.device_search.tags IS 'Key to value: the tags of its fleet, with its own over them.';
CREATE INDEX device_search_fleet_id_idx ON public.device_search USING btree (fleet_id, name);
CREATE INDEX device_search_name_idx ON public.device_search USING btree (name);
CREATE INDEX device_search_name_trigrams_idx ON public.device_search USING gin (name public.gin_trgm_ops);
CREATE INDEX device_search_tags_idx ON public.device_search USING gin (tags);
CREATE TRIGGER device_search_added AFTER INSERT ON public.device_search REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_search_change_v1();
CREATE TRIGGER device_search_changed AFTER UPDATE ON public.device_search REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_search_change_v1();

CREATE TABLE public.device_sensors (
  device_uuid uuid NOT NULL,
  name text NOT NULL,
  revision bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  protocol text NOT NULL,
  is_enabled boolean NOT NULL DEFAULT true,
  poll_every interval NOT NULL,
  description text,
  connection jsonb NOT NULL DEFAULT '{}'::jsonb,
  data_points jsonb NOT NULL DEFAULT '[]'::jsonb,
  deployment text NOT NULL DEFAULT 'pending'::text,
  deployment_error text,
  deployment_reported_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT device_sensors_pkey PRIMARY KEY (device_uuid, name),
  CONSTRAINT device_sensors_connection_check CHECK (((jsonb_typeof(connection) = 'object'::text) AND (octet_length((connection)::text) <= 16384))),
  CONSTRAINT device_sensors_data_points_check CHECK (((jsonb_typeof(data_points) = 'array'::text) AND (octet_length((data_points)::text) <= 65536) AND (NOT jsonb_path_exists(data_points, 'strict $[*]?(@.type() != "object")'::jsonpath, '{}'::jsonb, true)))),
  CONSTRAINT device_sensors_deployment_check CHECK ((deployment = ANY (ARRAY['pending'::text, 'deployed'::text, 'failed'::text]))),
  CONSTRAINT device_sensors_deployment_error_check CHECK (((num_nonnulls(deployment_error) = ((deployment = 'failed'::text))::integer) AND ((char_length(deployment_error) >= 1) AND (char_length(deployment_error) <= 2000)))),
  CONSTRAINT device_sensors_deployment_reported_at_check CHECK ((num_nonnulls(deployment_reported_at) = ((deployment <> 'pending'::text))::integer)),
  CONSTRAINT device_sensors_description_check CHECK (((char_length(description) >= 1) AND (char_length(description) <= 1000))),
  CONSTRAINT device_sensors_name_check CHECK ((name ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'::text)),
  CONSTRAINT device_sensors_poll_every_check CHECK (((poll_every >= '00:00:00.1'::interval) AND (poll_every <= '1 day'::interval))),
  CONSTRAINT device_sensors_protocol_check CHECK ((protocol = ANY (ARRAY['modbus'::text, 'can'::text, 'opcua'::text, 'mqtt'::text, 'snmp'::text, 'bacnet'::text, 'onewire'::text, 'i2c'::text, 'spi'::text, 'gpio'::text, 'serial'::text, 'http'::text, 'other'::text]))),
  CONSTRAINT device_sensors_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.device_sensors IS 'One row per sensor that a device reads.';
COMMENT ON COLUMN public.device_sensors.name IS 'A lower-case word, unique on its device.';
COMMENT ON COLUMN public.device_sensors.revision IS 'A number of its own for each statement of what the sensor is, in no order; what the device deploys and reports about.';
COMMENT ON COLUMN public.device_sensors.protocol IS 'How the device talks to it; other: connection says how.';
COMMENT ON COLUMN public.device_sensors.is_enabled IS 'Whether the device is to read it; one that is not stays in the list.';
COMMENT ON COLUMN public.device_sensors.poll_every IS 'How long from one reading to the next.';
COMMENT ON COLUMN public.device_sensors.connection IS 'An object of the protocol''s own: host, port, unit, ... No secrets: everybody with an account reads it.';
COMMENT ON COLUMN public.device_sensors.data_points IS 'An array of objects: what is read, and which metric each becomes.';
COMMENT ON COLUMN public.device_sensors.deployment IS 'pending until the device reports about this revision, then deployed or failed.';
COMMENT ON COLUMN public.device_sensors.deployment_error IS 'Why it failed, in the words of the device.';
COMMENT ON COLUMN public.device_sensors.deployment_reported_at IS 'When the device said so.';
COMMENT ON COLUMN public.device_sensors.updated_at IS 'When people last changed what the sensor is.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.device_sensors REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid,name}', 'device_uuid', '{protocol,is_enabled,poll_every,description}', '{connection,data_points}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.device_sensors REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid,name}', 'device_uuid', '{protocol,is_enabled,poll_every,description}', '{connection,data_points}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.device_sensors REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid,name}', 'device_uuid', '{protocol,is_enabled,poll_every,description}', '{connection,data_points}');

CREATE TABLE public.device_shadows (
  device_uuid uuid NOT NULL,
  half text NOT NULL,
  version bigint NOT NULL,
  document jsonb NOT NULL,
  changed_at timestamp with time zone NOT NULL,
  CONSTRAINT device_shadows_pkey PRIMARY KEY (device_uuid, half),
  CONSTRAINT device_shadows_document_check CHECK ((jsonb_typeof(document) = 'object'::text)),
  CONSTRAINT device_shadows_half_check CHECK ((half = ANY (ARRAY['desired'::text, 'reported'::text]))),
  CONSTRAINT device_shadows_version_check CHECK ((version > 0)),
  CONSTRAINT device_shadows_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
) WITH (fillfactor=70);
COMMENT ON TABLE public.device_shadows IS 'One row per device and half of its shadow that was ever written; no row is version 0, an empty document.';
COMMENT ON COLUMN public.device_shadows.half IS 'desired: what people want; reported: what the device says.';
COMMENT ON COLUMN public.device_shadows.version IS 'Counts the changes of this half: 1 for the first document.';
COMMENT ON COLUMN public.device_shadows.document IS 'At most 32 KiB as compact JSON, nested at most 8 deep; no member of an object is null.';
COMMENT ON COLUMN public.device_shadows.changed_at IS 'When this version was written, by the clock of the database; never before the version it follows.';
CREATE TRIGGER device_shadows_changed AFTER INSERT OR UPDATE OF version ON public.device_shadows FOR EACH ROW EXECUTE FUNCTION public.notify_shadow_changed_v1();

CREATE TABLE public.device_state_history (
  device_uuid uuid NOT NULL,
  half text NOT NULL,
  version bigint NOT NULL,
  document jsonb NOT NULL,
  actor_kind text NOT NULL,
  actor text NOT NULL,
  cause text NOT NULL,
  restored_version bigint,
  recorded_at timestamp with time zone NOT NULL,
  CONSTRAINT device_state_history_pkey PRIMARY KEY (device_uuid, half, version),
  CONSTRAINT device_state_history_actor_check CHECK (((char_length(actor) >= 1) AND (char_length(actor) <= 200))),
  CONSTRAINT device_state_history_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'device'::text, 'system'::text]))),
  CONSTRAINT device_state_history_cause_check CHECK ((cause = ANY (ARRAY['patch'::text, 'replace'::text, 'rollback'::text]))),
  CONSTRAINT device_state_history_half_check CHECK ((half = ANY (ARRAY['desired'::text, 'reported'::text]))),
  CONSTRAINT device_state_history_restored_version_check CHECK ((((cause = 'rollback'::text) = (restored_version IS NOT NULL)) AND ((restored_version >= 0) AND (restored_version <= (version - 1))))),
  CONSTRAINT device_state_history_version_check CHECK ((version > 0)),
  CONSTRAINT device_state_history_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.device_state_history IS 'One row per version of a half of a shadow, the present one among them; written once.';
COMMENT ON COLUMN public.device_state_history.half IS 'As in device_shadows.';
COMMENT ON COLUMN public.device_state_history.version IS 'As in device_shadows; without gaps.';
COMMENT ON COLUMN public.device_state_history.document IS 'The whole document at this version.';
COMMENT ON COLUMN public.device_state_history.actor_kind IS 'What sort of writer it was: user, device, or system (the command line).';
COMMENT ON COLUMN public.device_state_history.actor IS 'Who wrote: the username, the uuid of the device, or the name of the program.';
COMMENT ON COLUMN public.device_state_history.cause IS 'patch: merged into the version before; replace: put in its place; rollback: an older version again.';
COMMENT ON COLUMN public.device_state_history.restored_version IS 'The older version that a rollback brought back; 0 is the empty document.';
COMMENT ON COLUMN public.device_state_history.recorded_at IS 'When the version came to be, by the clock of the database; rises with the version.';
CREATE INDEX device_state_history_device_uuid_half_recorded_at_idx ON public.device_state_history USING btree (device_uuid, half, recorded_at);
CREATE INDEX device_state_history_recorded_at_idx ON public.device_state_history USING btree (recorded_at);
CREATE TRIGGER audit_insert AFTER INSERT ON public.device_state_history FOR EACH ROW WHEN ((new.half = 'desired'::text)) EXECUTE FUNCTION public.audit_desired_v1();
CREATE TRIGGER event_desired AFTER INSERT ON public.device_state_history FOR EACH ROW WHEN ((new.half = 'desired'::text)) EXECUTE FUNCTION public.tell_desired_event_v1();

CREATE TABLE public.device_tags (
  device_uuid uuid NOT NULL,
  key text NOT NULL,
  value text NOT NULL,
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT device_tags_pkey PRIMARY KEY (device_uuid, key),
  CONSTRAINT device_tags_key_check CHECK ((key ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'::text)),
  CONSTRAINT device_tags_value_check CHECK (((value = btrim(value)) AND ((char_length(value) >= 1) AND (char_length(value) <= 255)))),
  CONSTRAINT device_tags_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.device_tags IS 'One row per tag of a device.';
CREATE INDEX device_tags_key_value_idx ON public.device_tags USING btree (key, value);
CREATE TRIGGER audit_delete AFTER DELETE ON public.device_tags REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid,key}', 'device_uuid', '{value}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.device_tags REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid,key}', 'device_uuid', '{value}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.device_tags REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid,key}', 'device_uuid', '{value}', '{}');
CREATE TRIGGER device_tags_added_to_search AFTER INSERT ON public.device_tags REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tags_changed_v1();
CREATE TRIGGER device_tags_changed_in_search AFTER UPDATE ON public.device_tags REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tags_changed_v1();
CREATE TRIGGER device_tags_inserted_allowed AFTER INSERT ON public.device_tags REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_undefined_tag_value_v1();
CREATE TRIGGER device_tags_removed_from_search AFTER DELETE ON public.device_tags REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.note_tags_changed_v1();
CREATE TRIGGER device_tags_updated_allowed AFTER UPDATE ON public.device_tags REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_undefined_tag_value_v1();

CREATE TABLE public.device_traffic_stats (
  device_uuid uuid NOT NULL,
  "timestamp" timestamp with time zone NOT NULL,
  kind text NOT NULL,
  requests bigint NOT NULL,
  refused bigint NOT NULL,
  bytes_received bigint NOT NULL,
  bytes_sent bigint NOT NULL,
  CONSTRAINT device_traffic_stats_pkey PRIMARY KEY (device_uuid, "timestamp", kind),
  CONSTRAINT device_traffic_stats_bytes_received_check CHECK ((bytes_received >= 0)),
  CONSTRAINT device_traffic_stats_bytes_sent_check CHECK ((bytes_sent >= 0)),
  CONSTRAINT device_traffic_stats_kind_check CHECK ((kind = ANY (ARRAY['metrics'::text, 'logs'::text, 'shadow'::text, 'jobs'::text, 'other'::text]))),
  CONSTRAINT device_traffic_stats_requests_check CHECK (((requests >= refused) AND (refused >= 0))),
  CONSTRAINT device_traffic_stats_timestamp_check CHECK ((date_trunc('hour'::text, "timestamp", 'UTC'::text) = "timestamp"))
) PARTITION BY RANGE ("timestamp");
COMMENT ON TABLE public.device_traffic_stats IS 'One row per device, hour and kind of request: what it sent to the API and got from it. Partitioned by month.';
COMMENT ON COLUMN public.device_traffic_stats.device_uuid IS 'The device whose key came with the requests; of what a gateway sends for others: the gateway.';
COMMENT ON COLUMN public.device_traffic_stats."timestamp" IS 'When the hour began.';
COMMENT ON COLUMN public.device_traffic_stats.kind IS 'What the path is about; other: everything that is none of those.';
COMMENT ON COLUMN public.device_traffic_stats.requests IS 'How many came, refused ones included.';
COMMENT ON COLUMN public.device_traffic_stats.refused IS 'How many were refused: too many, too large, not its own.';
COMMENT ON COLUMN public.device_traffic_stats.bytes_received IS 'Of bodies, as they came over the wire.';
COMMENT ON COLUMN public.device_traffic_stats.bytes_sent IS 'Of bodies.';

CREATE TABLE public.devices (
  uuid uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL,
  kind text NOT NULL,
  serial text,
  fleet_id bigint,
  connection_status text NOT NULL DEFAULT 'never'::text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  retired_at timestamp with time zone,
  CONSTRAINT devices_pkey PRIMARY KEY (uuid),
  CONSTRAINT devices_connection_status_check CHECK ((connection_status = ANY (ARRAY['never'::text, 'online'::text, 'offline'::text]))),
  CONSTRAINT devices_kind_check CHECK ((kind ~ '^[a-z][a-z0-9_-]{0,49}$'::text)),
  CONSTRAINT devices_name_check CHECK (((name = btrim(name)) AND ((char_length(name) >= 1) AND (char_length(name) <= 200)))),
  CONSTRAINT devices_serial_check CHECK (((char_length(serial) >= 1) AND (char_length(serial) <= 200))),
  CONSTRAINT devices_fleet_id_fkey FOREIGN KEY (fleet_id) REFERENCES public.fleets(id)
);
COMMENT ON TABLE public.devices IS 'One row per device that was ever registered.';
COMMENT ON COLUMN public.devices.uuid IS 'The identity that everything else refers to.';
COMMENT ON COLUMN public.devices.name IS 'What people call it; unique among devices in service.';
COMMENT ON COLUMN public.devices.kind IS 'What sort of thing it is, as its maker or owner says: host, gateway, sensor, ...';
COMMENT ON COLUMN public.devices.serial IS 'What its hardware calls itself, by which it is recognised when it enrols again; unique among devices in service.';
COMMENT ON COLUMN public.devices.fleet_id IS 'The fleet it belongs to, at most one, so that what it inherits is never a matter of order; NULL: to none.';
COMMENT ON COLUMN public.devices.connection_status IS 'never, online or offline; changes on a transition, not with each message.';
COMMENT ON COLUMN public.devices.updated_at IS 'When a column of this row last changed.';
COMMENT ON COLUMN public.devices.retired_at IS 'When it was taken out of service; NULL while it is in service.';
CREATE INDEX devices_fleet_id_idx ON public.devices USING btree (fleet_id);
CREATE UNIQUE INDEX devices_name_key ON public.devices USING btree (name) WHERE (retired_at IS NULL);
CREATE INDEX devices_retired_name_idx ON public.devices USING btree (name, uuid) WHERE (retired_at IS NOT NULL);
CREATE UNIQUE INDEX devices_serial_key ON public.devices USING btree (serial) WHERE (retired_at IS NULL);
CREATE TRIGGER audit_delete AFTER DELETE ON public.devices REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{uuid}', 'uuid', '{name,kind,serial,fleet_id,retired_at}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.devices REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{uuid}', 'uuid', '{name,kind,serial,fleet_id,retired_at}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.devices REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{uuid}', 'uuid', '{name,kind,serial,fleet_id,retired_at}', '{}');
CREATE TRIGGER devices_added_to_search AFTER INSERT ON public.devices REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.note_devices_added_v1();
CREATE TRIGGER devices_changed_in_search AFTER UPDATE OF name, kind, fleet_id, retired_at ON public.devices FOR EACH ROW WHEN (((((old.name IS DISTINCT FROM new.name) OR (old.kind IS DISTINCT FROM new.kind)) OR (old.fleet_id IS DISTINCT FROM new.fleet_id)) OR (old.retired_at IS DISTINCT FROM new.retired_at))) EXECUTE FUNCTION public.note_device_changed_v1();
CREATE TRIGGER devices_connection_changed AFTER UPDATE OF connection_status ON public.devices FOR EACH ROW WHEN ((old.connection_status IS DISTINCT FROM new.connection_status)) EXECUTE FUNCTION public.note_connection_transition_v1();
CREATE TRIGGER devices_fleet_changed AFTER UPDATE OF fleet_id ON public.devices FOR EACH ROW WHEN ((old.fleet_id IS DISTINCT FROM new.fleet_id)) EXECUTE FUNCTION public.notify_fleet_of_device_v1();
CREATE TRIGGER devices_retired AFTER UPDATE OF retired_at ON public.devices FOR EACH ROW EXECUTE FUNCTION public.notify_access_changed_v1();
CREATE TRIGGER devices_status_changed_in_search AFTER UPDATE OF connection_status ON public.devices FOR EACH ROW WHEN ((old.connection_status IS DISTINCT FROM new.connection_status)) EXECUTE FUNCTION public.note_search_status_change_v1();
CREATE TRIGGER event_insert AFTER INSERT ON public.devices REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_new_devices_v1();
CREATE TRIGGER event_update AFTER UPDATE ON public.devices REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_changed_devices_v1();

CREATE TABLE public.digital_twin_entities (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  model text NOT NULL,
  global_id text COLLATE "C" NOT NULL,
  ifc_class text NOT NULL,
  name text,
  properties jsonb NOT NULL DEFAULT '{}'::jsonb,
  device_uuid uuid,
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT digital_twin_entities_pkey PRIMARY KEY (id),
  CONSTRAINT digital_twin_entities_model_global_id_key UNIQUE (model, global_id),
  CONSTRAINT digital_twin_entities_global_id_check CHECK ((global_id ~ '^[0-9A-Za-z_$]{1,22}$'::text)),
  CONSTRAINT digital_twin_entities_ifc_class_check CHECK ((ifc_class ~ '^Ifc[A-Za-z0-9]{1,60}$'::text)),
  CONSTRAINT digital_twin_entities_model_check CHECK ((model ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'::text)),
  CONSTRAINT digital_twin_entities_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 500))),
  CONSTRAINT digital_twin_entities_properties_check CHECK ((jsonb_typeof(properties) = 'object'::text)),
  CONSTRAINT digital_twin_entities_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE SET NULL
);
COMMENT ON TABLE public.digital_twin_entities IS 'One row per thing in a model: a building, a storey, a room, a pump.';
COMMENT ON COLUMN public.digital_twin_entities.model IS 'The model it stands in, a lower-case word.';
COMMENT ON COLUMN public.digital_twin_entities.global_id IS 'Its GlobalId, which stays the same when the model is exported again.';
COMMENT ON COLUMN public.digital_twin_entities.ifc_class IS 'What it is: IfcBuilding, IfcSpace, IfcPump, ...';
COMMENT ON COLUMN public.digital_twin_entities.properties IS 'An object: what the model says about it, by property set.';
COMMENT ON COLUMN public.digital_twin_entities.device_uuid IS 'The device that it is in reality; NULL: none. A device is at most one thing.';
CREATE UNIQUE INDEX digital_twin_entities_device_uuid_key ON public.digital_twin_entities USING btree (device_uuid);
CREATE INDEX digital_twin_entities_model_ifc_class_global_id_idx ON public.digital_twin_entities USING btree (model, ifc_class, global_id);
CREATE TRIGGER audit_delete AFTER DELETE ON public.digital_twin_entities REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{model,global_id}', 'device_uuid', '{device_uuid}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.digital_twin_entities REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{model,global_id}', 'device_uuid', '{device_uuid}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.digital_twin_entities REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{model,global_id}', 'device_uuid', '{device_uuid}', '{}');

CREATE TABLE public.digital_twin_relationships (
  source_id bigint NOT NULL,
  kind text NOT NULL,
  target_id bigint NOT NULL,
  CONSTRAINT digital_twin_relationships_pkey PRIMARY KEY (source_id, kind, target_id),
  CONSTRAINT digital_twin_relationships_kind_check CHECK ((kind = ANY (ARRAY['contains'::text, 'connects'::text, 'serves'::text, 'controls'::text]))),
  CONSTRAINT digital_twin_relationships_target_id_check CHECK ((target_id <> source_id)),
  CONSTRAINT digital_twin_relationships_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.digital_twin_entities(id) ON DELETE CASCADE,
  CONSTRAINT digital_twin_relationships_target_id_fkey FOREIGN KEY (target_id) REFERENCES public.digital_twin_entities(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.digital_twin_relationships IS 'One row per relation from one thing of a model to another.';
COMMENT ON COLUMN public.digital_twin_relationships.kind IS 'contains: the target lies in the source; connects: by pipe or cable; serves: a room has its air from it; controls: it steers it.';
CREATE UNIQUE INDEX digital_twin_relationships_target_id_key ON public.digital_twin_relationships USING btree (target_id) WHERE (kind = 'contains'::text);
CREATE INDEX digital_twin_relationships_target_id_kind_idx ON public.digital_twin_relationships USING btree (target_id, kind);

CREATE TABLE public.enrolment_permits (
  device_uuid uuid NOT NULL,
  permitted_by text NOT NULL,
  permitted_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT enrolment_permits_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT enrolment_permits_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.enrolment_permits IS 'One row per device that may enrol again without its old key; gone once it has.';
COMMENT ON COLUMN public.enrolment_permits.permitted_by IS 'Who said so: a username, or the name of the program.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.enrolment_permits REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid}', 'device_uuid', '{permitted_by,expires_at}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.enrolment_permits REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid}', 'device_uuid', '{permitted_by,expires_at}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.enrolment_permits REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid}', 'device_uuid', '{permitted_by,expires_at}', '{}');

CREATE TABLE public.enrolments (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  claim_key_id text NOT NULL,
  serial text,
  name text NOT NULL,
  kind text NOT NULL,
  facts jsonb NOT NULL,
  previous_device_uuid uuid,
  device_key_id text NOT NULL,
  secret_hash bytea NOT NULL,
  pepper_version bigint NOT NULL,
  mqtt_password_hash text NOT NULL,
  answer_hash bytea NOT NULL,
  claimed_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone NOT NULL,
  completed_at timestamp with time zone,
  device_uuid uuid,
  CONSTRAINT enrolments_pkey PRIMARY KEY (id),
  CONSTRAINT enrolments_answer_hash_check CHECK ((octet_length(answer_hash) = 32)),
  CONSTRAINT enrolments_completed_at_check CHECK (((completed_at IS NULL) = (device_uuid IS NULL))),
  CONSTRAINT enrolments_facts_check CHECK ((jsonb_typeof(facts) = 'object'::text)),
  CONSTRAINT enrolments_kind_check CHECK ((kind ~ '^[a-z][a-z0-9_-]{0,49}$'::text)),
  CONSTRAINT enrolments_mqtt_password_hash_check CHECK ((mqtt_password_hash ~~ 'PBKDF2$%'::text)),
  CONSTRAINT enrolments_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
  CONSTRAINT enrolments_secret_hash_check CHECK ((octet_length(secret_hash) = 32)),
  CONSTRAINT enrolments_serial_check CHECK (((char_length(serial) >= 1) AND (char_length(serial) <= 200))),
  CONSTRAINT enrolments_claim_key_id_fkey FOREIGN KEY (claim_key_id) REFERENCES public.provisioning_keys(key_id) ON DELETE CASCADE,
  CONSTRAINT enrolments_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE,
  CONSTRAINT enrolments_previous_device_uuid_fkey FOREIGN KEY (previous_device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.enrolments IS 'One row per device that claimed an identity: open until it proves that it has its key, then kept as who let it in.';
COMMENT ON COLUMN public.enrolments.facts IS 'What it said about its host; emptied when it is in.';
COMMENT ON COLUMN public.enrolments.previous_device_uuid IS 'The device whose valid key was shown with the claim; NULL: none was.';
COMMENT ON COLUMN public.enrolments.device_key_id IS 'The public part of the key it was given; a row of api_keys once it is in.';
COMMENT ON COLUMN public.enrolments.secret_hash IS 'As in api_keys.';
COMMENT ON COLUMN public.enrolments.pepper_version IS 'As in api_keys.';
COMMENT ON COLUMN public.enrolments.mqtt_password_hash IS 'As in mqtt_users: of the password that it was given with its key; its account has it once it is in.';
COMMENT ON COLUMN public.enrolments.answer_hash IS 'SHA-256 of the only right answer to its challenge; neither challenge nor answer is stored.';
COMMENT ON COLUMN public.enrolments.expires_at IS 'Until when it may answer.';
COMMENT ON COLUMN public.enrolments.completed_at IS 'When it was let in; NULL: not yet.';
COMMENT ON COLUMN public.enrolments.device_uuid IS 'Which device it is.';
CREATE INDEX enrolments_claim_key_id_serial_idx ON public.enrolments USING btree (claim_key_id, serial);
CREATE INDEX enrolments_device_uuid_idx ON public.enrolments USING btree (device_uuid) WHERE (device_uuid IS NOT NULL);
CREATE UNIQUE INDEX enrolments_open_key ON public.enrolments USING btree (claim_key_id, serial) WHERE (completed_at IS NULL);
CREATE INDEX enrolments_previous_device_uuid_idx ON public.enrolments USING btree (previous_device_uuid) WHERE (previous_device_uuid IS NOT NULL);

CREATE TABLE public.event_types (
  name text NOT NULL,
  aggregate text NOT NULL,
  retention_days bigint NOT NULL,
  description text NOT NULL,
  data_schema jsonb,
  CONSTRAINT event_types_pkey PRIMARY KEY (name),
  CONSTRAINT event_types_aggregate_check CHECK ((aggregate ~ '^[a-z][a-z0-9_]{0,40}$'::text)),
  CONSTRAINT event_types_data_schema_check CHECK ((jsonb_typeof(data_schema) = 'object'::text)),
  CONSTRAINT event_types_name_check CHECK ((name ~ '^[a-z][a-z0-9_]{0,40}\.[a-z][a-z0-9_]{0,40}$'::text)),
  CONSTRAINT event_types_retention_days_check CHECK ((retention_days = ANY (ARRAY[(7)::bigint, (90)::bigint, (365)::bigint, (2555)::bigint])))
);
COMMENT ON TABLE public.event_types IS 'One row per kind of event.';
COMMENT ON COLUMN public.event_types.name IS 'What it is about and what happened to it, in the past tense: device.retired.';
COMMENT ON COLUMN public.event_types.aggregate IS 'What it is about: device, job, ...; the part before the dot, unless several kinds of thing share a story.';
COMMENT ON COLUMN public.event_types.retention_days IS 'How long it is kept: a week, a quarter, a year, or seven years.';
COMMENT ON COLUMN public.event_types.data_schema IS 'JSON Schema of its data, of which `required` and the `type` of `properties` are enforced; NULL: any object.';

CREATE TABLE public.events (
  retention_days bigint NOT NULL,
  recorded_at timestamp with time zone NOT NULL DEFAULT now(),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  sequence bigint NOT NULL DEFAULT nextval('public.events_sequence'::regclass),
  type text NOT NULL,
  aggregate text NOT NULL,
  aggregate_id text NOT NULL,
  device_uuid uuid,
  actor_kind text NOT NULL,
  actor text NOT NULL,
  correlation_id text NOT NULL,
  causation_id uuid,
  data jsonb NOT NULL DEFAULT '{}'::jsonb,
  CONSTRAINT events_pkey PRIMARY KEY (recorded_at, sequence, retention_days),
  CONSTRAINT events_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'device'::text, 'claim_key'::text, 'system'::text]))),
  CONSTRAINT events_aggregate_id_check CHECK (((char_length(aggregate_id) >= 1) AND (char_length(aggregate_id) <= 200))),
  CONSTRAINT events_correlation_id_check CHECK (((char_length(correlation_id) >= 1) AND (char_length(correlation_id) <= 128))),
  CONSTRAINT events_data_check CHECK (((jsonb_typeof(data) = 'object'::text) AND (pg_column_size(data) <= 16384))),
  CONSTRAINT events_type_fkey FOREIGN KEY (type) REFERENCES public.event_types(name)
) PARTITION BY LIST (retention_days);
COMMENT ON TABLE public.events IS 'One row per thing that happened; never changed. Partitioned by retention, and within it by time.';
COMMENT ON COLUMN public.events.retention_days IS 'As its type says: how long it is kept.';
COMMENT ON COLUMN public.events.recorded_at IS 'When the transaction that it belongs to began, by the clock of the database.';
COMMENT ON COLUMN public.events.transaction_id IS 'Which transaction wrote it: readers stop before the oldest that is still running, so that they never pass an event by.';
COMMENT ON COLUMN public.events.sequence IS 'The order within a transaction and, roughly, among them.';
COMMENT ON COLUMN public.events.aggregate IS 'As its type says: what it is about.';
COMMENT ON COLUMN public.events.aggregate_id IS 'Which of them: a uuid, a name.';
COMMENT ON COLUMN public.events.device_uuid IS 'The device it is about, also where that is not what it is about first; NULL: none.';
COMMENT ON COLUMN public.events.actor IS 'As in audit_log.';
COMMENT ON COLUMN public.events.correlation_id IS 'The same for everything that came of one cause: the request id, that of the event it came of, or its own id.';
COMMENT ON COLUMN public.events.causation_id IS 'The event that it directly came of; NULL: none.';
COMMENT ON COLUMN public.events.data IS 'What else there is to say, as the schema of its type tells; at most 16 KiB.';
CREATE INDEX events_aggregate_aggregate_id_recorded_at_sequence_idx ON ONLY public.events USING btree (aggregate, aggregate_id, recorded_at, sequence);
CREATE INDEX events_causation_id_idx ON ONLY public.events USING btree (causation_id) WHERE (causation_id IS NOT NULL);
CREATE INDEX events_correlation_id_recorded_at_sequence_idx ON ONLY public.events USING btree (correlation_id, recorded_at, sequence);
CREATE INDEX events_device_uuid_recorded_at_sequence_idx ON ONLY public.events USING btree (device_uuid, recorded_at, sequence) WHERE (device_uuid IS NOT NULL);
CREATE INDEX events_id_idx ON ONLY public.events USING btree (id);
CREATE INDEX events_transaction_id_sequence_idx ON ONLY public.events USING btree (transaction_id, sequence);
CREATE INDEX events_type_recorded_at_sequence_idx ON ONLY public.events USING btree (type, recorded_at, sequence);
CREATE TRIGGER events_only_added_to BEFORE DELETE OR UPDATE ON public.events FOR EACH ROW EXECUTE FUNCTION public.refuse_rewriting_v1();

CREATE TABLE public.events_2555d PARTITION OF public.events FOR VALUES IN ('2555') PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE public.events_2555d IS 'Events that are kept for seven years, by year.';

CREATE TABLE public.events_365d PARTITION OF public.events FOR VALUES IN ('365') PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE public.events_365d IS 'Events that are kept for a year, by month.';

CREATE TABLE public.events_7d PARTITION OF public.events FOR VALUES IN ('7') PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE public.events_7d IS 'Events that are kept for a week, by day.';

CREATE TABLE public.events_90d PARTITION OF public.events FOR VALUES IN ('90') PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE public.events_90d IS 'Events that are kept for a quarter, by week.';

CREATE TABLE public.fleets (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  description text,
  default_tags jsonb NOT NULL DEFAULT '{}'::jsonb,
  default_settings jsonb NOT NULL DEFAULT '{}'::jsonb,
  settings_version bigint NOT NULL DEFAULT 1,
  expected_every interval,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT fleets_pkey PRIMARY KEY (id),
  CONSTRAINT fleets_name_key UNIQUE (name),
  CONSTRAINT fleets_default_settings_check CHECK ((jsonb_typeof(default_settings) = 'object'::text)),
  CONSTRAINT fleets_default_tags_check CHECK (((jsonb_typeof(default_tags) = 'object'::text) AND (NOT jsonb_path_exists(default_tags, '$.keyvalue()?(!(@."key" like_regex "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$"))'::jsonpath)) AND (NOT jsonb_path_exists(default_tags, 'strict $.*?(!(@ like_regex "^[^ ](.{0,253}[^ ])?$" flag "s"))'::jsonpath)) AND (NOT jsonb_path_exists(default_tags, 'strict $.*?(@.type() != "string")'::jsonpath)))),
  CONSTRAINT fleets_description_check CHECK (((char_length(description) >= 1) AND (char_length(description) <= 1000))),
  CONSTRAINT fleets_expected_every_check CHECK (((expected_every >= '00:00:15'::interval) AND (expected_every <= '366 days'::interval))),
  CONSTRAINT fleets_name_check CHECK ((name ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'::text))
);
COMMENT ON TABLE public.fleets IS 'One row per group of devices that are run alike.';
COMMENT ON COLUMN public.fleets.name IS 'A lower-case word by which people and paths name it.';
COMMENT ON COLUMN public.fleets.default_tags IS 'Key to value: tags that each device of the fleet has unless it has one of that key itself.';
COMMENT ON COLUMN public.fleets.default_settings IS 'Settings that hold for each device of the fleet unless its own say otherwise.';
COMMENT ON COLUMN public.fleets.settings_version IS 'Counts the changes of default_settings.';
COMMENT ON COLUMN public.fleets.expected_every IS 'How often its devices are expected unless one has a row in contact_expectations; NULL: as often as others.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.fleets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{description,default_tags,expected_every}', '{default_settings}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.fleets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{description,default_tags,expected_every}', '{default_settings}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.fleets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{description,default_tags,expected_every}', '{default_settings}');
CREATE TRIGGER fleets_changed_in_search AFTER UPDATE OF default_tags ON public.fleets FOR EACH ROW WHEN ((old.default_tags IS DISTINCT FROM new.default_tags)) EXECUTE FUNCTION public.note_fleet_changed_v1();
CREATE TRIGGER fleets_default_tags_allowed AFTER INSERT OR UPDATE OF default_tags ON public.fleets FOR EACH ROW EXECUTE FUNCTION public.refuse_undefined_default_tag_v1();
CREATE TRIGGER fleets_settings_changed AFTER UPDATE OF settings_version ON public.fleets FOR EACH ROW WHEN ((old.settings_version IS DISTINCT FROM new.settings_version)) EXECUTE FUNCTION public.notify_fleet_settings_v1();

CREATE TABLE public.gateway_devices (
  gateway_uuid uuid NOT NULL,
  device_uuid uuid NOT NULL,
  granted_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT gateway_devices_pkey PRIMARY KEY (gateway_uuid, device_uuid),
  CONSTRAINT gateway_devices_device_uuid_check CHECK ((device_uuid <> gateway_uuid)),
  CONSTRAINT gateway_devices_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE,
  CONSTRAINT gateway_devices_gateway_uuid_fkey FOREIGN KEY (gateway_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.gateway_devices IS 'One row per device that a gateway may send telemetry for.';
COMMENT ON COLUMN public.gateway_devices.gateway_uuid IS 'The gateway, devices.uuid: it sends with the key it has as a device.';
COMMENT ON COLUMN public.gateway_devices.device_uuid IS 'The device behind it.';
CREATE INDEX gateway_devices_device_uuid_idx ON public.gateway_devices USING btree (device_uuid);
CREATE TRIGGER audit_delete AFTER DELETE ON public.gateway_devices REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{gateway_uuid,device_uuid}', 'device_uuid', '{}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.gateway_devices REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{gateway_uuid,device_uuid}', 'device_uuid', '{}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.gateway_devices REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{gateway_uuid,device_uuid}', 'device_uuid', '{}', '{}');

CREATE TABLE public.housekeeping_jobs (
  job text NOT NULL,
  every interval NOT NULL,
  paused_at timestamp with time zone,
  requested_at timestamp with time zone,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  outcome text,
  detail text,
  CONSTRAINT housekeeping_jobs_pkey PRIMARY KEY (job),
  CONSTRAINT housekeeping_jobs_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'nothing'::text, 'failed'::text, 'timed_out'::text])))
) WITH (fillfactor=50);
COMMENT ON TABLE public.housekeeping_jobs IS 'One row per kind of periodic work that some leader has known.';
COMMENT ON COLUMN public.housekeeping_jobs.every IS 'From the end of one run to the start of the next, give or take a tenth.';
COMMENT ON COLUMN public.housekeeping_jobs.paused_at IS 'Since when it is not run; NULL: it is.';
COMMENT ON COLUMN public.housekeeping_jobs.requested_at IS 'When somebody last asked for a run at once.';
COMMENT ON COLUMN public.housekeeping_jobs.started_at IS 'Of its last run; up to a minute old while runs have nothing to do.';
COMMENT ON COLUMN public.housekeeping_jobs.outcome IS 'Of that run: done, nothing (to do), failed, timed_out.';
COMMENT ON COLUMN public.housekeeping_jobs.detail IS 'What it did, or why it failed.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.housekeeping_jobs REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{job}', '', '{paused_at}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.housekeeping_jobs REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{job}', '', '{paused_at}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.housekeeping_jobs REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{job}', '', '{paused_at}', '{}');

CREATE TABLE public.housekeeping_runs (
  started_at timestamp with time zone NOT NULL,
  job text NOT NULL,
  finished_at timestamp with time zone NOT NULL,
  outcome text NOT NULL,
  detail text,
  leader text NOT NULL,
  CONSTRAINT housekeeping_runs_pkey PRIMARY KEY (job, started_at),
  CONSTRAINT housekeeping_runs_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'nothing'::text, 'failed'::text, 'timed_out'::text])))
) PARTITION BY RANGE (started_at);
COMMENT ON TABLE public.housekeeping_runs IS 'One row per run of periodic work that did something, failed, or was asked for. Partitioned by month.';
COMMENT ON COLUMN public.housekeeping_runs.outcome IS 'done, nothing (to do), failed, timed_out.';
COMMENT ON COLUMN public.housekeeping_runs.detail IS 'What it did, or why it failed.';
COMMENT ON COLUMN public.housekeeping_runs.leader IS 'The process that did it: host:pid.';

CREATE TABLE public.idempotency_keys (
  user_id bigint NOT NULL,
  idempotency_key text NOT NULL,
  request_digest bytea NOT NULL,
  status bigint NOT NULL,
  headers jsonb NOT NULL,
  body bytea NOT NULL,
  answered_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, idempotency_key),
  CONSTRAINT idempotency_keys_idempotency_key_check CHECK (((char_length(idempotency_key) >= 1) AND (char_length(idempotency_key) <= 255))),
  CONSTRAINT idempotency_keys_request_digest_check CHECK ((octet_length(request_digest) = 32)),
  CONSTRAINT idempotency_keys_status_check CHECK (((status = 0) OR ((status >= 200) AND (status <= 299)))),
  CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.idempotency_keys IS 'One row per request of a person with an Idempotency-Key that changed something; a day long.';
COMMENT ON COLUMN public.idempotency_keys.request_digest IS 'SHA-256 of method, target, kind and body: a key that comes back with another request is a mistake.';
COMMENT ON COLUMN public.idempotency_keys.status IS 'The HTTP status of the answer.';
COMMENT ON COLUMN public.idempotency_keys.headers IS 'Name to value: those that belong to what was answered.';
COMMENT ON COLUMN public.idempotency_keys.body IS 'The body of the answer, byte for byte.';
CREATE INDEX idempotency_keys_answered_at_idx ON public.idempotency_keys USING btree (answered_at);

CREATE TABLE public.ingest_quarantine (
  received_at timestamp with time zone NOT NULL,
  id uuid NOT NULL,
  device_uuid uuid NOT NULL,
  stream text NOT NULL,
  reason text NOT NULL,
  device_time timestamp with time zone,
  payload jsonb NOT NULL,
  CONSTRAINT ingest_quarantine_pkey PRIMARY KEY (received_at, id),
  CONSTRAINT ingest_quarantine_reason_check CHECK ((reason ~ '^[a-z_]{1,63}$'::text)),
  CONSTRAINT ingest_quarantine_stream_check CHECK ((stream = ANY (ARRAY['metrics'::text, 'logs'::text])))
) PARTITION BY RANGE (received_at);
COMMENT ON TABLE public.ingest_quarantine IS 'One row per report or log line that was set aside. Partitioned by UTC day of receipt.';
COMMENT ON COLUMN public.ingest_quarantine.received_at IS 'When the platform received it.';
COMMENT ON COLUMN public.ingest_quarantine.id IS 'Given on receipt: storing it again after a lost connection adds nothing.';
COMMENT ON COLUMN public.ingest_quarantine.stream IS 'metrics or logs: how to read the payload.';
COMMENT ON COLUMN public.ingest_quarantine.reason IS 'Why, as the code that the receipt names too.';
COMMENT ON COLUMN public.ingest_quarantine.device_time IS 'When it happened by the clock of the device; NULL if that is no time PostgreSQL can hold.';
COMMENT ON COLUMN public.ingest_quarantine.payload IS 'The report or line as it was sent.';

CREATE TABLE public.ingest_receipts (
  received_day timestamp with time zone NOT NULL,
  sender_uuid uuid NOT NULL,
  route text NOT NULL,
  idempotency_key text NOT NULL,
  request_digest bytea NOT NULL,
  receipt bytea NOT NULL,
  CONSTRAINT ingest_receipts_pkey PRIMARY KEY (sender_uuid, idempotency_key, route, received_day),
  CONSTRAINT ingest_receipts_idempotency_key_check CHECK (((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 255))),
  CONSTRAINT ingest_receipts_request_digest_check CHECK ((octet_length(request_digest) = 32)),
  CONSTRAINT ingest_receipts_route_check CHECK ((route ~ '^[a-z_]{1,31}$'::text))
) PARTITION BY RANGE (received_day);
COMMENT ON TABLE public.ingest_receipts IS 'One row per request with an Idempotency-Key that was answered. Partitioned by UTC day.';
COMMENT ON COLUMN public.ingest_receipts.received_day IS 'Midnight UTC before it was received.';
COMMENT ON COLUMN public.ingest_receipts.sender_uuid IS 'The device or gateway whose key it is.';
COMMENT ON COLUMN public.ingest_receipts.route IS 'What was asked; each has its own keys.';
COMMENT ON COLUMN public.ingest_receipts.request_digest IS 'SHA-256 of the request: a key that comes back with another body is a mistake of its sender.';
COMMENT ON COLUMN public.ingest_receipts.receipt IS 'The answer, as it was sent.';

CREATE TABLE public.job_attempts (
  job_id bigint NOT NULL,
  device_uuid uuid NOT NULL,
  attempt bigint NOT NULL,
  outcome text NOT NULL,
  step bigint,
  exit_code bigint,
  reason text,
  output text,
  output_bytes bigint,
  result jsonb,
  started_at timestamp with time zone NOT NULL,
  finished_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT job_attempts_pkey PRIMARY KEY (job_id, device_uuid, attempt),
  CONSTRAINT job_attempts_attempt_check CHECK ((attempt > 0)),
  CONSTRAINT job_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['succeeded'::text, 'failed'::text, 'timed_out'::text, 'rejected'::text, 'cancelled'::text]))),
  CONSTRAINT job_attempts_output_bytes_check CHECK ((output_bytes >= 0)),
  CONSTRAINT job_attempts_output_check CHECK ((octet_length(output) <= 17000)),
  CONSTRAINT job_attempts_reason_check CHECK ((char_length(reason) <= 1000)),
  CONSTRAINT job_attempts_job_id_device_uuid_fkey FOREIGN KEY (job_id, device_uuid) REFERENCES public.job_executions(job_id, device_uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.job_attempts IS 'One row per attempt that ended; written once.';
COMMENT ON COLUMN public.job_attempts.attempt IS 'Counts from 1 for each device.';
COMMENT ON COLUMN public.job_attempts.step IS 'The step it ended in, from 0.';
COMMENT ON COLUMN public.job_attempts.exit_code IS 'What the last program ended with, where the device runs programs.';
COMMENT ON COLUMN public.job_attempts.output IS 'What the device said: 16 KiB, of longer ones the beginning and the end around a mark.';
COMMENT ON COLUMN public.job_attempts.output_bytes IS 'How long the output was as it came.';
COMMENT ON COLUMN public.job_attempts.result IS 'What the device found, at most 8 KiB; of a larger one only a mark with its size.';

CREATE TABLE public.job_executions (
  job_id bigint NOT NULL,
  device_uuid uuid NOT NULL,
  status text NOT NULL DEFAULT 'queued'::text,
  attempt bigint NOT NULL DEFAULT 0,
  step bigint,
  message text,
  queued_at timestamp with time zone NOT NULL DEFAULT now(),
  due_at timestamp with time zone,
  deadline_at timestamp with time zone,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  cancel_requested_at timestamp with time zone,
  CONSTRAINT job_executions_pkey PRIMARY KEY (job_id, device_uuid),
  CONSTRAINT job_executions_attempt_check CHECK (((attempt >= 0) AND ((attempt > 0) OR (status <> ALL (ARRAY['in_progress'::text, 'succeeded'::text]))))),
  CONSTRAINT job_executions_deadline_at_check CHECK (((status = 'in_progress'::text) = (deadline_at IS NOT NULL))),
  CONSTRAINT job_executions_due_at_check CHECK (((status = ANY (ARRAY['released'::text, 'in_progress'::text])) = (due_at IS NOT NULL))),
  CONSTRAINT job_executions_finished_at_check CHECK (((status = ANY (ARRAY['succeeded'::text, 'failed'::text, 'timed_out'::text, 'rejected'::text, 'cancelled'::text])) = (finished_at IS NOT NULL))),
  CONSTRAINT job_executions_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'released'::text, 'in_progress'::text, 'succeeded'::text, 'failed'::text, 'timed_out'::text, 'rejected'::text, 'cancelled'::text]))),
  CONSTRAINT job_executions_step_check CHECK ((step >= 0)),
  CONSTRAINT job_executions_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE,
  CONSTRAINT job_executions_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.job_executions IS 'One row per job and device it is for.';
COMMENT ON COLUMN public.job_executions.status IS 'queued: its turn has not come; released: the device may take it; in_progress: it did; the others are ends.';
COMMENT ON COLUMN public.job_executions.attempt IS 'The number of the attempt that runs or ran last; 0 before the first. A report under another number changes nothing.';
COMMENT ON COLUMN public.job_executions.step IS 'The step the device said it is at, from 0.';
COMMENT ON COLUMN public.job_executions.message IS 'What the device said with its last progress.';
COMMENT ON COLUMN public.job_executions.queued_at IS 'Its place in the queue, and the earliest moment of its turn: later than now while a new attempt waits.';
COMMENT ON COLUMN public.job_executions.due_at IS 'When its time is over: to be claimed while released, for the step or the whole while in progress.';
COMMENT ON COLUMN public.job_executions.deadline_at IS 'When the attempt as a whole is over, whatever the step.';
COMMENT ON COLUMN public.job_executions.cancel_requested_at IS 'When the device was asked to stop.';
CREATE INDEX job_executions_device_uuid_due_at_job_id_idx ON public.job_executions USING btree (device_uuid, due_at, job_id) WHERE (status = 'released'::text);
CREATE INDEX job_executions_device_uuid_job_id_idx ON public.job_executions USING btree (device_uuid, job_id);
CREATE UNIQUE INDEX job_executions_device_uuid_key ON public.job_executions USING btree (device_uuid) WHERE (status = 'in_progress'::text);
CREATE INDEX job_executions_due_at_idx ON public.job_executions USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX job_executions_job_id_queued_at_idx ON public.job_executions USING btree (job_id, queued_at) WHERE (status = 'queued'::text);
CREATE TRIGGER event_update AFTER UPDATE ON public.job_executions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_changed_executions_v1();
CREATE TRIGGER job_executions_cancelled AFTER UPDATE OF cancel_requested_at ON public.job_executions FOR EACH ROW WHEN (((old.cancel_requested_at IS NULL) AND (new.cancel_requested_at IS NOT NULL))) EXECUTE FUNCTION public.notify_job_news_v1();
CREATE TRIGGER job_executions_released AFTER UPDATE OF status ON public.job_executions FOR EACH ROW WHEN (((new.status = 'released'::text) AND (old.status <> 'released'::text))) EXECUTE FUNCTION public.notify_job_news_v1();

CREATE TABLE public.job_schedules (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  template_id bigint NOT NULL,
  template_version bigint,
  target jsonb NOT NULL,
  rollout jsonb NOT NULL,
  cron text,
  every interval,
  time_zone text NOT NULL,
  catch_up text NOT NULL,
  is_enabled boolean NOT NULL DEFAULT true,
  next_run_at timestamp with time zone,
  last_run_at timestamp with time zone,
  last_problem text,
  created_by text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT job_schedules_pkey PRIMARY KEY (id),
  CONSTRAINT job_schedules_name_key UNIQUE (name),
  CONSTRAINT job_schedules_catch_up_check CHECK ((catch_up = ANY (ARRAY['skip'::text, 'once'::text, 'each'::text]))),
  CONSTRAINT job_schedules_created_by_check CHECK (((char_length(created_by) >= 1) AND (char_length(created_by) <= 200))),
  CONSTRAINT job_schedules_cron_check CHECK ((((cron IS NULL) <> (every IS NULL)) AND ((char_length(cron) >= 9) AND (char_length(cron) <= 100)))),
  CONSTRAINT job_schedules_every_check CHECK (((every >= '00:01:00'::interval) AND (every <= '366 days'::interval))),
  CONSTRAINT job_schedules_name_check CHECK ((name ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'::text)),
  CONSTRAINT job_schedules_rollout_check CHECK ((jsonb_typeof(rollout) = 'object'::text)),
  CONSTRAINT job_schedules_target_check CHECK ((jsonb_typeof(target) = 'object'::text)),
  CONSTRAINT job_schedules_time_zone_check CHECK (((char_length(time_zone) >= 1) AND (char_length(time_zone) <= 64))),
  CONSTRAINT job_schedules_template_id_fkey FOREIGN KEY (template_id) REFERENCES public.job_templates(id),
  CONSTRAINT job_schedules_template_version_fkey FOREIGN KEY (template_id, template_version) REFERENCES public.job_template_versions(template_id, version)
);
COMMENT ON TABLE public.job_schedules IS 'One row per rule by which jobs are made from a template by themselves.';
COMMENT ON COLUMN public.job_schedules.template_version IS 'The version to be run; NULL: the newest at the time.';
COMMENT ON COLUMN public.job_schedules.target IS 'Whom each job is for, found anew at each run.';
COMMENT ON COLUMN public.job_schedules.rollout IS 'How each job goes through its devices.';
COMMENT ON COLUMN public.job_schedules.cron IS 'Five fields, as cron understands them in time_zone.';
COMMENT ON COLUMN public.job_schedules.every IS 'The time between runs, counted from created_at.';
COMMENT ON COLUMN public.job_schedules.time_zone IS 'A name of the time zone database, such as Europe/Berlin.';
COMMENT ON COLUMN public.job_schedules.catch_up IS 'What becomes of runs that were missed: skip them, run once for all, or each.';
COMMENT ON COLUMN public.job_schedules.next_run_at IS 'When it is due; NULL: never again.';
COMMENT ON COLUMN public.job_schedules.last_run_at IS 'The last time it was due and looked after.';
COMMENT ON COLUMN public.job_schedules.last_problem IS 'Why the last run made no job; NULL: it made one.';
CREATE INDEX job_schedules_next_run_at_idx ON public.job_schedules USING btree (next_run_at) WHERE is_enabled;
CREATE INDEX job_schedules_template_id_template_version_idx ON public.job_schedules USING btree (template_id, template_version);
CREATE TRIGGER audit_delete AFTER DELETE ON public.job_schedules REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{template_id,template_version,target,rollout,cron,every,time_zone,catch_up,is_enabled}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.job_schedules REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{template_id,template_version,target,rollout,cron,every,time_zone,catch_up,is_enabled}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.job_schedules REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{template_id,template_version,target,rollout,cron,every,time_zone,catch_up,is_enabled}', '{}');

CREATE TABLE public.job_template_versions (
  template_id bigint NOT NULL,
  version bigint NOT NULL,
  document jsonb NOT NULL,
  created_by text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT job_template_versions_pkey PRIMARY KEY (template_id, version),
  CONSTRAINT job_template_versions_created_by_check CHECK (((char_length(created_by) >= 1) AND (char_length(created_by) <= 200))),
  CONSTRAINT job_template_versions_document_check CHECK ((jsonb_typeof((document -> 'steps'::text)) = 'array'::text)),
  CONSTRAINT job_template_versions_version_check CHECK ((version > 0)),
  CONSTRAINT job_template_versions_template_id_fkey FOREIGN KEY (template_id) REFERENCES public.job_templates(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.job_template_versions IS 'One row per version of a job template; written once.';
COMMENT ON COLUMN public.job_template_versions.version IS 'Counts from 1, without gaps.';
COMMENT ON COLUMN public.job_template_versions.document IS 'The steps and their timeouts; at most 32 KiB as compact JSON.';
COMMENT ON COLUMN public.job_template_versions.created_by IS 'Who wrote it: a username, or the name of the program.';

CREATE TABLE public.job_templates (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  description text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT job_templates_pkey PRIMARY KEY (id),
  CONSTRAINT job_templates_name_key UNIQUE (name),
  CONSTRAINT job_templates_description_check CHECK (((char_length(description) >= 1) AND (char_length(description) <= 1000))),
  CONSTRAINT job_templates_name_check CHECK ((name ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'::text)),
  CONSTRAINT job_templates_version_check CHECK ((version > 0))
);
COMMENT ON TABLE public.job_templates IS 'One row per named document of steps that jobs are made from.';
COMMENT ON COLUMN public.job_templates.name IS 'A lower-case word by which people and paths name it.';
COMMENT ON COLUMN public.job_templates.version IS 'The newest version there is.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.job_templates REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{description,version}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.job_templates REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{description,version}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.job_templates REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', '', '{description,version}', '{}');

CREATE TABLE public.jobs (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  template_id bigint,
  template_version bigint,
  schedule_id bigint,
  scheduled_for timestamp with time zone,
  retry_of bigint,
  document jsonb NOT NULL,
  target jsonb NOT NULL,
  is_continuous boolean NOT NULL,
  rollout jsonb NOT NULL,
  status text NOT NULL DEFAULT 'running'::text,
  status_reason text,
  forgiven bigint NOT NULL DEFAULT 0,
  is_canary_passed boolean NOT NULL DEFAULT false,
  created_by text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  finished_at timestamp with time zone,
  CONSTRAINT jobs_pkey PRIMARY KEY (id),
  CONSTRAINT jobs_retry_of_key UNIQUE (retry_of),
  CONSTRAINT jobs_schedule_id_scheduled_for_key UNIQUE (schedule_id, scheduled_for),
  CONSTRAINT jobs_created_by_check CHECK (((char_length(created_by) >= 1) AND (char_length(created_by) <= 200))),
  CONSTRAINT jobs_document_check CHECK ((jsonb_typeof((document -> 'steps'::text)) = 'array'::text)),
  CONSTRAINT jobs_finished_at_check CHECK (((status = ANY (ARRAY['completed'::text, 'cancelled'::text])) = (finished_at IS NOT NULL))),
  CONSTRAINT jobs_forgiven_check CHECK ((forgiven >= 0)),
  CONSTRAINT jobs_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
  CONSTRAINT jobs_rollout_check CHECK ((jsonb_typeof(rollout) = 'object'::text)),
  CONSTRAINT jobs_status_check CHECK ((status = ANY (ARRAY['running'::text, 'paused'::text, 'halted'::text, 'completed'::text, 'cancelled'::text]))),
  CONSTRAINT jobs_target_check CHECK ((jsonb_typeof(target) = 'object'::text)),
  CONSTRAINT jobs_retry_of_fkey FOREIGN KEY (retry_of) REFERENCES public.jobs(id) ON DELETE SET NULL,
  CONSTRAINT jobs_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES public.job_schedules(id) ON DELETE SET NULL,
  CONSTRAINT jobs_template_id_fkey FOREIGN KEY (template_id) REFERENCES public.job_templates(id) ON DELETE SET NULL
);
COMMENT ON TABLE public.jobs IS 'One row per piece of work for one or many devices.';
COMMENT ON COLUMN public.jobs.template_id IS 'What it was made from; NULL: from a document given with it, or from a template deleted since.';
COMMENT ON COLUMN public.jobs.scheduled_for IS 'The run of the schedule it was made for.';
COMMENT ON COLUMN public.jobs.retry_of IS 'The job whose failed devices it is for; NULL: it is for those whom its target means.';
COMMENT ON COLUMN public.jobs.document IS 'The steps, as they were when the job was made.';
COMMENT ON COLUMN public.jobs.target IS 'Whom it is for, as it was said: devices, a fleet, or an expression over tags.';
COMMENT ON COLUMN public.jobs.is_continuous IS 'Whether devices that come to be meant later get it too; such a job ends only when it is cancelled.';
COMMENT ON COLUMN public.jobs.rollout IS 'How it goes through its devices: how many at once, canary, failure threshold, attempts.';
COMMENT ON COLUMN public.jobs.status IS 'running; paused by somebody; halted by its own rules; completed; cancelled.';
COMMENT ON COLUMN public.jobs.status_reason IS 'Why it is halted, paused or cancelled.';
COMMENT ON COLUMN public.jobs.forgiven IS 'Failed devices that somebody has seen and resumed the job in spite of; no rule counts them again.';
COMMENT ON COLUMN public.jobs.is_canary_passed IS 'Whether the first devices succeeded, or somebody resumed the job without that.';
CREATE INDEX jobs_status_id_idx ON public.jobs USING btree (status, id);
CREATE INDEX jobs_template_id_idx ON public.jobs USING btree (template_id);
CREATE TRIGGER audit_delete AFTER DELETE ON public.jobs REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{name,template_id,template_version,schedule_id,target,is_continuous,rollout,status,status_reason,forgiven,created_by}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.jobs REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{name,template_id,template_version,schedule_id,target,is_continuous,rollout,status,status_reason,forgiven,created_by}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.jobs REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{name,template_id,template_version,schedule_id,target,is_continuous,rollout,status,status_reason,forgiven,created_by}', '{}');
CREATE TRIGGER event_insert AFTER INSERT ON public.jobs REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_new_jobs_v1();
CREATE TRIGGER event_update AFTER UPDATE ON public.jobs REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_changed_jobs_v1();

CREATE TABLE public.key_rotations (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  fleet_id bigint,
  grace interval NOT NULL,
  reason text NOT NULL,
  requested_by text NOT NULL,
  requested_at timestamp with time zone NOT NULL DEFAULT now(),
  last_key_id text NOT NULL DEFAULT ''::text,
  marked bigint NOT NULL DEFAULT 0,
  finished_at timestamp with time zone,
  CONSTRAINT key_rotations_pkey PRIMARY KEY (id),
  CONSTRAINT key_rotations_grace_check CHECK (((grace >= '00:00:00'::interval) AND (grace <= '366 days'::interval))),
  CONSTRAINT key_rotations_marked_check CHECK ((marked >= 0)),
  CONSTRAINT key_rotations_reason_check CHECK (((char_length(reason) >= 1) AND (char_length(reason) <= 200))),
  CONSTRAINT key_rotations_fleet_id_fkey FOREIGN KEY (fleet_id) REFERENCES public.fleets(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.key_rotations IS 'One row per time that somebody had the keys of many devices replaced.';
COMMENT ON COLUMN public.key_rotations.fleet_id IS 'The fleet whose devices are meant; NULL: all devices.';
COMMENT ON COLUMN public.key_rotations.grace IS 'How long each old key stays good, from the moment it is marked.';
COMMENT ON COLUMN public.key_rotations.requested_at IS 'Keys that are older than this are replaced.';
COMMENT ON COLUMN public.key_rotations.last_key_id IS 'Keys up to this one are done, in the order of their ids.';
COMMENT ON COLUMN public.key_rotations.marked IS 'How many keys it gave an end.';
COMMENT ON COLUMN public.key_rotations.finished_at IS 'When it had come to the last key; NULL: it goes on.';
CREATE INDEX key_rotations_fleet_id_idx ON public.key_rotations USING btree (fleet_id) WHERE (fleet_id IS NOT NULL);
CREATE TRIGGER audit_delete AFTER DELETE ON public.key_rotations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{fleet_id,grace,reason,requested_by,finished_at}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.key_rotations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{fleet_id,grace,reason,requested_by,finished_at}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.key_rotations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{fleet_id,grace,reason,requested_by,finished_at}', '{}');

CREATE TABLE public.log_alert_counts (
  rule_id bigint NOT NULL,
  device_uuid uuid NOT NULL,
  moments timestamp with time zone[] NOT NULL,
  counted_at timestamp with time zone NOT NULL,
  CONSTRAINT log_alert_counts_pkey PRIMARY KEY (rule_id, device_uuid),
  CONSTRAINT log_alert_counts_moments_check CHECK (((cardinality(moments) >= 1) AND (cardinality(moments) <= 2000))),
  CONSTRAINT log_alert_counts_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES public.log_alert_rules(id) ON DELETE CASCADE
) WITH (fillfactor=70);
COMMENT ON TABLE public.log_alert_counts IS 'One row per rule and device with lines that match and are no alert yet.';
COMMENT ON COLUMN public.log_alert_counts.device_uuid IS 'The device, devices.uuid.';
COMMENT ON COLUMN public.log_alert_counts.moments IS 'When the newest of them were logged, in order.';
COMMENT ON COLUMN public.log_alert_counts.counted_at IS 'When the last of them was counted, by the clock of the platform.';

CREATE TABLE public.log_alert_marks (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  devices uuid[] NOT NULL,
  moments timestamp with time zone[] NOT NULL,
  sequences bigint[] NOT NULL,
  CONSTRAINT log_alert_marks_pkey PRIMARY KEY (id),
  CONSTRAINT log_alert_marks_devices_check CHECK (((cardinality(devices) >= 1) AND (cardinality(devices) <= 500))),
  CONSTRAINT log_alert_marks_moments_check CHECK ((cardinality(moments) = cardinality(devices))),
  CONSTRAINT log_alert_marks_sequences_check CHECK ((cardinality(sequences) = cardinality(devices)))
);
COMMENT ON TABLE public.log_alert_marks IS 'One row per up to 500 log lines of one commit that no rule has been held against: a queue.';
COMMENT ON COLUMN public.log_alert_marks.devices IS 'The keys of the lines in three arrays: whose each is,';
COMMENT ON COLUMN public.log_alert_marks.moments IS 'when it was logged,';
COMMENT ON COLUMN public.log_alert_marks.sequences IS 'and its sequence.';

CREATE TABLE public.log_alert_rules (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  device_uuid uuid,
  fleet text,
  service text,
  minimum_level text,
  pattern text NOT NULL,
  pattern_type text NOT NULL,
  threshold bigint NOT NULL,
  time_window interval NOT NULL,
  resolve_after interval NOT NULL,
  severity text NOT NULL,
  is_enabled boolean NOT NULL DEFAULT true,
  created_by text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT log_alert_rules_pkey PRIMARY KEY (id),
  CONSTRAINT log_alert_rules_name_key UNIQUE (name),
  CONSTRAINT log_alert_rules_created_by_check CHECK (((char_length(created_by) >= 1) AND (char_length(created_by) <= 200))),
  CONSTRAINT log_alert_rules_device_uuid_check CHECK (((device_uuid IS NULL) OR (fleet IS NULL))),
  CONSTRAINT log_alert_rules_minimum_level_check CHECK ((minimum_level = ANY (ARRAY['debug'::text, 'info'::text, 'warning'::text, 'error'::text, 'critical'::text]))),
  CONSTRAINT log_alert_rules_name_check CHECK ((name ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'::text)),
  CONSTRAINT log_alert_rules_pattern_check CHECK (((char_length(pattern) >= 1) AND (char_length(pattern) <= 500))),
  CONSTRAINT log_alert_rules_pattern_type_check CHECK ((pattern_type = ANY (ARRAY['keyword'::text, 'exact'::text, 'regex'::text]))),
  CONSTRAINT log_alert_rules_resolve_after_check CHECK (((resolve_after >= '00:01:00'::interval) AND (resolve_after <= '30 days'::interval))),
  CONSTRAINT log_alert_rules_service_check CHECK (((char_length(service) >= 1) AND (char_length(service) <= 255))),
  CONSTRAINT log_alert_rules_severity_check CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
  CONSTRAINT log_alert_rules_threshold_check CHECK (((threshold >= 1) AND (threshold <= 1000))),
  CONSTRAINT log_alert_rules_time_window_check CHECK (((time_window >= '00:00:01'::interval) AND (time_window <= '1 day'::interval))),
  CONSTRAINT log_alert_rules_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE,
  CONSTRAINT log_alert_rules_fleet_fkey FOREIGN KEY (fleet) REFERENCES public.fleets(name) ON DELETE CASCADE
);
COMMENT ON TABLE public.log_alert_rules IS 'One row per rule about log lines.';
COMMENT ON COLUMN public.log_alert_rules.device_uuid IS 'The one device whose lines are watched; NULL: those of the fleet, or of all.';
COMMENT ON COLUMN public.log_alert_rules.fleet IS 'The fleet whose lines are watched, fleets.name; NULL: see device_uuid.';
COMMENT ON COLUMN public.log_alert_rules.service IS 'Only lines of this program; NULL: of any.';
COMMENT ON COLUMN public.log_alert_rules.minimum_level IS 'Only lines of this level or worse; NULL: of any.';
COMMENT ON COLUMN public.log_alert_rules.pattern_type IS 'keyword: the message holds the pattern, in any case. exact: it is the pattern. regex: RE2 syntax, found anywhere in it.';
COMMENT ON COLUMN public.log_alert_rules.threshold IS 'So many lines of one device that match within time_window open an alert.';
COMMENT ON COLUMN public.log_alert_rules.time_window IS 'By the times of the lines.';
COMMENT ON COLUMN public.log_alert_rules.resolve_after IS 'An alert that got no line for so long is resolved by itself.';
CREATE INDEX log_alert_rules_device_uuid_idx ON public.log_alert_rules USING btree (device_uuid) WHERE (device_uuid IS NOT NULL);
CREATE INDEX log_alert_rules_fleet_idx ON public.log_alert_rules USING btree (fleet) WHERE (fleet IS NOT NULL);
CREATE TRIGGER audit_delete AFTER DELETE ON public.log_alert_rules REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', 'device_uuid', '{fleet,service,minimum_level,pattern,pattern_type,threshold,time_window,resolve_after,severity,is_enabled,created_by}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.log_alert_rules REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', 'device_uuid', '{fleet,service,minimum_level,pattern,pattern_type,threshold,time_window,resolve_after,severity,is_enabled,created_by}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.log_alert_rules REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{name}', 'device_uuid', '{fleet,service,minimum_level,pattern,pattern_type,threshold,time_window,resolve_after,severity,is_enabled,created_by}', '{}');

CREATE TABLE public.log_alerts (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  rule_id bigint NOT NULL,
  device_uuid uuid NOT NULL,
  severity text NOT NULL,
  status text NOT NULL DEFAULT 'active'::text,
  lines bigint NOT NULL,
  first_seen timestamp with time zone NOT NULL,
  last_seen timestamp with time zone NOT NULL,
  samples jsonb NOT NULL,
  opened_at timestamp with time zone NOT NULL,
  extended_at timestamp with time zone NOT NULL,
  acknowledged_by text,
  acknowledged_at timestamp with time zone,
  resolved_by text,
  resolved_at timestamp with time zone,
  CONSTRAINT log_alerts_pkey PRIMARY KEY (id),
  CONSTRAINT log_alerts_acknowledged_at_check CHECK ((((acknowledged_by IS NULL) = (acknowledged_at IS NULL)) AND ((status <> 'acknowledged'::text) OR (acknowledged_at IS NOT NULL)))),
  CONSTRAINT log_alerts_acknowledged_by_check CHECK (((char_length(acknowledged_by) >= 1) AND (char_length(acknowledged_by) <= 200))),
  CONSTRAINT log_alerts_last_seen_check CHECK ((first_seen <= last_seen)),
  CONSTRAINT log_alerts_lines_check CHECK ((lines > 0)),
  CONSTRAINT log_alerts_resolved_at_check CHECK (((status = 'resolved'::text) = (resolved_at IS NOT NULL))),
  CONSTRAINT log_alerts_resolved_by_check CHECK ((((char_length(resolved_by) >= 1) AND (char_length(resolved_by) <= 200)) AND ((resolved_by IS NULL) OR (resolved_at IS NOT NULL)))),
  CONSTRAINT log_alerts_samples_check CHECK (((jsonb_typeof(samples) = 'array'::text) AND (jsonb_array_length(samples) <= 5))),
  CONSTRAINT log_alerts_severity_check CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
  CONSTRAINT log_alerts_status_check CHECK ((status = ANY (ARRAY['active'::text, 'acknowledged'::text, 'resolved'::text]))),
  CONSTRAINT log_alerts_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES public.log_alert_rules(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.log_alerts IS 'One row per time that a rule about log lines held for a device.';
COMMENT ON COLUMN public.log_alerts.device_uuid IS 'The device, devices.uuid.';
COMMENT ON COLUMN public.log_alerts.severity IS 'That of the rule when it opened.';
COMMENT ON COLUMN public.log_alerts.lines IS 'How many lines it is about, from those that opened it on.';
COMMENT ON COLUMN public.log_alerts.first_seen IS 'When the earliest of them was logged, by the clock of the device.';
COMMENT ON COLUMN public.log_alerts.last_seen IS 'The same of the latest.';
COMMENT ON COLUMN public.log_alerts.samples IS 'The first few of them: timestamp, level, service, and the beginning of the message.';
COMMENT ON COLUMN public.log_alerts.opened_at IS 'When the platform opened it, by its own clock.';
COMMENT ON COLUMN public.log_alerts.extended_at IS 'When the platform last counted a line, by its own clock: quiet is counted from here.';
COMMENT ON COLUMN public.log_alerts.acknowledged_by IS 'A username, or the name of the program; NULL: nobody.';
COMMENT ON COLUMN public.log_alerts.resolved_by IS 'A username, or the name of the program; NULL while it is open, and when it was resolved by quiet.';
CREATE INDEX log_alerts_device_uuid_id_idx ON public.log_alerts USING btree (device_uuid, id);
CREATE INDEX log_alerts_resolved_at_idx ON public.log_alerts USING btree (resolved_at) WHERE (status = 'resolved'::text);
CREATE UNIQUE INDEX log_alerts_rule_id_device_uuid_key ON public.log_alerts USING btree (rule_id, device_uuid) WHERE (status <> 'resolved'::text);
CREATE INDEX log_alerts_rule_id_id_idx ON public.log_alerts USING btree (rule_id, id);
CREATE TRIGGER event_insert AFTER INSERT ON public.log_alerts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_new_alerts_v1();
CREATE TRIGGER event_update AFTER UPDATE ON public.log_alerts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.tell_changed_alerts_v1();

CREATE TABLE public.login_sources (
  name_hash bytea NOT NULL,
  source text NOT NULL,
  failures bigint NOT NULL,
  failed_at timestamp with time zone,
  succeeded_at timestamp with time zone,
  changed_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT login_sources_pkey PRIMARY KEY (name_hash, source),
  CONSTRAINT login_sources_failures_check CHECK (((failures >= 0) AND ((failures = 0) OR (failed_at IS NOT NULL)))),
  CONSTRAINT login_sources_name_hash_check CHECK ((octet_length(name_hash) = 32)),
  CONSTRAINT login_sources_source_check CHECK ((char_length(source) <= 64))
) WITH (fillfactor=70);
COMMENT ON TABLE public.login_sources IS 'One row per name and network that a login came from, and one per name for all networks together.';
COMMENT ON COLUMN public.login_sources.name_hash IS 'HMAC-SHA-256 of the name under a key that is derived from the pepper.';
COMMENT ON COLUMN public.login_sources.source IS 'What is counted together: an IPv4 address, or the /64 around an IPv6 address; empty: all of them.';
COMMENT ON COLUMN public.login_sources.failures IS 'Since the last success from there, or since a day without any.';
COMMENT ON COLUMN public.login_sources.succeeded_at IS 'To the day: from where somebody has come in they do not wait for what others do elsewhere.';
CREATE INDEX login_sources_changed_at_idx ON public.login_sources USING btree (changed_at);

CREATE TABLE public.metric_name_lists (
  id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  digest bytea NOT NULL,
  CONSTRAINT metric_name_lists_pkey PRIMARY KEY (id),
  CONSTRAINT metric_name_lists_digest_key UNIQUE (digest),
  CONSTRAINT metric_name_lists_digest_check CHECK ((octet_length(digest) = 32))
);
COMMENT ON TABLE public.metric_name_lists IS 'One row per distinct list of metric names, whatever their units: reports of one device, moment and list are the same report.';
COMMENT ON COLUMN public.metric_name_lists.digest IS 'SHA-256 of the sorted names: what makes the list unique.';

CREATE TABLE public.metric_rollup_marks (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  bucket timestamp with time zone NOT NULL,
  CONSTRAINT metric_rollup_marks_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE public.metric_rollup_marks IS 'One row per device and 15 minutes that late reports came for, per commit that brought some: a queue.';
COMMENT ON COLUMN public.metric_rollup_marks.bucket IS 'The first moment of the 15 minutes.';

CREATE TABLE public.metric_rollup_progress (
  rollup text NOT NULL,
  complete_since timestamp with time zone NOT NULL,
  complete_until timestamp with time zone NOT NULL,
  pass_until timestamp with time zone,
  device_uuid uuid,
  CONSTRAINT metric_rollup_progress_pkey PRIMARY KEY (rollup),
  CONSTRAINT metric_rollup_progress_rollup_check CHECK ((rollup = ANY (ARRAY['quarters'::text, 'hours'::text, 'days'::text])))
);
COMMENT ON TABLE public.metric_rollup_progress IS 'One row per rollup: how far it has come.';
COMMENT ON COLUMN public.metric_rollup_progress.complete_since IS 'Where the rollup began: reports from before are in no bucket.';
COMMENT ON COLUMN public.metric_rollup_progress.complete_until IS 'Every bucket from there to this moment is made, for all devices.';
COMMENT ON COLUMN public.metric_rollup_progress.pass_until IS 'The pass that runs makes the buckets up to this moment; NULL: none runs.';
COMMENT ON COLUMN public.metric_rollup_progress.device_uuid IS 'Devices up to this one are done in that pass; NULL: none is.';

CREATE TABLE public.metric_series (
  id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  metric_names_id integer NOT NULL,
  CONSTRAINT metric_series_pkey PRIMARY KEY (id),
  CONSTRAINT metric_series_device_uuid_metric_names_id_key UNIQUE (device_uuid, metric_names_id)
);
COMMENT ON TABLE public.metric_series IS 'One row per device and list of metric names that it reports: the number that stands for both in the keys of its reports.';
COMMENT ON COLUMN public.metric_series.device_uuid IS 'The device, devices.uuid.';
COMMENT ON COLUMN public.metric_series.metric_names_id IS 'The names without their units, metric_name_lists.id: a report sent again after its device learned a unit is still the same report.';

CREATE TABLE public.metric_sets (
  id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  metric_names_id integer NOT NULL,
  names text[] NOT NULL,
  units text[] NOT NULL,
  digest bytea NOT NULL,
  first_device_uuid uuid NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT metric_sets_pkey PRIMARY KEY (id),
  CONSTRAINT metric_sets_digest_key UNIQUE (digest),
  CONSTRAINT metric_sets_digest_check CHECK ((octet_length(digest) = 32)),
  CONSTRAINT metric_sets_names_check CHECK (((cardinality(names) >= 1) AND (cardinality(names) <= 500))),
  CONSTRAINT metric_sets_units_check CHECK ((cardinality(units) = cardinality(names))),
  CONSTRAINT metric_sets_metric_names_id_fkey FOREIGN KEY (metric_names_id) REFERENCES public.metric_name_lists(id)
);
COMMENT ON TABLE public.metric_sets IS 'One row per distinct list of metric names and units that devices report together.';
COMMENT ON COLUMN public.metric_sets.metric_names_id IS 'The list of names alone, metric_name_lists.id: the same for sets that differ in units only.';
COMMENT ON COLUMN public.metric_sets.names IS 'The metrics, sorted; position i names device_metrics.values[i].';
COMMENT ON COLUMN public.metric_sets.units IS 'The unit of each, NULL where none was given.';
COMMENT ON COLUMN public.metric_sets.digest IS 'SHA-256 of names and units: what makes the list unique.';
COMMENT ON COLUMN public.metric_sets.first_device_uuid IS 'The device that sent it first, which its quota of new lists is counted by.';
CREATE INDEX metric_sets_first_device_uuid_idx ON public.metric_sets USING btree (first_device_uuid);
CREATE INDEX metric_sets_metric_names_id_idx ON public.metric_sets USING btree (metric_names_id);

CREATE TABLE public.mqtt_acls (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  username text,
  client_id text,
  topic text NOT NULL,
  access bigint NOT NULL,
  origin text NOT NULL DEFAULT 'manual'::text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT mqtt_acls_pkey PRIMARY KEY (id),
  CONSTRAINT mqtt_acls_username_client_id_topic_key UNIQUE NULLS NOT DISTINCT (username, client_id, topic),
  CONSTRAINT mqtt_acls_access_check CHECK (((access >= 1) AND (access <= 7))),
  CONSTRAINT mqtt_acls_client_id_check CHECK ((client_id ~ '^[A-Za-z0-9_.:@-]{1,128}$'::text)),
  CONSTRAINT mqtt_acls_origin_check CHECK ((origin = ANY (ARRAY['template'::text, 'manual'::text]))),
  CONSTRAINT mqtt_acls_topic_check CHECK ((((char_length(topic) >= 1) AND (char_length(topic) <= 500)) AND (topic ~ '^((\+|[^+#/]*)/)*(\+|#|[^+#/]*)$'::text))),
  CONSTRAINT mqtt_acls_username_fkey FOREIGN KEY (username) REFERENCES public.mqtt_users(username) ON UPDATE CASCADE ON DELETE CASCADE
);
COMMENT ON TABLE public.mqtt_acls IS 'One row per rule: who may do what with the topics of a filter.';
COMMENT ON COLUMN public.mqtt_acls.username IS 'Whom it is for; NULL: everybody.';
COMMENT ON COLUMN public.mqtt_acls.client_id IS 'Only with this client id; NULL: any.';
COMMENT ON COLUMN public.mqtt_acls.topic IS 'A topic filter; %u stands for the username, %c for the client id.';
COMMENT ON COLUMN public.mqtt_acls.access IS 'A sum: 1 receive, 2 publish, 4 subscribe.';
COMMENT ON COLUMN public.mqtt_acls.origin IS 'template: given with the account; manual: by somebody.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.mqtt_acls REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{username,client_id,topic,access}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.mqtt_acls REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{username,client_id,topic,access}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.mqtt_acls REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{username,client_id,topic,access}', '{}');

CREATE TABLE public.mqtt_broker_stats (
  broker_id bigint NOT NULL,
  "timestamp" timestamp with time zone NOT NULL,
  clients_connected bigint,
  subscriptions bigint,
  retained_messages bigint,
  messages_received bigint,
  messages_sent bigint,
  messages_dropped bigint,
  bytes_received bigint,
  bytes_sent bigint,
  uptime_seconds bigint,
  CONSTRAINT mqtt_broker_stats_pkey PRIMARY KEY (broker_id, "timestamp")
) PARTITION BY RANGE ("timestamp");
COMMENT ON TABLE public.mqtt_broker_stats IS 'One row per broker and moment it was asked. Partitioned by UTC day.';
COMMENT ON COLUMN public.mqtt_broker_stats.broker_id IS 'The number in mqtt.brokers.<id>.';
COMMENT ON COLUMN public.mqtt_broker_stats."timestamp" IS 'When it was asked.';
COMMENT ON COLUMN public.mqtt_broker_stats.clients_connected IS 'At that moment, as are subscriptions and retained messages; NULL here as elsewhere: it does not say.';
COMMENT ON COLUMN public.mqtt_broker_stats.subscriptions IS 'How many there are.';
COMMENT ON COLUMN public.mqtt_broker_stats.retained_messages IS 'How many it keeps.';
COMMENT ON COLUMN public.mqtt_broker_stats.messages_received IS 'Since it started, as the four that follow: they fall to 0 when it starts again.';
COMMENT ON COLUMN public.mqtt_broker_stats.messages_sent IS 'PUBLISH packets.';
COMMENT ON COLUMN public.mqtt_broker_stats.messages_dropped IS 'Thrown away, mostly because a client was too slow.';

CREATE TABLE public.mqtt_topic_metrics (
  broker_id bigint NOT NULL,
  topic text NOT NULL,
  "timestamp" timestamp with time zone NOT NULL,
  window_seconds bigint NOT NULL,
  messages bigint NOT NULL,
  bytes_received bigint NOT NULL,
  largest_bytes bigint NOT NULL,
  qos_0 bigint NOT NULL,
  qos_1 bigint NOT NULL,
  qos_2 bigint NOT NULL,
  retained bigint NOT NULL,
  CONSTRAINT mqtt_topic_metrics_pkey PRIMARY KEY (broker_id, topic, "timestamp"),
  CONSTRAINT mqtt_topic_metrics_messages_check CHECK ((messages = ((qos_0 + qos_1) + qos_2))),
  CONSTRAINT mqtt_topic_metrics_topic_check CHECK (((octet_length(topic) >= 1) AND (octet_length(topic) <= 1000))),
  CONSTRAINT mqtt_topic_metrics_window_seconds_check CHECK ((window_seconds > 0))
) PARTITION BY RANGE ("timestamp");
COMMENT ON TABLE public.mqtt_topic_metrics IS 'One row per broker, topic and stretch of time in which messages came. Partitioned by UTC day.';
COMMENT ON COLUMN public.mqtt_topic_metrics.broker_id IS 'The number in mqtt.brokers.<id>.';
COMMENT ON COLUMN public.mqtt_topic_metrics."timestamp" IS 'When the stretch began.';
COMMENT ON COLUMN public.mqtt_topic_metrics.messages IS 'How many came, of every quality of service together.';
COMMENT ON COLUMN public.mqtt_topic_metrics.largest_bytes IS 'The payload of the largest of them.';
COMMENT ON COLUMN public.mqtt_topic_metrics.qos_0 IS 'How many came with quality of service 0.';
COMMENT ON COLUMN public.mqtt_topic_metrics.qos_1 IS 'How many came with quality of service 1.';
COMMENT ON COLUMN public.mqtt_topic_metrics.qos_2 IS 'How many came with quality of service 2.';
COMMENT ON COLUMN public.mqtt_topic_metrics.retained IS 'How many of them were to be kept for later subscribers.';

CREATE TABLE public.mqtt_users (
  username text NOT NULL,
  kind text NOT NULL,
  device_uuid uuid,
  client_id text,
  password_hash text NOT NULL,
  is_superuser boolean NOT NULL DEFAULT false,
  is_active boolean NOT NULL DEFAULT true,
  expires_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT mqtt_users_pkey PRIMARY KEY (username),
  CONSTRAINT mqtt_users_client_id_check CHECK ((client_id ~ '^[A-Za-z0-9_.:@-]{1,128}$'::text)),
  CONSTRAINT mqtt_users_is_superuser_check CHECK (((kind = 'service'::text) OR (NOT is_superuser))),
  CONSTRAINT mqtt_users_kind_check CHECK (((kind = ANY (ARRAY['device'::text, 'service'::text, 'person'::text])) AND ((kind = 'device'::text) = (device_uuid IS NOT NULL)))),
  CONSTRAINT mqtt_users_password_hash_check CHECK ((password_hash ~ '^PBKDF2\$sha512\$[1-9][0-9]{0,5}\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==$'::text)),
  CONSTRAINT mqtt_users_username_check CHECK ((username ~ '^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}$'::text)),
  CONSTRAINT mqtt_users_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.mqtt_users IS 'One row per account that may connect to an MQTT broker.';
COMMENT ON COLUMN public.mqtt_users.username IS 'Of a device: its uuid.';
COMMENT ON COLUMN public.mqtt_users.kind IS 'device; service: a program of ours; person: somebody with a tool.';
COMMENT ON COLUMN public.mqtt_users.client_id IS 'The only client id it may connect with; NULL: any.';
COMMENT ON COLUMN public.mqtt_users.password_hash IS 'PBKDF2$sha512$iterations$salt$hash, salt and hash in base64: 12 ASCII characters, 64 octets.';
COMMENT ON COLUMN public.mqtt_users.is_superuser IS 'Whether it may do everything without rules; services only.';
COMMENT ON COLUMN public.mqtt_users.expires_at IS 'When it stops to work by itself; NULL: never.';
CREATE UNIQUE INDEX mqtt_users_device_uuid_key ON public.mqtt_users USING btree (device_uuid);
CREATE TRIGGER audit_delete AFTER DELETE ON public.mqtt_users REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{username}', 'device_uuid', '{kind,client_id,is_superuser,is_active,expires_at}', '{password_hash}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.mqtt_users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{username}', 'device_uuid', '{kind,client_id,is_superuser,is_active,expires_at}', '{password_hash}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.mqtt_users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{username}', 'device_uuid', '{kind,client_id,is_superuser,is_active,expires_at}', '{password_hash}');

CREATE TABLE public.network_addresses (
  device_uuid uuid NOT NULL,
  name text NOT NULL,
  address inet NOT NULL,
  CONSTRAINT network_addresses_pkey PRIMARY KEY (device_uuid, name, address),
  CONSTRAINT network_addresses_device_uuid_fkey FOREIGN KEY (device_uuid, name) REFERENCES public.network_interfaces(device_uuid, name) ON DELETE CASCADE
);
COMMENT ON TABLE public.network_addresses IS 'One row per address of an interface; a projection of network_interfaces.addresses for searching.';
COMMENT ON COLUMN public.network_addresses.name IS 'The interface.';
COMMENT ON COLUMN public.network_addresses.address IS 'Without prefix length: the host.';
CREATE INDEX network_addresses_address_idx ON public.network_addresses USING gist (address inet_ops);

CREATE TABLE public.network_interface_history (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  name text NOT NULL,
  change text NOT NULL,
  occurred_at timestamp with time zone NOT NULL DEFAULT now(),
  mac text,
  addresses inet[] NOT NULL,
  is_up boolean NOT NULL,
  ssid text,
  signal_dbm bigint,
  CONSTRAINT network_interface_history_pkey PRIMARY KEY (id),
  CONSTRAINT network_interface_history_change_check CHECK ((change = ANY (ARRAY['appeared'::text, 'changed'::text, 'gone'::text]))),
  CONSTRAINT network_interface_history_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.network_interface_history IS 'One row per change of a network interface of a device.';
COMMENT ON COLUMN public.network_interface_history.change IS 'appeared and changed: as it is from then on; gone: as it was last.';
COMMENT ON COLUMN public.network_interface_history.addresses IS 'With prefix length, as in network_interfaces.';
COMMENT ON COLUMN public.network_interface_history.signal_dbm IS 'As in network_interfaces: a change is one of 6 dB or more.';
CREATE INDEX network_interface_history_device_uuid_id_idx ON public.network_interface_history USING btree (device_uuid, id);
CREATE INDEX network_interface_history_occurred_at_idx ON public.network_interface_history USING btree (occurred_at);

CREATE TABLE public.network_interfaces (
  device_uuid uuid NOT NULL,
  name text NOT NULL,
  kind text NOT NULL,
  mac text,
  addresses inet[] NOT NULL DEFAULT '{}'::inet[],
  is_up boolean NOT NULL,
  is_default boolean NOT NULL,
  mtu bigint,
  speed_mbps bigint,
  ssid text,
  signal_dbm bigint,
  reported_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT network_interfaces_pkey PRIMARY KEY (device_uuid, name),
  CONSTRAINT network_interfaces_kind_check CHECK ((kind = ANY (ARRAY['ethernet'::text, 'wifi'::text, 'loopback'::text, 'virtual'::text, 'other'::text]))),
  CONSTRAINT network_interfaces_mac_check CHECK ((mac ~ '^[0-9a-f]{2}(:[0-9a-f]{2}){5,19}$'::text)),
  CONSTRAINT network_interfaces_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
  CONSTRAINT network_interfaces_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.network_interfaces IS 'One row per network interface a device has now.';
COMMENT ON COLUMN public.network_interfaces.mac IS 'Lower case with colons; not macaddr, since InfiniBand has 20 octets.';
COMMENT ON COLUMN public.network_interfaces.addresses IS 'With prefix length: 192.0.2.1/24.';
COMMENT ON COLUMN public.network_interfaces.is_default IS 'Whether the default route leads through it.';
COMMENT ON COLUMN public.network_interfaces.mtu IS 'Bytes.';
COMMENT ON COLUMN public.network_interfaces.speed_mbps IS 'Megabits per second; NULL where the device does not know.';
COMMENT ON COLUMN public.network_interfaces.ssid IS 'The wireless network it is in.';
COMMENT ON COLUMN public.network_interfaces.signal_dbm IS 'Strength of the wireless signal, when it last moved by 6 dB or more.';
COMMENT ON COLUMN public.network_interfaces.reported_at IS 'Since when it is so.';
CREATE INDEX network_interfaces_mac_idx ON public.network_interfaces USING btree (mac) WHERE (mac IS NOT NULL);
CREATE TRIGGER network_interfaces_noted AFTER INSERT OR DELETE OR UPDATE ON public.network_interfaces FOR EACH ROW EXECUTE FUNCTION public.note_interface_v1();

CREATE TABLE public.partition_policies (
  parent text NOT NULL,
  grain text NOT NULL DEFAULT 'day'::text,
  premake integer NOT NULL DEFAULT 10,
  back integer NOT NULL DEFAULT 2,
  keep_days integer NOT NULL,
  ahead_minutes integer NOT NULL DEFAULT 10,
  device_column text,
  search_column text,
  archive boolean NOT NULL DEFAULT false,
  CONSTRAINT partition_policies_pkey PRIMARY KEY (parent),
  CONSTRAINT partition_policies_ahead_minutes_check CHECK (((ahead_minutes >= 0) AND (ahead_minutes <= 1440))),
  CONSTRAINT partition_policies_back_check CHECK (((back >= 0) AND (back <= 31))),
  CONSTRAINT partition_policies_grain_check CHECK ((grain = ANY (ARRAY['day'::text, 'week'::text, 'month'::text, 'year'::text]))),
  CONSTRAINT partition_policies_keep_days_check CHECK (((keep_days >= 1) AND (keep_days <= (400 *
CASE grain
    WHEN 'day'::text THEN 1
    WHEN 'week'::text THEN 7
    WHEN 'month'::text THEN 28
    ELSE 365
END)))),
  CONSTRAINT partition_policies_premake_check CHECK (((premake >=
CASE grain
    WHEN 'day'::text THEN 3
    ELSE 1
END) AND (premake <= 60)))
);
COMMENT ON TABLE public.partition_policies IS 'One row per table that is partitioned by time: how long a partition is, how many are made ahead, how long they stay.';
COMMENT ON COLUMN public.partition_policies.parent IS 'The partitioned table, in schema public.';
COMMENT ON COLUMN public.partition_policies.grain IS 'How long one partition is, in UTC; weeks begin on Monday.';
COMMENT ON COLUMN public.partition_policies.premake IS 'Partitions after the present one that are kept ready.';
COMMENT ON COLUMN public.partition_policies.back IS 'Partitions before the present one that are made for late rows when they are missing.';
COMMENT ON COLUMN public.partition_policies.keep_days IS 'Whole days that a partition stays after the last moment it holds; then it is dropped.';
COMMENT ON COLUMN public.partition_policies.ahead_minutes IS 'How far ahead of the platform''s clock the time of a row may be that a device sends.';
COMMENT ON COLUMN public.partition_policies.device_column IS 'The column that names the device whose retention class may be another; NULL: all rows stay equally long.';
COMMENT ON COLUMN public.partition_policies.search_column IS 'The text that gets a trigram index once a partition is sealed; NULL: none does.';
COMMENT ON COLUMN public.partition_policies.archive IS 'Whether rows go to the archive, as Parquet files, before they are dropped.';

CREATE TABLE public.partition_states (
  leaf text NOT NULL,
  leaf_oid oid NOT NULL,
  sealed_at timestamp with time zone,
  thinned_at timestamp with time zone,
  CONSTRAINT partition_states_pkey PRIMARY KEY (leaf)
);
COMMENT ON TABLE public.partition_states IS 'One row per partition that was sealed or thinned out; those of dropped ones are deleted by the next run.';
COMMENT ON COLUMN public.partition_states.leaf IS 'The partition, in schema public.';
COMMENT ON COLUMN public.partition_states.leaf_oid IS 'Its OID then: a table of the same name that was made later has no state.';
COMMENT ON COLUMN public.partition_states.sealed_at IS 'When it was frozen, analysed and given its search index; NULL: it was not.';
COMMENT ON COLUMN public.partition_states.thinned_at IS 'When the rows of devices whose retention class was over were last taken out of it; NULL: never.';

CREATE TABLE public.permissions (
  name text NOT NULL,
  description text NOT NULL,
  CONSTRAINT permissions_pkey PRIMARY KEY (name),
  CONSTRAINT permissions_description_check CHECK (((char_length(description) >= 1) AND (char_length(description) <= 200))),
  CONSTRAINT permissions_name_check CHECK ((name ~ '^[a-z]{1,30}:[a-z]{1,30}$'::text))
);
COMMENT ON TABLE public.permissions IS 'One row per thing that a role may allow.';
COMMENT ON COLUMN public.permissions.name IS 'resource:action.';

CREATE TABLE public.provisioning_attempts (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  attempted_at timestamp with time zone NOT NULL DEFAULT now(),
  source inet,
  source_network cidr,
  claim_key_id text,
  serial text,
  outcome text NOT NULL,
  CONSTRAINT provisioning_attempts_pkey PRIMARY KEY (id),
  CONSTRAINT provisioning_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['claimed'::text, 'enrolled'::text, 'claim_key_malformed'::text, 'claim_key_unknown'::text, 'claim_key_wrong'::text, 'claim_key_expired'::text, 'claim_key_revoked'::text, 'claim_key_used_up'::text, 'serial_not_allowed'::text, 'device_enrolled'::text, 'device_name_taken'::text, 'claim_invalid'::text, 'proof_unknown'::text, 'proof_wrong'::text, 'proof_late'::text, 'rate_limited'::text])))
);
COMMENT ON TABLE public.provisioning_attempts IS 'One row per attempt to enrol; of those turned away for coming too often, one a minute and network.';
COMMENT ON COLUMN public.provisioning_attempts.source IS 'The address it came from; NULL where the connection has none.';
COMMENT ON COLUMN public.provisioning_attempts.source_network IS 'What is counted together: an IPv4 address, or the /64 around an IPv6 address, which one customer has whole.';
COMMENT ON COLUMN public.provisioning_attempts.claim_key_id IS 'The public part of the claim key as it was shown; it may never have existed.';
COMMENT ON COLUMN public.provisioning_attempts.serial IS 'The serial as it was said, its first 200 characters.';
CREATE INDEX provisioning_attempts_attempted_at_idx ON public.provisioning_attempts USING btree (attempted_at);
CREATE INDEX provisioning_attempts_refused_claim_key_idx ON public.provisioning_attempts USING btree (claim_key_id, attempted_at) WHERE (outcome <> ALL (ARRAY['claimed'::text, 'enrolled'::text, 'rate_limited'::text, 'claim_key_unknown'::text, 'claim_key_wrong'::text]));
CREATE INDEX provisioning_attempts_refused_source_idx ON public.provisioning_attempts USING btree (source_network, attempted_at) WHERE (outcome <> ALL (ARRAY['claimed'::text, 'enrolled'::text, 'rate_limited'::text]));

CREATE TABLE public.provisioning_keys (
  key_id text NOT NULL,
  label text NOT NULL,
  secret_hash bytea NOT NULL,
  pepper_version bigint NOT NULL,
  max_uses bigint NOT NULL,
  uses bigint NOT NULL DEFAULT 0,
  allowed_serials text[],
  created_by text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone NOT NULL,
  revoked_at timestamp with time zone,
  CONSTRAINT provisioning_keys_pkey PRIMARY KEY (key_id),
  CONSTRAINT provisioning_keys_allowed_serials_check CHECK ((((cardinality(allowed_serials) >= 1) AND (cardinality(allowed_serials) <= 10000)) AND (array_position(allowed_serials, NULL::text) IS NULL))),
  CONSTRAINT provisioning_keys_label_check CHECK (((char_length(label) >= 1) AND (char_length(label) <= 200))),
  CONSTRAINT provisioning_keys_max_uses_check CHECK ((max_uses > 0)),
  CONSTRAINT provisioning_keys_secret_hash_check CHECK ((octet_length(secret_hash) = 32)),
  CONSTRAINT provisioning_keys_uses_check CHECK (((uses >= 0) AND (uses <= max_uses)))
);
COMMENT ON TABLE public.provisioning_keys IS 'One row per claim key: what lets a device that is not known yet enrol, a counted number of times.';
COMMENT ON COLUMN public.provisioning_keys.secret_hash IS 'As in api_keys.';
COMMENT ON COLUMN public.provisioning_keys.pepper_version IS 'As in api_keys.';
COMMENT ON COLUMN public.provisioning_keys.max_uses IS 'How many devices it may let in.';
COMMENT ON COLUMN public.provisioning_keys.uses IS 'How many devices it has let in, with those that have claimed and not yet proved.';
COMMENT ON COLUMN public.provisioning_keys.allowed_serials IS 'The only serials it lets in; NULL: any, also devices without one.';
COMMENT ON COLUMN public.provisioning_keys.created_by IS 'Who made it: a username, or the name of the program.';
COMMENT ON COLUMN public.provisioning_keys.revoked_at IS 'When it was taken back; NULL while it is good.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.provisioning_keys REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key_id}', '', '{label,pepper_version,max_uses,uses,allowed_serials,created_by,expires_at,revoked_at}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.provisioning_keys REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key_id}', '', '{label,pepper_version,max_uses,uses,allowed_serials,created_by,expires_at,revoked_at}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.provisioning_keys REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key_id}', '', '{label,pepper_version,max_uses,uses,allowed_serials,created_by,expires_at,revoked_at}', '{}');

CREATE TABLE public.receipt_stamped_devices (
  device_uuid uuid NOT NULL,
  CONSTRAINT receipt_stamped_devices_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT receipt_stamped_devices_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE
);
COMMENT ON TABLE public.receipt_stamped_devices IS 'One row per device whose reports and log lines are dated by their receipt.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.receipt_stamped_devices REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid}', 'device_uuid', '{}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.receipt_stamped_devices REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid}', 'device_uuid', '{}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.receipt_stamped_devices REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{device_uuid}', 'device_uuid', '{}', '{}');

CREATE TABLE public.recovery_codes (
  user_id bigint NOT NULL,
  number bigint NOT NULL,
  code_hash bytea NOT NULL,
  pepper_version bigint NOT NULL,
  used_at timestamp with time zone,
  CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, number),
  CONSTRAINT recovery_codes_code_hash_check CHECK ((octet_length(code_hash) = 32)),
  CONSTRAINT recovery_codes_number_check CHECK (((number >= 1) AND (number <= 10))),
  CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.second_factors(user_id) ON DELETE CASCADE
);
COMMENT ON TABLE public.recovery_codes IS 'One row per recovery code of a person, used ones too.';
COMMENT ON COLUMN public.recovery_codes.number IS '1 to 10.';
COMMENT ON COLUMN public.recovery_codes.code_hash IS 'HMAC-SHA-256 of account and code under a key that is derived from the pepper.';
COMMENT ON COLUMN public.recovery_codes.pepper_version IS 'Which pepper that was.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.recovery_codes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{user_id,number}', '', '{used_at}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.recovery_codes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{user_id,number}', '', '{used_at}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.recovery_codes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{user_id,number}', '', '{used_at}', '{}');

CREATE TABLE public.releases (
  application_id bigint NOT NULL,
  number bigint NOT NULL,
  services jsonb NOT NULL,
  notes text,
  created_by text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT releases_pkey PRIMARY KEY (application_id, number),
  CONSTRAINT releases_created_by_check CHECK (((char_length(created_by) >= 1) AND (char_length(created_by) <= 200))),
  CONSTRAINT releases_notes_check CHECK (((char_length(notes) >= 1) AND (char_length(notes) <= 1000))),
  CONSTRAINT releases_number_check CHECK ((number > 0)),
  CONSTRAINT releases_services_check CHECK ((jsonb_typeof(services) = 'array'::text)),
  CONSTRAINT releases_application_id_fkey FOREIGN KEY (application_id) REFERENCES public.applications(id)
);
COMMENT ON TABLE public.releases IS 'One row per release of an application; written once.';
COMMENT ON COLUMN public.releases.number IS 'Counts from 1 for each application, without gaps.';
COMMENT ON COLUMN public.releases.services IS 'Name, image by digest, and environment of each service.';
COMMENT ON COLUMN public.releases.created_by IS 'Who made it: a username, or the name of the program.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.releases REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{application_id,number}', '', '{notes,created_by}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.releases REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{application_id,number}', '', '{notes,created_by}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.releases REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{application_id,number}', '', '{notes,created_by}', '{}');

CREATE TABLE public.role_bindings (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  user_id bigint NOT NULL,
  role text NOT NULL,
  fleet_id bigint,
  device_uuid uuid,
  expires_at timestamp with time zone,
  granted_by text NOT NULL,
  granted_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT role_bindings_pkey PRIMARY KEY (id),
  CONSTRAINT role_bindings_user_id_role_fleet_id_device_uuid_key UNIQUE NULLS NOT DISTINCT (user_id, role, fleet_id, device_uuid),
  CONSTRAINT role_bindings_fleet_id_check CHECK ((num_nonnulls(fleet_id, device_uuid) <= 1)),
  CONSTRAINT role_bindings_role_check CHECK (((role <> 'owner'::text) OR (num_nonnulls(fleet_id, device_uuid, expires_at) = 0))),
  CONSTRAINT role_bindings_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE CASCADE,
  CONSTRAINT role_bindings_fleet_id_fkey FOREIGN KEY (fleet_id) REFERENCES public.fleets(id) ON DELETE CASCADE,
  CONSTRAINT role_bindings_role_fkey FOREIGN KEY (role) REFERENCES public.roles(name),
  CONSTRAINT role_bindings_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.role_bindings IS 'One row per role that a person has on everything, on a fleet, or on a device.';
COMMENT ON COLUMN public.role_bindings.fleet_id IS 'The fleet it is for; with NULL here and in device_uuid: for everything.';
COMMENT ON COLUMN public.role_bindings.device_uuid IS 'The device it is for.';
COMMENT ON COLUMN public.role_bindings.expires_at IS 'When it ends by itself; NULL: never.';
COMMENT ON COLUMN public.role_bindings.granted_by IS 'Who gave it: a username, or the name of the program.';
CREATE INDEX role_bindings_device_uuid_idx ON public.role_bindings USING btree (device_uuid) WHERE (device_uuid IS NOT NULL);
CREATE INDEX role_bindings_fleet_id_idx ON public.role_bindings USING btree (fleet_id) WHERE (fleet_id IS NOT NULL);
CREATE INDEX role_bindings_role_idx ON public.role_bindings USING btree (role);
CREATE TRIGGER audit_delete AFTER DELETE ON public.role_bindings REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', 'device_uuid', '{user_id,role,fleet_id,device_uuid,expires_at,granted_by}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.role_bindings REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', 'device_uuid', '{user_id,role,fleet_id,device_uuid,expires_at,granted_by}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.role_bindings REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', 'device_uuid', '{user_id,role,fleet_id,device_uuid,expires_at,granted_by}', '{}');
CREATE TRIGGER role_bindings_changed AFTER INSERT OR DELETE OR UPDATE ON public.role_bindings FOR EACH STATEMENT EXECUTE FUNCTION public.notify_access_changed_v1();
CREATE TRIGGER role_bindings_guard BEFORE INSERT OR DELETE OR UPDATE ON public.role_bindings FOR EACH ROW EXECUTE FUNCTION public.guard_role_binding_v1();
CREATE TRIGGER role_bindings_keep_owner AFTER DELETE OR UPDATE ON public.role_bindings FOR EACH ROW WHEN ((old.role = 'owner'::text)) EXECUTE FUNCTION public.keep_an_owner_v1();

CREATE TABLE public.role_permissions (
  role text NOT NULL,
  permission text NOT NULL,
  CONSTRAINT role_permissions_pkey PRIMARY KEY (role, permission),
  CONSTRAINT role_permissions_permission_fkey FOREIGN KEY (permission) REFERENCES public.permissions(name),
  CONSTRAINT role_permissions_role_fkey FOREIGN KEY (role) REFERENCES public.roles(name)
);
COMMENT ON TABLE public.role_permissions IS 'One row per thing that a role allows.';
CREATE INDEX role_permissions_permission_idx ON public.role_permissions USING btree (permission);

CREATE TABLE public.roles (
  name text NOT NULL,
  rank bigint NOT NULL,
  description text NOT NULL,
  CONSTRAINT roles_pkey PRIMARY KEY (name),
  CONSTRAINT roles_rank_key UNIQUE (rank),
  CONSTRAINT roles_name_check CHECK ((name ~ '^[a-z]{1,30}$'::text))
);
COMMENT ON TABLE public.roles IS 'One row per role.';
COMMENT ON COLUMN public.roles.rank IS 'Higher: allows more. Only for showing the widest role of somebody; what a role allows stands in role_permissions.';

CREATE TABLE public.search_changes (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  CONSTRAINT search_changes_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE public.search_changes IS 'One row per change of a row of device_search that no page tells yet.';
CREATE INDEX search_changes_device_uuid_idx ON public.search_changes USING btree (device_uuid);

CREATE TABLE public.search_packings (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  CONSTRAINT search_packings_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE public.search_packings IS 'One row: the last time that pages were made anew.';

CREATE TABLE public.search_page_devices (
  page_id bigint NOT NULL,
  place bigint NOT NULL,
  device_uuid uuid NOT NULL,
  CONSTRAINT search_page_devices_pkey PRIMARY KEY (page_id, place),
  CONSTRAINT search_page_devices_page_id_fkey FOREIGN KEY (page_id) REFERENCES public.search_pages(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.search_page_devices IS 'One row per place of a page: a device, which may have gone since.';
COMMENT ON COLUMN public.search_page_devices.place IS 'In the order of names, from 0.';
CREATE INDEX search_page_devices_device_uuid_idx ON public.search_page_devices USING btree (device_uuid);

CREATE TABLE public.search_page_tags (
  page_id bigint NOT NULL,
  key text NOT NULL,
  value text NOT NULL,
  members bit(2048) NOT NULL,
  CONSTRAINT search_page_tags_pkey PRIMARY KEY (key, value, page_id),
  CONSTRAINT search_page_tags_page_id_fkey FOREIGN KEY (page_id) REFERENCES public.search_pages(id) ON DELETE CASCADE
);
COMMENT ON TABLE public.search_page_tags IS 'One row per tag of a page, per key, and per kind, fleet and connection status: which of its devices have it.';
COMMENT ON COLUMN public.search_page_tags.key IS 'That of the tag, or =kind, =fleet, =status, which no tag has.';
COMMENT ON COLUMN public.search_page_tags.value IS 'Empty, which no tag is: any value. A fleet is its id.';
COMMENT ON COLUMN public.search_page_tags.members IS 'The last bit is place 0, as in a number.';
CREATE INDEX search_page_tags_page_id_idx ON public.search_page_tags USING btree (page_id);

CREATE TABLE public.search_pages (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  devices bigint NOT NULL,
  names text STORAGE e NOT NULL,
  CONSTRAINT search_pages_pkey PRIMARY KEY (id),
  CONSTRAINT search_pages_devices_check CHECK (((devices >= 1) AND (devices <= 2048)))
);
COMMENT ON TABLE public.search_pages IS 'One row per up to 2,048 devices that followed one another by name when it was made; never changed, but made anew.';
COMMENT ON COLUMN public.search_pages.devices IS 'How many they are.';
COMMENT ON COLUMN public.search_pages.names IS 'Their names in order and in lower case, a line each; a line break in a name is a blank here.';

CREATE TABLE public.search_status_changes (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  CONSTRAINT search_status_changes_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE public.search_status_changes IS 'One row per change of a connection status that no page tells yet.';
CREATE INDEX search_status_changes_device_uuid_idx ON public.search_status_changes USING btree (device_uuid);

CREATE TABLE public.second_factors (
  user_id bigint NOT NULL,
  sealed_seed text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  confirmed_at timestamp with time zone,
  last_step bigint NOT NULL DEFAULT 0,
  failures bigint NOT NULL DEFAULT 0,
  failed_at timestamp with time zone,
  CONSTRAINT second_factors_pkey PRIMARY KEY (user_id),
  CONSTRAINT second_factors_failures_check CHECK (((failures >= 0) AND ((failures = 0) OR (failed_at IS NOT NULL)))),
  CONSTRAINT second_factors_last_step_check CHECK ((last_step >= 0)),
  CONSTRAINT second_factors_sealed_seed_check CHECK (starts_with(sealed_seed, 'sealed:1:'::text)),
  CONSTRAINT second_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE
) WITH (fillfactor=80);
COMMENT ON TABLE public.second_factors IS 'One row per person with an authenticator app, or about to have one.';
COMMENT ON COLUMN public.second_factors.sealed_seed IS 'What the app and we make codes of; sealed about this account.';
COMMENT ON COLUMN public.second_factors.confirmed_at IS 'When a first code proved that the app has the seed; NULL: it counts for nothing yet.';
COMMENT ON COLUMN public.second_factors.last_step IS 'The step of 30 seconds whose code was taken last: this and earlier ones are taken no more.';
COMMENT ON COLUMN public.second_factors.failures IS 'Wrong codes since the last right one.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.second_factors REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{user_id}', '', '{confirmed_at}', '{sealed_seed}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.second_factors REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{user_id}', '', '{confirmed_at}', '{sealed_seed}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.second_factors REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{user_id}', '', '{confirmed_at}', '{sealed_seed}');

CREATE TABLE public.sessions (
  id text NOT NULL,
  user_id bigint NOT NULL,
  nonce bytea NOT NULL,
  generation bigint NOT NULL DEFAULT 1,
  pepper_version bigint NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  refreshed_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone NOT NULL,
  revoked_at timestamp with time zone,
  reason text,
  address text,
  user_agent text,
  factors text[] NOT NULL DEFAULT '{password}'::text[],
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_address_check CHECK ((char_length(address) <= 64)),
  CONSTRAINT sessions_expires_at_check CHECK ((expires_at > created_at)),
  CONSTRAINT sessions_factors_check CHECK (((factors @> '{password}'::text[]) AND (factors <@ '{password,totp,recovery_code}'::text[]))),
  CONSTRAINT sessions_generation_check CHECK (((generation >= 1) AND (generation <= '4294967295'::bigint))),
  CONSTRAINT sessions_nonce_check CHECK ((octet_length(nonce) = 16)),
  CONSTRAINT sessions_reason_check CHECK (((revoked_at IS NULL) = (reason IS NULL))),
  CONSTRAINT sessions_user_agent_check CHECK ((char_length(user_agent) <= 200)),
  CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE
) WITH (fillfactor=80);
COMMENT ON TABLE public.sessions IS 'One row per time that somebody logged in.';
COMMENT ON COLUMN public.sessions.nonce IS 'Random: its refresh tokens are made of it, of the pepper and of their number, and stored nowhere.';
COMMENT ON COLUMN public.sessions.generation IS 'The number of the refresh token that is good now.';
COMMENT ON COLUMN public.sessions.pepper_version IS 'Which pepper its refresh tokens are made under.';
COMMENT ON COLUMN public.sessions.refreshed_at IS 'When the token before it was used.';
COMMENT ON COLUMN public.sessions.expires_at IS 'When somebody has to log in again, however busy.';
COMMENT ON COLUMN public.sessions.reason IS 'Why it was ended.';
COMMENT ON COLUMN public.sessions.address IS 'Where the login came from.';
COMMENT ON COLUMN public.sessions.user_agent IS 'What the program that logged in said of itself.';
COMMENT ON COLUMN public.sessions.factors IS 'What whoever logged in has proved: password, and totp or recovery_code.';
CREATE INDEX sessions_expires_at_idx ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id);
CREATE TRIGGER audit_delete AFTER DELETE ON public.sessions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{user_id,expires_at,revoked_at,reason,factors}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.sessions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{user_id,expires_at,revoked_at,reason,factors}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.sessions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{user_id,expires_at,revoked_at,reason,factors}', '{}');
CREATE TRIGGER sessions_deleted AFTER DELETE ON public.sessions FOR EACH ROW EXECUTE FUNCTION public.notify_session_ended_v1();
CREATE TRIGGER sessions_ended AFTER UPDATE OF revoked_at, factors ON public.sessions FOR EACH ROW EXECUTE FUNCTION public.notify_session_ended_v1();

CREATE TABLE public.signing_keys (
  id text NOT NULL,
  algorithm text NOT NULL,
  sealed_seed text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  retired_at timestamp with time zone,
  ends_at timestamp with time zone,
  CONSTRAINT signing_keys_pkey PRIMARY KEY (id),
  CONSTRAINT signing_keys_algorithm_check CHECK ((algorithm = 'EdDSA'::text)),
  CONSTRAINT signing_keys_ends_at_check CHECK ((((retired_at IS NULL) = (ends_at IS NULL)) AND (ends_at >= retired_at))),
  CONSTRAINT signing_keys_id_check CHECK ((id ~ '^[a-z0-9]{1,40}$'::text)),
  CONSTRAINT signing_keys_sealed_seed_check CHECK (starts_with(sealed_seed, 'sealed:1:'::text))
);
COMMENT ON TABLE public.signing_keys IS 'One row per key that access tokens are or were signed with.';
COMMENT ON COLUMN public.signing_keys.id IS 'The kid in the header of a token.';
COMMENT ON COLUMN public.signing_keys.algorithm IS 'The only one that a token of this key may be signed by, whatever its header claims.';
COMMENT ON COLUMN public.signing_keys.sealed_seed IS 'Of Ed25519; sealed about this key.';
COMMENT ON COLUMN public.signing_keys.retired_at IS 'When another took its place; NULL: it signs.';
COMMENT ON COLUMN public.signing_keys.ends_at IS 'From when on no token of it is good.';
CREATE UNIQUE INDEX signing_keys_signing_key ON public.signing_keys USING btree ((true)) WHERE (retired_at IS NULL);
CREATE TRIGGER audit_delete AFTER DELETE ON public.signing_keys REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{algorithm,retired_at,ends_at}', '{sealed_seed}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.signing_keys REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{algorithm,retired_at,ends_at}', '{sealed_seed}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.signing_keys REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{id}', '', '{algorithm,retired_at,ends_at}', '{sealed_seed}');
CREATE TRIGGER signing_keys_ended AFTER UPDATE OF ends_at ON public.signing_keys FOR EACH ROW WHEN ((new.ends_at <= clock_timestamp())) EXECUTE FUNCTION public.notify_access_changed_v1();

CREATE TABLE public.system_config (
  key text NOT NULL,
  value jsonb NOT NULL,
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT system_config_pkey PRIMARY KEY (key),
  CONSTRAINT system_config_key_check CHECK ((key ~ '^[a-zA-Z][a-zA-Z0-9_.-]{0,199}$'::text)),
  CONSTRAINT system_config_value_check CHECK (((jsonb_typeof(value) <> 'null'::text) AND (strpos((value)::text, 'PRIVATE KEY-----'::text) = 0)))
);
COMMENT ON TABLE public.system_config IS 'One row per setting of the running platform.';
COMMENT ON COLUMN public.system_config.key IS 'A dotted name: mqtt.brokers.1.';
COMMENT ON COLUMN public.system_config.value IS 'JSON of the shape that the key has; never null, never a secret in clear: where one is needed, env:NAME or file:/path says where it is, or it is sealed.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.system_config REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key}', '', '{}', '{value}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.system_config REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key}', '', '{}', '{value}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.system_config REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key}', '', '{}', '{value}');
CREATE TRIGGER system_config_changed AFTER INSERT OR DELETE OR UPDATE ON public.system_config FOR EACH ROW EXECUTE FUNCTION public.note_setting_changed_v1();
CREATE TRIGGER system_config_mqtt_tls BEFORE INSERT OR UPDATE ON public.system_config FOR EACH ROW WHEN (((new.key ~~ 'mqtt.brokers.%'::text) AND (jsonb_typeof(new.value) = 'object'::text))) EXECUTE FUNCTION public.refuse_half_tls_v1();

CREATE TABLE public.system_config_history (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  key text NOT NULL,
  action text NOT NULL,
  old_value jsonb,
  new_value jsonb,
  actor_kind text NOT NULL,
  actor text NOT NULL,
  changed_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT system_config_history_pkey PRIMARY KEY (id),
  CONSTRAINT system_config_history_action_check CHECK ((((action = 'added'::text) AND (old_value IS NULL) AND (new_value IS NOT NULL)) OR ((action = 'changed'::text) AND (old_value IS NOT NULL) AND (new_value IS NOT NULL)) OR ((action = 'removed'::text) AND (old_value IS NOT NULL) AND (new_value IS NULL)))),
  CONSTRAINT system_config_history_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'device'::text, 'claim_key'::text, 'system'::text])))
);
COMMENT ON TABLE public.system_config_history IS 'One row per change of a setting; never changed.';
COMMENT ON COLUMN public.system_config_history.key IS 'As in system_config, where it may be gone.';
COMMENT ON COLUMN public.system_config_history.old_value IS 'What it was; NULL: it was not there.';
COMMENT ON COLUMN public.system_config_history.new_value IS 'What it is from then on; NULL: it is gone.';
COMMENT ON COLUMN public.system_config_history.actor_kind IS 'user: a person with an account; system: a command, a program, or somebody in psql.';
COMMENT ON COLUMN public.system_config_history.actor IS 'The username, or the role of the database session where nobody said more.';
CREATE INDEX system_config_history_key_id_idx ON public.system_config_history USING btree (key, id);

CREATE TABLE public.tag_definitions (
  key text NOT NULL,
  description text,
  allowed_values text[],
  is_required boolean NOT NULL DEFAULT false,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT tag_definitions_pkey PRIMARY KEY (key),
  CONSTRAINT tag_definitions_allowed_values_check CHECK ((((cardinality(allowed_values) >= 1) AND (cardinality(allowed_values) <= 1000)) AND (array_position(allowed_values, NULL::text) IS NULL))),
  CONSTRAINT tag_definitions_description_check CHECK (((char_length(description) >= 1) AND (char_length(description) <= 1000))),
  CONSTRAINT tag_definitions_key_check CHECK ((key ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'::text))
);
COMMENT ON TABLE public.tag_definitions IS 'One row per tag key with rules; a key without a row may have any value.';
COMMENT ON COLUMN public.tag_definitions.allowed_values IS 'The only values a tag of this key may have; NULL: any.';
COMMENT ON COLUMN public.tag_definitions.is_required IS 'Whether a device without this tag is reported as incomplete; it is refused nothing.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.tag_definitions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key}', '', '{description,allowed_values,is_required}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.tag_definitions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key}', '', '{description,allowed_values,is_required}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.tag_definitions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{key}', '', '{description,allowed_values,is_required}', '{}');

CREATE TABLE public.users (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  username text NOT NULL,
  kind text NOT NULL DEFAULT 'person'::text,
  password_hash text,
  credentials_changed_at timestamp with time zone,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_username_key UNIQUE (username),
  CONSTRAINT users_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'service'::text]))),
  CONSTRAINT users_password_hash_check CHECK (((kind = 'person'::text) = (password_hash IS NOT NULL))),
  CONSTRAINT users_username_check CHECK ((username ~ '^[a-z0-9][a-z0-9._-]{0,62}$'::text))
);
COMMENT ON TABLE public.users IS 'One row per account: a person who may log in, or a service that comes with keys only.';
COMMENT ON COLUMN public.users.kind IS 'person or service.';
COMMENT ON COLUMN public.users.password_hash IS 'bcrypt, its cost inside; a service has none.';
COMMENT ON COLUMN public.users.credentials_changed_at IS 'NULL: it is the first. The hash alone changes also when the cost does.';
COMMENT ON COLUMN public.users.is_active IS 'Whether the account may log in and its keys work.';
CREATE TRIGGER audit_delete AFTER DELETE ON public.users REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{username}', '', '{kind,is_active,credentials_changed_at}', '{password_hash}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{username}', '', '{kind,is_active,credentials_changed_at}', '{password_hash}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{username}', '', '{kind,is_active,credentials_changed_at}', '{password_hash}');
CREATE TRIGGER users_changed AFTER DELETE OR UPDATE OF is_active ON public.users FOR EACH ROW EXECUTE FUNCTION public.notify_access_changed_v1();
CREATE TRIGGER users_keep_owner AFTER UPDATE OF is_active ON public.users FOR EACH ROW WHEN ((old.is_active AND (NOT new.is_active))) EXECUTE FUNCTION public.keep_an_owner_active_v1();

CREATE TABLE public.vpn_certificates (
  fingerprint bytea NOT NULL,
  issuer text NOT NULL,
  serial text NOT NULL,
  common_name text NOT NULL,
  device_uuid uuid,
  not_before timestamp with time zone NOT NULL,
  not_after timestamp with time zone NOT NULL,
  issued_at timestamp with time zone NOT NULL DEFAULT now(),
  revoked_at timestamp with time zone,
  revocation_reason text,
  CONSTRAINT vpn_certificates_pkey PRIMARY KEY (fingerprint),
  CONSTRAINT vpn_certificates_issuer_serial_key UNIQUE (issuer, serial),
  CONSTRAINT vpn_certificates_common_name_check CHECK (((char_length(common_name) >= 1) AND (char_length(common_name) <= 64))),
  CONSTRAINT vpn_certificates_fingerprint_check CHECK ((octet_length(fingerprint) = 32)),
  CONSTRAINT vpn_certificates_issuer_check CHECK (((char_length(issuer) >= 1) AND (char_length(issuer) <= 200))),
  CONSTRAINT vpn_certificates_not_after_check CHECK ((not_after > not_before)),
  CONSTRAINT vpn_certificates_revocation_reason_check CHECK ((((revocation_reason IS NULL) = (revoked_at IS NULL)) AND (revocation_reason = ANY (ARRAY['unspecified'::text, 'key_compromise'::text, 'ca_compromise'::text, 'affiliation_changed'::text, 'superseded'::text, 'cessation_of_operation'::text, 'privilege_withdrawn'::text])))),
  CONSTRAINT vpn_certificates_serial_check CHECK ((serial ~ '^[1-9a-f][0-9a-f]{0,39}$'::text)),
  CONSTRAINT vpn_certificates_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES public.devices(uuid) ON DELETE SET NULL
);
COMMENT ON TABLE public.vpn_certificates IS 'One row per certificate that was issued for the VPN.';
COMMENT ON COLUMN public.vpn_certificates.fingerprint IS 'SHA-256 of the certificate in DER.';
COMMENT ON COLUMN public.vpn_certificates.issuer IS 'The common name of the authority that signed it.';
COMMENT ON COLUMN public.vpn_certificates.serial IS 'Hexadecimal in lower case: a number of up to 159 bits, which JSON cannot hold.';
COMMENT ON COLUMN public.vpn_certificates.device_uuid IS 'Whose it is; NULL: a server''s, or the device is deleted.';
COMMENT ON COLUMN public.vpn_certificates.revoked_at IS 'When it was taken back, for good; NULL: it is good while it is valid.';
COMMENT ON COLUMN public.vpn_certificates.revocation_reason IS 'As in RFC 5280, 5.3.1; what could be lifted again is not among them.';
CREATE INDEX vpn_certificates_device_uuid_not_after_idx ON public.vpn_certificates USING btree (device_uuid, not_after);
CREATE INDEX vpn_certificates_revoked_at_idx ON public.vpn_certificates USING btree (issuer, revoked_at) WHERE (revoked_at IS NOT NULL);
CREATE TRIGGER audit_delete AFTER DELETE ON public.vpn_certificates REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{issuer,serial}', 'device_uuid', '{common_name,not_before,not_after,revoked_at,revocation_reason}', '{}');
CREATE TRIGGER audit_insert AFTER INSERT ON public.vpn_certificates REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{issuer,serial}', 'device_uuid', '{common_name,not_before,not_after,revoked_at,revocation_reason}', '{}');
CREATE TRIGGER audit_update AFTER UPDATE ON public.vpn_certificates REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.audit_change_v1('{issuer,serial}', 'device_uuid', '{common_name,not_before,not_after,revoked_at,revocation_reason}', '{}');

CREATE VIEW public.device_latest_values WITH (security_invoker=true) AS
SELECT DISTINCT ON (newest.device_uuid, point.metric) newest.device_uuid,
    point.metric,
    point.unit,
    point.value,
    newest."timestamp"
   FROM public.device_metric_latest newest
     JOIN public.metric_sets kind ON kind.id = newest.metric_set_id
     CROSS JOIN LATERAL UNNEST(kind.names, kind.units, newest."values") point(metric, unit, value)
  ORDER BY newest.device_uuid, point.metric, newest."timestamp" DESC;
COMMENT ON VIEW public.device_latest_values IS 'One row per device and metric: its newest value.';

CREATE VIEW public.device_metric_values WITH (security_invoker=true) AS
SELECT series.device_uuid,
    report."timestamp",
    point.metric,
    point.unit,
    point.value
   FROM public.metric_series series
     JOIN public.device_metrics report ON report.series_id = series.id
     JOIN public.metric_sets kind ON kind.id = report.metric_set_id
     CROSS JOIN LATERAL UNNEST(kind.names, kind.units, report."values") point(metric, unit, value);
COMMENT ON VIEW public.device_metric_values IS 'One row per measured value. Bound timestamp on both sides with literals: an expression such as now() - interval reads every partition''s plan.';

CREATE VIEW public.device_overview WITH (security_invoker=true) AS
SELECT device.uuid,
    device.name,
    device.kind,
    device.serial,
    fleet.name AS fleet,
    device.connection_status,
    contact.last_contact_at,
    interface.addresses,
    interface.mac,
    host.facts ->> 'os'::text AS os,
    host.facts ->> 'agent_version'::text AS agent_version,
    measured.cpu_usage,
    measured.memory_percent,
    measured.storage_percent,
    measured.measured_at,
    desired.version AS desired_version,
    reported.version AS reported_version,
    COALESCE(fleet.default_tags, '{}'::jsonb) || COALESCE(tags.tags, '{}'::jsonb) AS tags,
    host.facts,
    device.created_at,
    device.retired_at
   FROM public.devices device
     LEFT JOIN public.fleets fleet ON fleet.id = device.fleet_id
     LEFT JOIN public.device_contacts contact ON contact.device_uuid = device.uuid
     LEFT JOIN public.device_host_facts host ON host.device_uuid = device.uuid
     LEFT JOIN public.device_shadows desired ON desired.device_uuid = device.uuid AND desired.half = 'desired'::text
     LEFT JOIN public.device_shadows reported ON reported.device_uuid = device.uuid AND reported.half = 'reported'::text
     LEFT JOIN LATERAL ( SELECT jsonb_object_agg(tag.key, tag.value) AS tags
           FROM public.device_tags tag
          WHERE tag.device_uuid = device.uuid) tags ON true
     LEFT JOIN LATERAL ( SELECT link.addresses,
            link.mac
           FROM public.network_interfaces link
          WHERE link.device_uuid = device.uuid AND link.is_default
          ORDER BY link.is_up DESC, link.name
         LIMIT 1) interface ON true
     LEFT JOIN LATERAL ( SELECT newest."values"[array_position(metrics.names, 'cpu_usage'::text)] AS cpu_usage,
            newest."values"[array_position(metrics.names, 'memory_percent'::text)] AS memory_percent,
            newest."values"[array_position(metrics.names, 'storage_percent'::text)] AS storage_percent,
            newest."timestamp" AS measured_at
           FROM public.device_metric_latest newest
             JOIN public.metric_sets metrics ON metrics.id = newest.metric_set_id
          WHERE newest.device_uuid = device.uuid AND ('cpu_usage'::text = ANY (metrics.names))
          ORDER BY newest."timestamp" DESC
         LIMIT 1) measured ON true;
COMMENT ON VIEW public.device_overview IS 'One row per device with what an operator expects to see beside its name; tags include those of its fleet.';
-- column comments: addresses 'Of the interface that its default route leads through, as is mac.', cpu_usage 'Percent, as it last reported, at measured_at.', desired_version 'How often people changed what they want of it; NULL: never. It says itself what it has come to in reported.'

CREATE VIEW public.device_system_metrics WITH (security_invoker=true) AS
SELECT series.device_uuid,
    report."timestamp",
    report."values"[array_position(kind.names, 'cpu_usage'::text)] AS cpu_usage,
    report."values"[array_position(kind.names, 'cpu_temp'::text)] AS cpu_temp,
    report."values"[array_position(kind.names, 'memory_usage'::text)] AS memory_usage,
    report."values"[array_position(kind.names, 'memory_total'::text)] AS memory_total,
    report."values"[array_position(kind.names, 'memory_percent'::text)] AS memory_percent,
    report."values"[array_position(kind.names, 'swap_usage'::text)] AS swap_usage,
    report."values"[array_position(kind.names, 'storage_usage'::text)] AS storage_usage,
    report."values"[array_position(kind.names, 'storage_total'::text)] AS storage_total,
    report."values"[array_position(kind.names, 'storage_percent'::text)] AS storage_percent,
    report."values"[array_position(kind.names, 'disk_read_bytes_per_second'::text)] AS disk_read_bytes_per_second,
    report."values"[array_position(kind.names, 'disk_write_bytes_per_second'::text)] AS disk_write_bytes_per_second,
    report."values"[array_position(kind.names, 'network_received_bytes_per_second'::text)] AS network_received_bytes_per_second,
    report."values"[array_position(kind.names, 'network_sent_bytes_per_second'::text)] AS network_sent_bytes_per_second,
    report."values"[array_position(kind.names, 'load_1m'::text)] AS load_1m,
    report."values"[array_position(kind.names, 'load_5m'::text)] AS load_5m,
    report."values"[array_position(kind.names, 'load_15m'::text)] AS load_15m,
    report."values"[array_position(kind.names, 'uptime_seconds'::text)] AS uptime_seconds,
    report."values"[array_position(kind.names, 'process_count'::text)] AS process_count
   FROM public.metric_series series
     JOIN public.device_metrics report ON report.series_id = series.id
     JOIN public.metric_sets kind ON kind.id = report.metric_set_id;
COMMENT ON VIEW public.device_system_metrics IS 'One row per report, the metrics of a host as columns; NULL where the report has none of that name.';

CREATE VIEW public.mqtt_broker_acls AS
SELECT account.username,
    rule.topic,
    rule.access
   FROM public.mqtt_broker_users account
     JOIN public.mqtt_acls rule ON rule.username = account.username OR rule.username IS NULL
  WHERE rule.client_id IS NULL;
COMMENT ON VIEW public.mqtt_broker_acls IS 'One row per account and rule that holds for it. go-auth: SELECT topic FROM mqtt_broker_acls WHERE username = $1 AND access & $2 <> 0.';

CREATE VIEW public.mqtt_broker_users AS
SELECT account.username,
    account.client_id,
    account.password_hash,
    account.is_superuser
   FROM public.mqtt_users account
     LEFT JOIN public.devices device ON device.uuid = account.device_uuid
  WHERE account.is_active AND (account.expires_at IS NULL OR account.expires_at > now()) AND device.retired_at IS NULL;
COMMENT ON VIEW public.mqtt_broker_users IS 'One row per account that may connect now. go-auth: SELECT password_hash FROM mqtt_broker_users WHERE username = $1.';

CREATE VIEW public.partition_leaves WITH (security_invoker=true) AS
SELECT parent.relname::text AS parent,
    leaf.relname::text AS leaf,
        CASE
            WHEN bounds.is_plain THEN split_part(bounds.words, ''''::text, 2)::timestamp with time zone
            ELSE NULL::timestamp with time zone
        END AS lower_bound,
        CASE
            WHEN bounds.is_plain THEN split_part(bounds.words, ''''::text, 4)::timestamp with time zone
            ELSE NULL::timestamp with time zone
        END AS upper_bound,
    tree.inhdetachpending AS detach_pending
   FROM public.partition_policies policy
     JOIN pg_class parent ON parent.relname = policy.parent AND parent.relkind = 'p'::"char"
     JOIN pg_namespace space ON space.oid = parent.relnamespace AND space.nspname = 'public'::name
     JOIN pg_inherits tree ON tree.inhparent = parent.oid
     JOIN pg_class leaf ON leaf.oid = tree.inhrelid
     CROSS JOIN LATERAL ( SELECT pg_get_expr(leaf.relpartbound, leaf.oid) AS words
         OFFSET 0) bound
     CROSS JOIN LATERAL ( SELECT bound.words,
            bound.words ~~ 'FOR VALUES FROM (''_%'') TO (''_%'')'::text AND (length(bound.words) - length(replace(bound.words, ''''::text, ''::text))) = 4 AS is_plain) bounds;
COMMENT ON VIEW public.partition_leaves IS 'One row per attached partition of a table with a policy; bounds are NULL where they are no plain range of time.';
-- column comments: lower_bound 'The first moment it holds.', upper_bound 'The first moment it no longer holds.', detach_pending 'An interrupted DETACH CONCURRENTLY: its rows are hidden and no other partition can be detached until it is finalised.'

GRANT SELECT ON COLUMN public.api_keys.allowed_networks TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.created_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.created_by TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.device_uuid TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.expires_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.fetched_late_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.first_used_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.key_id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.kind TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.label TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.pepper_version TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.replaces TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.retires_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.revoked_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.scopes TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.successor_until TO iotistic_readonly;
GRANT SELECT ON COLUMN public.api_keys.user_id TO iotistic_readonly;
GRANT SELECT, UPDATE ON COLUMN public.devices.connection_status TO iotistic_ingest;
GRANT SELECT ON COLUMN public.devices.retired_at TO iotistic_ingest;
GRANT UPDATE ON COLUMN public.devices.updated_at TO iotistic_ingest;
GRANT SELECT ON COLUMN public.devices.uuid TO iotistic_ingest;
GRANT SELECT ON COLUMN public.enrolments.claim_key_id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.claimed_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.completed_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.device_key_id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.device_uuid TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.expires_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.facts TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.kind TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.name TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.pepper_version TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.previous_device_uuid TO iotistic_readonly;
GRANT SELECT ON COLUMN public.enrolments.serial TO iotistic_readonly;
GRANT SELECT ON COLUMN public.log_alert_rules.is_enabled TO iotistic_ingest;
GRANT SELECT ON COLUMN public.login_sources.changed_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.login_sources.failed_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.login_sources.failures TO iotistic_readonly;
GRANT SELECT ON COLUMN public.login_sources.source TO iotistic_readonly;
GRANT SELECT ON COLUMN public.login_sources.succeeded_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.mqtt_users.client_id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.mqtt_users.created_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.mqtt_users.device_uuid TO iotistic_readonly;
GRANT SELECT ON COLUMN public.mqtt_users.expires_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.mqtt_users.is_active TO iotistic_readonly;
GRANT SELECT ON COLUMN public.mqtt_users.is_superuser TO iotistic_readonly;
GRANT SELECT ON COLUMN public.mqtt_users.kind TO iotistic_readonly;
GRANT SELECT ON COLUMN public.mqtt_users.updated_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.mqtt_users.username TO iotistic_readonly;
GRANT SELECT ON COLUMN public.provisioning_keys.allowed_serials TO iotistic_readonly;
GRANT SELECT ON COLUMN public.provisioning_keys.created_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.provisioning_keys.created_by TO iotistic_readonly;
GRANT SELECT ON COLUMN public.provisioning_keys.expires_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.provisioning_keys.key_id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.provisioning_keys.label TO iotistic_readonly;
GRANT SELECT ON COLUMN public.provisioning_keys.max_uses TO iotistic_readonly;
GRANT SELECT ON COLUMN public.provisioning_keys.pepper_version TO iotistic_readonly;
GRANT SELECT ON COLUMN public.provisioning_keys.revoked_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.provisioning_keys.uses TO iotistic_readonly;
GRANT SELECT ON COLUMN public.recovery_codes.number TO iotistic_readonly;
GRANT SELECT ON COLUMN public.recovery_codes.pepper_version TO iotistic_readonly;
GRANT SELECT ON COLUMN public.recovery_codes.used_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.recovery_codes.user_id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.second_factors.confirmed_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.second_factors.created_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.second_factors.failed_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.second_factors.failures TO iotistic_readonly;
GRANT SELECT ON COLUMN public.second_factors.user_id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.sessions.address TO iotistic_readonly;
GRANT SELECT ON COLUMN public.sessions.created_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.sessions.expires_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.sessions.factors TO iotistic_readonly;
GRANT SELECT ON COLUMN public.sessions.id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.sessions.reason TO iotistic_readonly;
GRANT SELECT ON COLUMN public.sessions.refreshed_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.sessions.revoked_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.sessions.user_agent TO iotistic_readonly;
GRANT SELECT ON COLUMN public.sessions.user_id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.signing_keys.algorithm TO iotistic_readonly;
GRANT SELECT ON COLUMN public.signing_keys.created_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.signing_keys.ends_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.signing_keys.id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.signing_keys.retired_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.users.created_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.users.credentials_changed_at TO iotistic_readonly;
GRANT SELECT ON COLUMN public.users.id TO iotistic_readonly;
GRANT SELECT ON COLUMN public.users.is_active TO iotistic_readonly;
GRANT SELECT ON COLUMN public.users.kind TO iotistic_readonly;
GRANT SELECT ON COLUMN public.users.username TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.append_event_v1(type text, aggregate_id text, data jsonb, device_uuid uuid, id uuid, causation_id uuid, correlation_id text) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.append_events_v1(type text, aggregate_ids text[], device_uuids uuid[], data jsonb[]) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.append_events_v1(type text, aggregate_ids text[], device_uuids uuid[], data jsonb[]) TO iotistic_ingest;
GRANT EXECUTE ON FUNCTION public.audit_change_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.audit_change_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.audit_desired_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.audit_desired_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.audit_masked_v1(document jsonb) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.audit_masked_v1(document jsonb) TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.audit_table_v1("table" regclass, keys text[], shown text[], masked text[], device text) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.audit_table_v1("table" regclass, keys text[], shown text[], masked text[], device text) TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.drop_old_partitions("table" text, days integer) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.drop_old_partitions("table" text, days integer) TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.end_replaced_key_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.end_replaced_key_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.guard_api_key_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.guard_api_key_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.guard_role_binding_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.guard_role_binding_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.keep_an_owner_active_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.keep_an_owner_active_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.keep_an_owner_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.keep_an_owner_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.key_history_hash_v1(previous bytea, entry public.api_key_history) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.key_history_hash_v1(previous bytea, entry public.api_key_history) TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.missing_for_key_v1(made public.api_keys, said jsonb) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.missing_for_key_v1(made public.api_keys, said jsonb) TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.note_connection_transition_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.note_connection_transition_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.note_device_changed_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.note_device_changed_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.note_devices_added_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.note_devices_added_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.note_fleet_changed_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.note_fleet_changed_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.note_interface_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.note_interface_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.note_search_change_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.note_search_change_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.note_search_status_change_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.note_search_status_change_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.note_setting_changed_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.note_setting_changed_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.note_tags_changed_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.note_tags_changed_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.notify_access_changed_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.notify_access_changed_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.notify_fleet_of_device_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.notify_fleet_of_device_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.notify_fleet_settings_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.notify_fleet_settings_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.notify_job_news_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.notify_job_news_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.notify_key_changed_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.notify_key_changed_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.notify_session_ended_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.notify_session_ended_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.notify_shadow_changed_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.notify_shadow_changed_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.pack_search_pages_v1(size bigint) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.pack_search_pages_v1(size bigint) TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.record_audit_v1(action text, resource text, resource_id text, device_uuid uuid, before jsonb, after jsonb) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.refresh_device_search_v1(uuids uuid[]) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.refresh_device_search_v1(uuids uuid[]) TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.refuse_half_tls_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.refuse_half_tls_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.refuse_rewriting_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.refuse_rewriting_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.refuse_undefined_default_tag_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.refuse_undefined_default_tag_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.refuse_undefined_tag_value_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.refuse_undefined_tag_value_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.require_event_data_v1(type text, data_schema jsonb, data jsonb[]) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.require_event_data_v1(type text, data_schema jsonb, data jsonb[]) TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.tell_changed_alerts_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.tell_changed_alerts_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.tell_changed_devices_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.tell_changed_devices_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.tell_changed_executions_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.tell_changed_executions_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.tell_changed_jobs_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.tell_changed_jobs_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.tell_desired_event_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.tell_desired_event_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.tell_new_alerts_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.tell_new_alerts_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.tell_new_devices_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.tell_new_devices_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.tell_new_jobs_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.tell_new_jobs_v1() TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.widest_role_v1(user_id bigint) TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.widest_role_v1(user_id bigint) TO iotistic_readonly;
GRANT EXECUTE ON FUNCTION public.write_key_history_v1() TO iotistic_app;
GRANT EXECUTE ON FUNCTION public.write_key_history_v1() TO iotistic_readonly;
GRANT USAGE ON SEQUENCE public.applications_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.audit_log_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.connection_transitions_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.dashboard_layouts_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.device_sensors_revision_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.digital_twin_entities_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.events_sequence TO iotistic_app;
GRANT USAGE ON SEQUENCE public.fleets_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.job_schedules_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.job_templates_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.jobs_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.key_rotations_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.log_alert_marks_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.log_alert_rules_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.log_alerts_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.metric_name_lists_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.metric_rollup_marks_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.metric_series_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.metric_sets_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.mqtt_acls_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.network_interface_history_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.provisioning_attempts_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.role_bindings_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.schema_migrations_events_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.schema_migrations_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.search_changes_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.search_packings_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.search_pages_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.search_status_changes_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.system_config_history_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.users_id_seq TO iotistic_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.agent_updates TO iotistic_app;
GRANT SELECT ON TABLE public.agent_updates TO iotistic_readonly;
GRANT SELECT ON TABLE public.api_key_history TO iotistic_app;
GRANT SELECT ON TABLE public.api_key_history TO iotistic_readonly;
GRANT SELECT ON TABLE public.api_key_history_heads TO iotistic_app;
GRANT SELECT ON TABLE public.api_key_history_heads TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.api_key_uses TO iotistic_app;
GRANT SELECT ON TABLE public.api_key_uses TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.api_keys TO iotistic_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.applications TO iotistic_app;
GRANT SELECT ON TABLE public.applications TO iotistic_readonly;
GRANT SELECT ON TABLE public.audit_log TO iotistic_app;
GRANT SELECT ON TABLE public.audit_log TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.backups TO iotistic_app;
GRANT SELECT ON TABLE public.backups TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.connection_transitions TO iotistic_app;
GRANT INSERT, SELECT ON TABLE public.connection_transitions TO iotistic_ingest;
GRANT SELECT ON TABLE public.connection_transitions TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.contact_expectations TO iotistic_app;
GRANT SELECT ON TABLE public.contact_expectations TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.contact_watch TO iotistic_app;
GRANT SELECT ON TABLE public.contact_watch TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.dashboard_layouts TO iotistic_app;
GRANT SELECT ON TABLE public.dashboard_layouts TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_clocks TO iotistic_app;
GRANT INSERT, SELECT, UPDATE ON TABLE public.device_clocks TO iotistic_ingest;
GRANT SELECT ON TABLE public.device_clocks TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_contacts TO iotistic_app;
GRANT INSERT, SELECT, UPDATE ON TABLE public.device_contacts TO iotistic_ingest;
GRANT SELECT ON TABLE public.device_contacts TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_host_facts TO iotistic_app;
GRANT SELECT ON TABLE public.device_host_facts TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_latest_values TO iotistic_app;
GRANT SELECT ON TABLE public.device_latest_values TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_log_arrivals TO iotistic_app;
GRANT INSERT ON TABLE public.device_log_arrivals TO iotistic_ingest;
GRANT SELECT ON TABLE public.device_log_arrivals TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_logs TO iotistic_app;
GRANT INSERT, SELECT ON TABLE public.device_logs TO iotistic_ingest;
GRANT SELECT ON TABLE public.device_logs TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_metric_days TO iotistic_app;
GRANT SELECT ON TABLE public.device_metric_days TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_metric_hours TO iotistic_app;
GRANT SELECT ON TABLE public.device_metric_hours TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_metric_latest TO iotistic_app;
GRANT INSERT, SELECT, UPDATE ON TABLE public.device_metric_latest TO iotistic_ingest;
GRANT SELECT ON TABLE public.device_metric_latest TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_metric_quarters TO iotistic_app;
GRANT SELECT ON TABLE public.device_metric_quarters TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_metric_values TO iotistic_app;
GRANT SELECT ON TABLE public.device_metric_values TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_metrics TO iotistic_app;
GRANT INSERT, SELECT ON TABLE public.device_metrics TO iotistic_ingest;
GRANT SELECT ON TABLE public.device_metrics TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_overview TO iotistic_app;
GRANT SELECT ON TABLE public.device_overview TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_retention_classes TO iotistic_app;
GRANT SELECT ON TABLE public.device_retention_classes TO iotistic_ingest;
GRANT SELECT ON TABLE public.device_retention_classes TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_search TO iotistic_app;
GRANT SELECT ON TABLE public.device_search TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_sensors TO iotistic_app;
GRANT SELECT ON TABLE public.device_sensors TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_shadows TO iotistic_app;
GRANT SELECT ON TABLE public.device_shadows TO iotistic_readonly;
GRANT INSERT, SELECT ON TABLE public.device_state_history TO iotistic_app;
GRANT SELECT ON TABLE public.device_state_history TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_system_metrics TO iotistic_app;
GRANT SELECT ON TABLE public.device_system_metrics TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_tags TO iotistic_app;
GRANT SELECT ON TABLE public.device_tags TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.device_traffic_stats TO iotistic_app;
GRANT SELECT ON TABLE public.device_traffic_stats TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.devices TO iotistic_app;
GRANT SELECT ON TABLE public.devices TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.digital_twin_entities TO iotistic_app;
GRANT SELECT ON TABLE public.digital_twin_entities TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.digital_twin_relationships TO iotistic_app;
GRANT SELECT ON TABLE public.digital_twin_relationships TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.enrolment_permits TO iotistic_app;
GRANT SELECT ON TABLE public.enrolment_permits TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.enrolments TO iotistic_app;
GRANT SELECT ON TABLE public.event_types TO iotistic_app;
GRANT SELECT ON TABLE public.event_types TO iotistic_readonly;
GRANT SELECT ON TABLE public.events TO iotistic_app;
GRANT SELECT ON TABLE public.events TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.fleets TO iotistic_app;
GRANT SELECT ON TABLE public.fleets TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.gateway_devices TO iotistic_app;
GRANT SELECT ON TABLE public.gateway_devices TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.housekeeping_jobs TO iotistic_app;
GRANT SELECT ON TABLE public.housekeeping_jobs TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.housekeeping_runs TO iotistic_app;
GRANT SELECT ON TABLE public.housekeeping_runs TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.idempotency_keys TO iotistic_app;
GRANT SELECT ON TABLE public.idempotency_keys TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.ingest_quarantine TO iotistic_app;
GRANT INSERT, SELECT ON TABLE public.ingest_quarantine TO iotistic_ingest;
GRANT SELECT ON TABLE public.ingest_quarantine TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.ingest_receipts TO iotistic_app;
GRANT INSERT, SELECT ON TABLE public.ingest_receipts TO iotistic_ingest;
GRANT SELECT ON TABLE public.ingest_receipts TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.job_attempts TO iotistic_app;
GRANT SELECT ON TABLE public.job_attempts TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.job_executions TO iotistic_app;
GRANT SELECT ON TABLE public.job_executions TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.job_schedules TO iotistic_app;
GRANT SELECT ON TABLE public.job_schedules TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.job_template_versions TO iotistic_app;
GRANT SELECT ON TABLE public.job_template_versions TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.job_templates TO iotistic_app;
GRANT SELECT ON TABLE public.job_templates TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.jobs TO iotistic_app;
GRANT SELECT ON TABLE public.jobs TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.key_rotations TO iotistic_app;
GRANT SELECT ON TABLE public.key_rotations TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.log_alert_counts TO iotistic_app;
GRANT SELECT ON TABLE public.log_alert_counts TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.log_alert_marks TO iotistic_app;
GRANT INSERT ON TABLE public.log_alert_marks TO iotistic_ingest;
GRANT SELECT ON TABLE public.log_alert_marks TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.log_alert_rules TO iotistic_app;
GRANT SELECT ON TABLE public.log_alert_rules TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.log_alerts TO iotistic_app;
GRANT SELECT ON TABLE public.log_alerts TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.login_sources TO iotistic_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.metric_name_lists TO iotistic_app;
GRANT INSERT, SELECT ON TABLE public.metric_name_lists TO iotistic_ingest;
GRANT SELECT ON TABLE public.metric_name_lists TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.metric_rollup_marks TO iotistic_app;
GRANT INSERT ON TABLE public.metric_rollup_marks TO iotistic_ingest;
GRANT SELECT ON TABLE public.metric_rollup_marks TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.metric_rollup_progress TO iotistic_app;
GRANT SELECT ON TABLE public.metric_rollup_progress TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.metric_series TO iotistic_app;
GRANT INSERT, SELECT ON TABLE public.metric_series TO iotistic_ingest;
GRANT SELECT ON TABLE public.metric_series TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.metric_sets TO iotistic_app;
GRANT INSERT, SELECT ON TABLE public.metric_sets TO iotistic_ingest;
GRANT SELECT ON TABLE public.metric_sets TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.mqtt_acls TO iotistic_app;
GRANT SELECT ON TABLE public.mqtt_acls TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.mqtt_broker_acls TO iotistic_app;
GRANT SELECT ON TABLE public.mqtt_broker_acls TO iotistic_broker;
GRANT SELECT ON TABLE public.mqtt_broker_acls TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.mqtt_broker_stats TO iotistic_app;
GRANT SELECT ON TABLE public.mqtt_broker_stats TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.mqtt_broker_users TO iotistic_app;
GRANT SELECT ON TABLE public.mqtt_broker_users TO iotistic_broker;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.mqtt_topic_metrics TO iotistic_app;
GRANT SELECT ON TABLE public.mqtt_topic_metrics TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.mqtt_users TO iotistic_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.network_addresses TO iotistic_app;
GRANT SELECT ON TABLE public.network_addresses TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.network_interface_history TO iotistic_app;
GRANT SELECT ON TABLE public.network_interface_history TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.network_interfaces TO iotistic_app;
GRANT SELECT ON TABLE public.network_interfaces TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.partition_leaves TO iotistic_app;
GRANT SELECT ON TABLE public.partition_leaves TO iotistic_ingest;
GRANT SELECT ON TABLE public.partition_leaves TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.partition_policies TO iotistic_app;
GRANT SELECT ON TABLE public.partition_policies TO iotistic_ingest;
GRANT SELECT ON TABLE public.partition_policies TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.partition_states TO iotistic_app;
GRANT SELECT ON TABLE public.partition_states TO iotistic_ingest;
GRANT SELECT ON TABLE public.partition_states TO iotistic_readonly;
GRANT SELECT ON TABLE public.permissions TO iotistic_app;
GRANT SELECT ON TABLE public.permissions TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.provisioning_attempts TO iotistic_app;
GRANT SELECT ON TABLE public.provisioning_attempts TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.provisioning_keys TO iotistic_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.receipt_stamped_devices TO iotistic_app;
GRANT SELECT ON TABLE public.receipt_stamped_devices TO iotistic_ingest;
GRANT SELECT ON TABLE public.receipt_stamped_devices TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.recovery_codes TO iotistic_app;
GRANT INSERT, SELECT ON TABLE public.releases TO iotistic_app;
GRANT SELECT ON TABLE public.releases TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.role_bindings TO iotistic_app;
GRANT SELECT ON TABLE public.role_bindings TO iotistic_readonly;
GRANT SELECT ON TABLE public.role_permissions TO iotistic_app;
GRANT SELECT ON TABLE public.role_permissions TO iotistic_readonly;
GRANT SELECT ON TABLE public.roles TO iotistic_app;
GRANT SELECT ON TABLE public.roles TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.search_changes TO iotistic_app;
GRANT SELECT ON TABLE public.search_changes TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.search_packings TO iotistic_app;
GRANT SELECT ON TABLE public.search_packings TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.search_page_devices TO iotistic_app;
GRANT SELECT ON TABLE public.search_page_devices TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.search_page_tags TO iotistic_app;
GRANT SELECT ON TABLE public.search_page_tags TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.search_pages TO iotistic_app;
GRANT SELECT ON TABLE public.search_pages TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.search_status_changes TO iotistic_app;
GRANT INSERT ON TABLE public.search_status_changes TO iotistic_ingest;
GRANT SELECT ON TABLE public.search_status_changes TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.second_factors TO iotistic_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.sessions TO iotistic_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.signing_keys TO iotistic_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.system_config TO iotistic_app;
GRANT SELECT ON TABLE public.system_config TO iotistic_readonly;
GRANT SELECT ON TABLE public.system_config_history TO iotistic_app;
GRANT SELECT ON TABLE public.system_config_history TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.tag_definitions TO iotistic_app;
GRANT SELECT ON TABLE public.tag_definitions TO iotistic_readonly;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.users TO iotistic_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.vpn_certificates TO iotistic_app;
GRANT SELECT ON TABLE public.vpn_certificates TO iotistic_readonly;
