-- A job on one device. Devices claim their own row, so ten thousand of them never meet; the rollout releases rows to be claimed.
CREATE TABLE job_executions (
  job_id bigint NOT NULL,
  device_uuid uuid NOT NULL,
  status text NOT NULL DEFAULT 'queued',
  attempt bigint NOT NULL DEFAULT 0,
  step bigint,
  message text,
  queued_at timestamptz NOT NULL DEFAULT now(),
  due_at timestamptz,
  deadline_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  cancel_requested_at timestamptz,
  CONSTRAINT job_executions_pkey PRIMARY KEY (job_id, device_uuid),
  CONSTRAINT job_executions_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE,
  CONSTRAINT job_executions_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT job_executions_status_check CHECK (
    status IN ('queued', 'released', 'in_progress', 'succeeded', 'failed', 'timed_out', 'rejected', 'cancelled')
  ),
  CONSTRAINT job_executions_attempt_check CHECK (attempt >= 0 AND (attempt > 0 OR status NOT IN ('in_progress', 'succeeded'))),
  CONSTRAINT job_executions_step_check CHECK (step >= 0),
  CONSTRAINT job_executions_due_at_check CHECK ((status IN ('released', 'in_progress')) = (due_at IS NOT NULL)),
  CONSTRAINT job_executions_deadline_at_check CHECK ((status = 'in_progress') = (deadline_at IS NOT NULL)),
  CONSTRAINT job_executions_finished_at_check CHECK (
    (status IN ('succeeded', 'failed', 'timed_out', 'rejected', 'cancelled')) = (finished_at IS NOT NULL)
  )
);

-- A device does one thing at a time.
CREATE UNIQUE INDEX job_executions_device_uuid_key ON job_executions (device_uuid) WHERE status = 'in_progress';
-- What a device may take next.
CREATE INDEX job_executions_device_uuid_due_at_job_id_idx ON job_executions (device_uuid, due_at, job_id) WHERE status = 'released';
-- All that was ever for a device.
CREATE INDEX job_executions_device_uuid_job_id_idx ON job_executions (device_uuid, job_id);
-- Whom the rollout takes next.
CREATE INDEX job_executions_job_id_queued_at_idx ON job_executions (job_id, queued_at) WHERE status = 'queued';
-- Whose time is over.
CREATE INDEX job_executions_due_at_idx ON job_executions (due_at) WHERE due_at IS NOT NULL;

COMMENT ON TABLE job_executions IS 'One row per job and device it is for.';
COMMENT ON COLUMN job_executions.status IS 'queued: its turn has not come; released: the device may take it; in_progress: it did; the others are ends.';
COMMENT ON COLUMN job_executions.attempt IS 'The number of the attempt that runs or ran last; 0 before the first. A report under another number changes nothing.';
COMMENT ON COLUMN job_executions.step IS 'The step the device said it is at, from 0.';
COMMENT ON COLUMN job_executions.message IS 'What the device said with its last progress.';
COMMENT ON COLUMN job_executions.queued_at IS 'Its place in the queue, and the earliest moment of its turn: later than now while a new attempt waits.';
COMMENT ON COLUMN job_executions.due_at IS 'When its time is over: to be claimed while released, for the step or the whole while in progress.';
COMMENT ON COLUMN job_executions.deadline_at IS 'When the attempt as a whole is over, whatever the step.';
COMMENT ON COLUMN job_executions.cancel_requested_at IS 'When the device was asked to stop.';
