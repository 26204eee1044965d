-- How jobs go, told where it becomes true: the rollout, the device, a timeout or a person.
INSERT INTO event_types (name, aggregate, retention_days, description, data_schema) VALUES
('job.created', 'job', 365, 'A job was made.', NULL),
('job.changed', 'job', 365, 'A job has another status.', '{"required": ["was", "status"], "properties": {"was": {"type": "string"}, "status": {"type": "string"}}}'),
('job.device_changed', 'job', 90, 'A job was begun or came to its end on a device.',
  '{"required": ["was", "status", "attempt"], "properties": {"was": {"type": "string"}, "status": {"type": "string"}, "attempt": {"type": "integer"}}}');

CREATE FUNCTION tell_new_jobs_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM public.append_events_v1('job.created', array_agg(n.id::text), array_agg(NULL::uuid), array_agg('{}'::jsonb)) FROM new_rows AS n;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION tell_new_jobs_v1() IS 'Appends job.created about each new row.';

-- The plan that a session makes for its first update is kept, as in tell_changed_devices_v1.
CREATE FUNCTION tell_changed_jobs_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
AS $$
BEGIN
  PERFORM public.append_events_v1(
    'job.changed', array_agg(n.id::text), array_agg(NULL::uuid), array_agg(jsonb_build_object('was', o.status, 'status', n.status))
  )
  FROM new_rows AS n
  INNER JOIN old_rows AS o ON o.id = n.id
  WHERE n.status <> o.status;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION tell_changed_jobs_v1() IS 'Appends job.changed about each row with another status.';

CREATE FUNCTION tell_changed_executions_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
AS $$
BEGIN
  PERFORM public.append_events_v1(
    'job.device_changed', array_agg(n.job_id::text), array_agg(n.device_uuid),
    array_agg(jsonb_build_object('was', o.status, 'status', n.status, 'attempt', n.attempt))
  )
  FROM new_rows AS n
  INNER JOIN old_rows AS o ON o.job_id = n.job_id AND o.device_uuid = n.device_uuid
  WHERE n.status <> o.status AND n.status NOT IN ('queued', 'released');
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION tell_changed_executions_v1() IS 'Appends job.device_changed about each row that began or came to an end.';

CREATE TRIGGER event_insert AFTER INSERT ON jobs
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_new_jobs_v1();

CREATE TRIGGER event_update AFTER UPDATE ON jobs
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_jobs_v1();

CREATE TRIGGER event_update AFTER UPDATE ON job_executions
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_executions_v1();
