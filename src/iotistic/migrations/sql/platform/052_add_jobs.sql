-- Work for many devices, and how far it has come as a whole. Its row changes when the rollout turns, not with each device.
CREATE TABLE jobs (
  id bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  template_id bigint,
  template_version bigint,
  schedule_id bigint,
  scheduled_for timestamptz,
  retry_of bigint,
  document jsonb NOT NULL,
  target jsonb NOT NULL,
  is_continuous boolean NOT NULL,
  rollout jsonb NOT NULL,
  status text NOT NULL DEFAULT 'running',
  status_reason text,
  forgiven bigint NOT NULL DEFAULT 0,
  is_canary_passed boolean NOT NULL DEFAULT FALSE,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  CONSTRAINT jobs_pkey PRIMARY KEY (id),
  CONSTRAINT jobs_template_id_fkey FOREIGN KEY (template_id) REFERENCES job_templates (id) ON DELETE SET NULL,
  CONSTRAINT jobs_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES job_schedules (id) ON DELETE SET NULL,
  -- Two processes that think they lead make one job of one run.
  CONSTRAINT jobs_schedule_id_scheduled_for_key UNIQUE (schedule_id, scheduled_for),
  CONSTRAINT jobs_retry_of_fkey FOREIGN KEY (retry_of) REFERENCES jobs (id) ON DELETE SET NULL,
  -- Who clicks twice makes one job.
  CONSTRAINT jobs_retry_of_key UNIQUE (retry_of),
  CONSTRAINT jobs_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
  CONSTRAINT jobs_document_check CHECK (jsonb_typeof(document -> 'steps') = 'array'),
  CONSTRAINT jobs_target_check CHECK (jsonb_typeof(target) = 'object'),
  CONSTRAINT jobs_rollout_check CHECK (jsonb_typeof(rollout) = 'object'),
  CONSTRAINT jobs_status_check CHECK (status IN ('running', 'paused', 'halted', 'completed', 'cancelled')),
  CONSTRAINT jobs_finished_at_check CHECK ((status IN ('completed', 'cancelled')) = (finished_at IS NOT NULL)),
  CONSTRAINT jobs_forgiven_check CHECK (forgiven >= 0),
  CONSTRAINT jobs_created_by_check CHECK (char_length(created_by) BETWEEN 1 AND 200)
);

CREATE INDEX jobs_template_id_idx ON jobs (template_id);
-- Finds the few that still go on, and pages by state.
CREATE INDEX jobs_status_id_idx ON jobs (status, id);

COMMENT ON TABLE jobs IS 'One row per piece of work for one or many devices.';
COMMENT ON COLUMN jobs.template_id IS 'What it was made from; NULL: from a document given with it, or from a template deleted since.';
COMMENT ON COLUMN jobs.scheduled_for IS 'The run of the schedule it was made for.';
COMMENT ON COLUMN jobs.retry_of IS 'The job whose failed devices it is for; NULL: it is for those whom its target means.';
COMMENT ON COLUMN jobs.document IS 'The steps, as they were when the job was made.';
COMMENT ON COLUMN jobs.target IS 'Whom it is for, as it was said: devices, a fleet, or an expression over tags.';
COMMENT ON COLUMN jobs.is_continuous IS 'Whether devices that come to be meant later get it too; such a job ends only when it is cancelled.';
COMMENT ON COLUMN jobs.rollout IS 'How it goes through its devices: how many at once, canary, failure threshold, attempts.';
COMMENT ON COLUMN jobs.status IS 'running; paused by somebody; halted by its own rules; completed; cancelled.';
COMMENT ON COLUMN jobs.status_reason IS 'Why it is halted, paused or cancelled.';
COMMENT ON COLUMN jobs.forgiven IS 'Failed devices that somebody has seen and resumed the job in spite of; no rule counts them again.';
COMMENT ON COLUMN jobs.is_canary_passed IS 'Whether the first devices succeeded, or somebody resumed the job without that.';
