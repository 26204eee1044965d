-- Wakes devices that wait for their settings when those of their fleet change, or when they move to another fleet.
CREATE FUNCTION notify_fleet_settings_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('shadow_changed', device.uuid || ' fleet') FROM public.devices AS device WHERE device.fleet_id = NEW.id;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION notify_fleet_settings_v1() IS 'Sends each device of a fleet on channel shadow_changed, with the word fleet.';

CREATE FUNCTION notify_fleet_of_device_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('shadow_changed', NEW.uuid || ' fleet');
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION notify_fleet_of_device_v1() IS 'Sends a device on channel shadow_changed, with the word fleet.';

CREATE TRIGGER fleets_settings_changed AFTER UPDATE OF settings_version ON fleets
FOR EACH ROW WHEN (old.settings_version IS DISTINCT FROM new.settings_version)
EXECUTE FUNCTION notify_fleet_settings_v1();

CREATE TRIGGER devices_fleet_changed AFTER UPDATE OF fleet_id ON devices
FOR EACH ROW WHEN (old.fleet_id IS DISTINCT FROM new.fleet_id)
EXECUTE FUNCTION notify_fleet_of_device_v1();
