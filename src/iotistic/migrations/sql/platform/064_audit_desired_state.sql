-- What people desire of a device. The documents stand in device_state_history, which nobody rewrites either; what a device reports
-- of itself is no change of control data.
CREATE FUNCTION audit_desired_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM public.record_audit_v1(
    'changed', 'device_shadows', NEW.device_uuid::text, NEW.device_uuid,
    jsonb_build_object('version', NEW.version - 1),
    jsonb_strip_nulls(jsonb_build_object('version', NEW.version, 'cause', NEW.cause, 'restored_version', NEW.restored_version))
  );
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION audit_desired_v1() IS 'Adds a row to audit_log for a version of what is desired.';

CREATE TRIGGER audit_insert AFTER INSERT ON device_state_history
FOR EACH ROW WHEN (new.half = 'desired') EXECUTE FUNCTION audit_desired_v1();
