-- Writes down every change of a table, whoever makes it: the API, a command, or somebody in psql. A table says which of its columns
-- may be shown, so that a secret that is added later stays out by itself:
--   SELECT audit_table_v1('fleets', keys => '{name}', shown => '{description,default_tags}', masked => '{default_settings}');
CREATE FUNCTION audit_masked_v1(document jsonb) RETURNS jsonb
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;

COMMENT ON FUNCTION audit_masked_v1(jsonb) IS 'The document with *** for every text, apart from members that name or address something: a setting may be a secret.';

-- An array of keys and columns for each table, so one function serves them all; one INSERT a statement, however many rows it wrote.
-- A row that was added or removed is told by leaving out what may not be shown: column by column, as the difference of two rows has
-- to be made, half of an import's time went into this.
CREATE FUNCTION audit_change_v1() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;

COMMENT ON FUNCTION audit_change_v1() IS 'Adds a row to audit_log for each row that a statement wrote, if something that may be shown differs.';

CREATE FUNCTION audit_table_v1(
  "table" regclass, keys text[], shown text[], masked text[] DEFAULT '{}', device text DEFAULT ''
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;

COMMENT ON FUNCTION audit_table_v1(regclass, text[], text[], text[], text)
IS 'Writes every change of a table into audit_log from now on: its key, the columns that may be shown, those whose texts are masked, the column of the device.';

REVOKE EXECUTE ON FUNCTION audit_table_v1(regclass, text[], text[], text[], text) FROM PUBLIC;
