-- Tells a device that waits that there is something for it: a job it may take, or one that it should stop.
CREATE FUNCTION notify_job_news_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('job_news', NEW.device_uuid || ' jobs');
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION notify_job_news_v1() IS 'Sends the device on channel job_news.';

CREATE TRIGGER job_executions_released AFTER UPDATE OF status ON job_executions
FOR EACH ROW WHEN (new.status = 'released' AND old.status <> 'released') EXECUTE FUNCTION notify_job_news_v1();

CREATE TRIGGER job_executions_cancelled AFTER UPDATE OF cancel_requested_at ON job_executions
FOR EACH ROW WHEN (old.cancel_requested_at IS NULL AND new.cancel_requested_at IS NOT NULL)
EXECUTE FUNCTION notify_job_news_v1();
