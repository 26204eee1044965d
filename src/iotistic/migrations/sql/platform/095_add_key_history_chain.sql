-- What happens to keys is written down by the database, whoever does it, as a chain: each row holds a hash over the row before and
-- itself, so that a row that was altered, taken out or moved is found (`iotistic audit verify`).
CREATE TABLE api_key_history_heads (
  only_row boolean NOT NULL DEFAULT true,
  sequence bigint NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT api_key_history_heads_pkey PRIMARY KEY (only_row),
  CONSTRAINT api_key_history_heads_only_row_check CHECK (only_row),
  CONSTRAINT api_key_history_heads_hash_check CHECK (octet_length(hash) = 32)
);

COMMENT ON TABLE api_key_history_heads IS 'One row: where the chain of api_key_history ends.';
COMMENT ON COLUMN api_key_history_heads.sequence IS 'The number of the last row of the chain; 0 before the first.';
COMMENT ON COLUMN api_key_history_heads.hash IS 'Its hash. Kept elsewhere, it proves later that everything before is as it was.';

INSERT INTO api_key_history_heads (sequence, hash) VALUES (0, sha256('api_key_history'));

CREATE FUNCTION key_history_hash_v1(previous bytea, entry api_key_history) RETURNS bytea
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;

COMMENT ON FUNCTION key_history_hash_v1(bytea, api_key_history) IS 'The hash of a row of the chain, over that of the row before and every column of its own.';

CREATE FUNCTION write_key_history_v1() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;

COMMENT ON FUNCTION write_key_history_v1() IS 'Adds a row to api_key_history for a key that was made, changed or deleted.';

CREATE TRIGGER api_keys_history AFTER INSERT OR UPDATE OR DELETE ON api_keys
FOR EACH ROW EXECUTE FUNCTION write_key_history_v1();

CREATE TRIGGER api_keys_kept BEFORE TRUNCATE ON api_keys
FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_v1();

CREATE TRIGGER api_key_history_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON api_key_history
FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_v1();

-- Even for a session that replays changes of another server, which skips ordinary triggers.
ALTER TABLE api_keys ENABLE ALWAYS TRIGGER api_keys_history;
ALTER TABLE api_keys ENABLE ALWAYS TRIGGER api_keys_kept;
ALTER TABLE api_key_history ENABLE ALWAYS TRIGGER api_key_history_only_added_to;
