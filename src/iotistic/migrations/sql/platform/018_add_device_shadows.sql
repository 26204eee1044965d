-- What people want of a device (desired) and what the device says of itself (reported): a row each, so that the two writers
-- never wait for one another. No index holds a column that changes, and pages keep room, so an update stays inside its page.
CREATE TABLE device_shadows (
  device_uuid uuid NOT NULL,
  half text NOT NULL,
  version bigint NOT NULL,
  document jsonb NOT NULL,
  changed_at timestamptz NOT NULL,
  CONSTRAINT device_shadows_pkey PRIMARY KEY (device_uuid, half),
  CONSTRAINT device_shadows_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT device_shadows_half_check CHECK (half IN ('desired', 'reported')),
  CONSTRAINT device_shadows_version_check CHECK (version > 0),
  CONSTRAINT device_shadows_document_check CHECK (jsonb_typeof(document) = 'object')
) WITH (fillfactor = 70);

COMMENT ON TABLE device_shadows IS 'One row per device and half of its shadow that was ever written; no row is version 0, an empty document.';
COMMENT ON COLUMN device_shadows.half IS 'desired: what people want; reported: what the device says.';
COMMENT ON COLUMN device_shadows.version IS 'Counts the changes of this half: 1 for the first document.';
COMMENT ON COLUMN device_shadows.document IS 'At most 32 KiB as compact JSON, nested at most 8 deep; no member of an object is null.';
COMMENT ON COLUMN device_shadows.changed_at IS 'When this version was written, by the clock of the database; never before the version it follows.';

-- Tells whoever waits for a change that there is one: which device, which half, which version. The document is read, not sent: a
-- message holds 8,000 bytes at most.
CREATE FUNCTION notify_shadow_changed_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('shadow_changed', NEW.device_uuid || ' ' || NEW.half || ' ' || NEW.version);
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION notify_shadow_changed_v1() IS 'Sends device, half and version on channel shadow_changed.';

CREATE TRIGGER device_shadows_changed AFTER INSERT OR UPDATE OF version ON device_shadows
FOR EACH ROW EXECUTE FUNCTION notify_shadow_changed_v1();
