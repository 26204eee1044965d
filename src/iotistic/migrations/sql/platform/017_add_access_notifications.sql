-- Tells every process at once that a key, or whoever it belongs to, may no longer come in: caches listen to this.
CREATE FUNCTION notify_key_changed_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('access_changed', OLD.key_id);
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION notify_key_changed_v1() IS 'Sends the id of the key that changed on channel access_changed.';

-- An empty payload stands for "anybody": accounts and retirements change rarely.
CREATE FUNCTION notify_access_changed_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('access_changed', '');
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION notify_access_changed_v1() IS 'Sends an empty message on channel access_changed: forget everybody.';

CREATE TRIGGER api_keys_changed AFTER UPDATE OR DELETE ON api_keys
FOR EACH ROW EXECUTE FUNCTION notify_key_changed_v1();

CREATE TRIGGER users_changed AFTER UPDATE OF is_active OR DELETE ON users
FOR EACH ROW EXECUTE FUNCTION notify_access_changed_v1();

CREATE TRIGGER devices_retired AFTER UPDATE OF retired_at ON devices
FOR EACH ROW EXECUTE FUNCTION notify_access_changed_v1();
