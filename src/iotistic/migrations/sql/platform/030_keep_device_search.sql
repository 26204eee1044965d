-- Keeps device_search in step, whoever writes. An update of connection_status fires none of these.
CREATE FUNCTION note_devices_added_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  -- A fleet that is just being changed does not see these devices yet: wait for it, and read what it committed.
  PERFORM FROM public.fleets AS fleet
  WHERE fleet.id IN (SELECT fleet_id FROM added) ORDER BY fleet.id FOR SHARE;
  PERFORM public.refresh_device_search_v1(ARRAY(SELECT uuid FROM added));
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION note_devices_added_v1() IS 'Adds new devices to device_search.';

CREATE FUNCTION note_device_changed_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NEW.fleet_id IS DISTINCT FROM OLD.fleet_id THEN
    PERFORM FROM public.fleets AS fleet WHERE fleet.id = NEW.fleet_id FOR SHARE;
  END IF;
  PERFORM public.refresh_device_search_v1(ARRAY[NEW.uuid]);
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION note_device_changed_v1() IS 'Brings device_search in step with a device.';

CREATE FUNCTION note_tags_changed_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  uuids CONSTANT uuid[] := ARRAY(SELECT DISTINCT device_uuid FROM changed);
BEGIN
  PERFORM FROM public.devices AS device WHERE device.uuid = ANY (uuids) ORDER BY device.uuid FOR NO KEY UPDATE;
  PERFORM public.refresh_device_search_v1(uuids);
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION note_tags_changed_v1() IS 'Brings device_search in step with tags.';

CREATE FUNCTION note_fleet_changed_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  uuids CONSTANT uuid[] := ARRAY(SELECT uuid FROM public.devices WHERE fleet_id = NEW.id ORDER BY uuid FOR NO KEY UPDATE);
BEGIN
  PERFORM public.refresh_device_search_v1(uuids);
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION note_fleet_changed_v1() IS 'Brings device_search in step with the default tags of a fleet.';

CREATE TRIGGER devices_added_to_search AFTER INSERT ON devices
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_devices_added_v1();

CREATE TRIGGER devices_changed_in_search AFTER UPDATE OF name, kind, fleet_id, retired_at ON devices
FOR EACH ROW WHEN (
  (old.name, old.kind, old.fleet_id, old.retired_at) IS DISTINCT FROM (new.name, new.kind, new.fleet_id, new.retired_at)
) EXECUTE FUNCTION note_device_changed_v1();

CREATE TRIGGER device_tags_added_to_search AFTER INSERT ON device_tags
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_tags_changed_v1();

CREATE TRIGGER device_tags_changed_in_search AFTER UPDATE ON device_tags
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_tags_changed_v1();

CREATE TRIGGER device_tags_removed_from_search AFTER DELETE ON device_tags
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_tags_changed_v1();

CREATE TRIGGER fleets_changed_in_search AFTER UPDATE OF default_tags ON fleets
FOR EACH ROW WHEN (old.default_tags IS DISTINCT FROM new.default_tags) EXECUTE FUNCTION note_fleet_changed_v1();
