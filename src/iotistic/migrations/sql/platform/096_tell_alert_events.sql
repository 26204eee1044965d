-- How alerts about log lines go, told where it becomes true: the evaluation, a person or quiet. Lines that only extend one tell nothing.
INSERT INTO event_types (name, aggregate, retention_days, description, data_schema) VALUES
('alert.opened', 'alert', 365, 'A rule about log lines held for a device.',
  '{"required": ["rule", "severity", "lines"], "properties": {"rule": {"type": "string"}, "severity": {"type": "string"}, "lines": {"type": "integer"}}}'),
('alert.changed', 'alert', 365, 'An alert was acknowledged or resolved.',
  '{"required": ["rule", "was", "status"], "properties": {"rule": {"type": "string"}, "was": {"type": "string"}, "status": {"type": "string"}}}');

CREATE FUNCTION tell_new_alerts_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM public.append_events_v1(
    'alert.opened', array_agg(n.id::text), array_agg(n.device_uuid),
    array_agg(jsonb_build_object('rule', r.name, 'severity', n.severity, 'lines', n.lines))
  )
  FROM new_rows AS n
  INNER JOIN public.log_alert_rules AS r ON r.id = n.rule_id;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION tell_new_alerts_v1() IS 'Appends alert.opened about each new row.';

-- The plan that a session makes for its first update is kept, as in tell_changed_devices_v1.
CREATE FUNCTION tell_changed_alerts_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
AS $$
BEGIN
  PERFORM public.append_events_v1(
    'alert.changed', array_agg(n.id::text), array_agg(n.device_uuid),
    array_agg(jsonb_build_object('rule', r.name, 'was', o.status, 'status', n.status))
  )
  FROM new_rows AS n
  INNER JOIN old_rows AS o ON o.id = n.id
  INNER JOIN public.log_alert_rules AS r ON r.id = n.rule_id
  WHERE n.status <> o.status;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION tell_changed_alerts_v1() IS 'Appends alert.changed about each row with another status.';

CREATE TRIGGER event_insert AFTER INSERT ON log_alerts
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_new_alerts_v1();

CREATE TRIGGER event_update AFTER UPDATE ON log_alerts
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_alerts_v1();
