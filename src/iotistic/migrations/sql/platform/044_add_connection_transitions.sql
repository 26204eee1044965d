-- When devices came and went: a trigger writes it, so that whoever changes connection_status leaves a row, once a change.
CREATE TABLE connection_transitions (
  id bigint GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  was text NOT NULL,
  became text NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  lasted interval NOT NULL,
  CONSTRAINT connection_transitions_pkey PRIMARY KEY (id),
  CONSTRAINT connection_transitions_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT connection_transitions_was_check CHECK (was IN ('never', 'online', 'offline')),
  CONSTRAINT connection_transitions_became_check CHECK (became IN ('never', 'online', 'offline'))
);

CREATE INDEX connection_transitions_device_uuid_id_idx ON connection_transitions (device_uuid, id);

COMMENT ON TABLE connection_transitions IS 'One row per change of the connection status of a device.';
COMMENT ON COLUMN connection_transitions.was IS 'The status before.';
COMMENT ON COLUMN connection_transitions.became IS 'The status from then on.';
COMMENT ON COLUMN connection_transitions.lasted IS 'How long it had been as before; for the first, since it was registered.';

CREATE FUNCTION note_connection_transition_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;

COMMENT ON FUNCTION note_connection_transition_v1() IS 'Writes a change of connection_status into connection_transitions.';

CREATE TRIGGER devices_connection_changed AFTER UPDATE OF connection_status ON devices
FOR EACH ROW WHEN (old.connection_status IS DISTINCT FROM new.connection_status)
EXECUTE FUNCTION note_connection_transition_v1();
