-- What pages do not know yet. Added to and never updated, so that no writer waits here for another; who reads takes these devices from
-- device_search, and the pages for the others.
CREATE TABLE search_changes (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  CONSTRAINT search_changes_pkey PRIMARY KEY (id)
);

CREATE INDEX search_changes_device_uuid_idx ON search_changes (device_uuid);

COMMENT ON TABLE search_changes IS 'One row per change of a row of device_search that no page tells yet.';

CREATE FUNCTION note_search_change_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO public.search_changes (device_uuid) SELECT device_uuid FROM changed;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION note_search_change_v1() IS 'Notes which rows of device_search were written. One that is gone needs no note: its place finds nothing.';

CREATE TRIGGER device_search_added AFTER INSERT ON device_search
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_search_change_v1();

CREATE TRIGGER device_search_changed AFTER UPDATE ON device_search
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_search_change_v1();

-- Apart from the others: ten thousand devices that go offline together are no reason to doubt what the pages say of their tags.
CREATE TABLE search_status_changes (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  CONSTRAINT search_status_changes_pkey PRIMARY KEY (id)
);

CREATE INDEX search_status_changes_device_uuid_idx ON search_status_changes (device_uuid);

COMMENT ON TABLE search_status_changes IS 'One row per change of a connection status that no page tells yet.';

CREATE FUNCTION note_search_status_change_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO public.search_status_changes (device_uuid) VALUES (NEW.uuid);
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION note_search_status_change_v1() IS 'Notes which device came or went.';

CREATE TRIGGER devices_status_changed_in_search AFTER UPDATE OF connection_status ON devices
FOR EACH ROW WHEN (old.connection_status IS DISTINCT FROM new.connection_status)
EXECUTE FUNCTION note_search_status_change_v1();
