-- Who changed which setting, and what it was before. Written by a trigger, so that a change in psql is not forgotten.
CREATE TABLE system_config_history (
  id bigint GENERATED ALWAYS AS IDENTITY,
  key text NOT NULL,
  action text NOT NULL,
  old_value jsonb,
  new_value jsonb,
  actor_kind text NOT NULL,
  actor text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT system_config_history_pkey PRIMARY KEY (id),
  CONSTRAINT system_config_history_action_check CHECK (
    (action = 'added' AND old_value IS NULL AND new_value IS NOT NULL)
    OR (action = 'changed' AND old_value IS NOT NULL AND new_value IS NOT NULL)
    OR (action = 'removed' AND old_value IS NOT NULL AND new_value IS NULL)
  ),
  CONSTRAINT system_config_history_actor_kind_check CHECK (actor_kind IN ('user', 'device', 'claim_key', 'system'))
);

CREATE INDEX system_config_history_key_id_idx ON system_config_history (key, id);

COMMENT ON TABLE system_config_history IS 'One row per change of a setting; never changed.';
COMMENT ON COLUMN system_config_history.key IS 'As in system_config, where it may be gone.';
COMMENT ON COLUMN system_config_history.old_value IS 'What it was; NULL: it was not there.';
COMMENT ON COLUMN system_config_history.new_value IS 'What it is from then on; NULL: it is gone.';
COMMENT ON COLUMN system_config_history.actor_kind IS 'user: a person with an account; system: a command, a program, or somebody in psql.';
COMMENT ON COLUMN system_config_history.actor IS 'The username, or the role of the database session where nobody said more.';

-- With the rights of the owner: the application adds nothing here by itself.
CREATE FUNCTION note_setting_changed_v1() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;

COMMENT ON FUNCTION note_setting_changed_v1() IS 'Adds the change to system_config_history, and sends the key on channel config_changed: caches listen to this.';

CREATE TRIGGER system_config_changed AFTER INSERT OR UPDATE OR DELETE ON system_config
FOR EACH ROW EXECUTE FUNCTION note_setting_changed_v1();
