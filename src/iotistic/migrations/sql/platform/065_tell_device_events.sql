-- The turns in the life of a device, told where they become true: whoever makes them, the registry, a workflow or the ingest.
INSERT INTO event_types (name, aggregate, retention_days, description, data_schema) VALUES
('device.registered', 'device', 2555, 'A device was added to the registry.',
  '{"required": ["name", "kind"], "properties": {"name": {"type": "string"}, "kind": {"type": "string"}, "serial": {"type": ["string", "null"]}}}'),
('device.retired', 'device', 2555, 'A device was taken out of service.', NULL),
('device.restored', 'device', 2555, 'A device was taken back into service.', NULL),
('device.online', 'device', 90, 'A device was heard of again, or for the first time.', '{"required": ["was"], "properties": {"was": {"type": "string"}}}'),
('device.offline', 'device', 90, 'A device was not heard of for too long.', '{"required": ["was"], "properties": {"was": {"type": "string"}}}'),
('device.desired', 'device', 365, 'Something else is desired of a device.',
  '{"required": ["version", "cause"], "properties": {"version": {"type": "integer"}, "cause": {"type": "string"}}}');

CREATE FUNCTION tell_new_devices_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM public.append_events_v1(
    'device.registered',
    array_agg(n.uuid::text),
    array_agg(n.uuid),
    array_agg(jsonb_build_object('name', n.name, 'kind', n.kind, 'serial', n.serial))
  )
  FROM new_rows AS n;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION tell_new_devices_v1() IS 'Appends device.registered about each new row.';

-- The plan that a session makes for its first update is kept: one made for no row would compare ten thousand with one another.
CREATE FUNCTION tell_changed_devices_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
AS $$
BEGIN
  PERFORM public.append_events_v1('device.' || turn.name, array_agg(turn.uuid::text), array_agg(turn.uuid), array_agg(turn.data))
  FROM (
    SELECT n.uuid, n.connection_status AS name, jsonb_build_object('was', o.connection_status) AS data
    FROM new_rows AS n
    INNER JOIN old_rows AS o ON o.uuid = n.uuid
    WHERE n.connection_status <> o.connection_status AND n.connection_status IN ('online', 'offline')
    UNION ALL
    SELECT n.uuid, CASE WHEN n.retired_at IS NULL THEN 'restored' ELSE 'retired' END, '{}'
    FROM new_rows AS n
    INNER JOIN old_rows AS o ON o.uuid = n.uuid
    WHERE (n.retired_at IS NULL) <> (o.retired_at IS NULL)
  ) AS turn
  GROUP BY turn.name
  ORDER BY turn.name;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION tell_changed_devices_v1() IS 'Appends device.online, offline, retired or restored about each row that turned.';

CREATE TRIGGER event_insert AFTER INSERT ON devices
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_new_devices_v1();

CREATE TRIGGER event_update AFTER UPDATE ON devices
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_devices_v1();

CREATE FUNCTION tell_desired_event_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM public.append_event_v1(
    'device.desired', NEW.device_uuid::text, jsonb_build_object('version', NEW.version, 'cause', NEW.cause), device_uuid => NEW.device_uuid
  );
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION tell_desired_event_v1() IS 'Appends device.desired about a version of what is desired.';

CREATE TRIGGER event_desired AFTER INSERT ON device_state_history
FOR EACH ROW WHEN (new.half = 'desired') EXECUTE FUNCTION tell_desired_event_v1();
