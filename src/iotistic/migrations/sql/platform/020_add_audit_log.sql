-- Who changed what of everything that decides who comes in and what devices do, and on whose request. Rows are only ever added:
-- rights keep the application from writing here by itself, the trigger keeps everybody from rewriting.
CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY,
  occurred_at timestamptz NOT NULL DEFAULT now(),
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
  CONSTRAINT audit_log_actor_kind_check CHECK (actor_kind IN ('user', 'device', 'claim_key', 'system')),
  CONSTRAINT audit_log_action_check CHECK (action ~ '^[a-z][a-z_]{0,62}$'),
  CONSTRAINT audit_log_resource_check CHECK (resource ~ '^[a-z][a-z_]{0,62}$'),
  CONSTRAINT audit_log_before_check CHECK (jsonb_typeof(before) = 'object'),
  CONSTRAINT audit_log_after_check CHECK (jsonb_typeof(after) = 'object')
);

CREATE INDEX audit_log_device_uuid_id_idx ON audit_log (device_uuid, id) WHERE device_uuid IS NOT NULL;
CREATE INDEX audit_log_resource_resource_id_id_idx ON audit_log (resource, resource_id, id);
CREATE INDEX audit_log_actor_id_idx ON audit_log (actor, id);

COMMENT ON TABLE audit_log IS 'One row per change of security or control data; never changed, never deleted.';
COMMENT ON COLUMN audit_log.occurred_at IS 'When the transaction that made the change began, by the clock of the database.';
COMMENT ON COLUMN audit_log.actor_kind IS 'user, device, claim_key (a device that is being let in), or system (a command or the platform itself).';
COMMENT ON COLUMN audit_log.actor IS 'The username, the uuid of the device, the id of the claim key, or the name of the program.';
COMMENT ON COLUMN audit_log.key_id IS 'The public part of the key that the actor came with; NULL: none.';
COMMENT ON COLUMN audit_log.request_id IS 'The request that made the change, as it stands in the logs; NULL: none.';
COMMENT ON COLUMN audit_log.address IS 'Where that request came from, as the server or its proxy says; NULL: from no request.';
COMMENT ON COLUMN audit_log.database_user IS 'The role of the database session, whatever the program said about the actor.';
COMMENT ON COLUMN audit_log.action IS 'created, changed or deleted for rows of a table; a word of its own for anything else.';
COMMENT ON COLUMN audit_log.resource IS 'What was changed: the name of a table, or a word of its own.';
COMMENT ON COLUMN audit_log.resource_id IS 'Which of them: its key; the parts of a longer key are joined by a slash.';
COMMENT ON COLUMN audit_log.device_uuid IS 'The device it is about; NULL: none.';
COMMENT ON COLUMN audit_log.before IS 'What it was: of a change, only what changed. Never a secret.';
COMMENT ON COLUMN audit_log.after IS 'What it is now: of a change, only what changed. Never a secret.';

CREATE FUNCTION refuse_rewriting_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege', HINT = 'What was written there stays as it was written.';
END
$$;

COMMENT ON FUNCTION refuse_rewriting_v1() IS 'Fails: for tables whose rows are never changed or removed.';

CREATE TRIGGER audit_log_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_v1();

-- Even for a session that replays changes of another server, which skips ordinary triggers.
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_only_added_to;

-- The one way in for changes that are no row of a table. The rights are those of the owner: the application has none to insert.
CREATE FUNCTION record_audit_v1(action text, resource text, resource_id text, device_uuid uuid, before jsonb, after jsonb) RETURNS void
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;

COMMENT ON FUNCTION record_audit_v1(text, text, text, uuid, jsonb, jsonb) IS 'Adds a row to audit_log with the actor that the transaction was begun for.';

REVOKE EXECUTE ON FUNCTION record_audit_v1(text, text, text, uuid, jsonb, jsonb) FROM PUBLIC;
