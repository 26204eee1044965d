-- When jobs are made from a template by themselves.
CREATE TABLE job_schedules (
  id bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  template_id bigint NOT NULL,
  template_version bigint,
  target jsonb NOT NULL,
  rollout jsonb NOT NULL,
  cron text,
  every interval,
  time_zone text NOT NULL,
  catch_up text NOT NULL,
  is_enabled boolean NOT NULL DEFAULT TRUE,
  next_run_at timestamptz,
  last_run_at timestamptz,
  last_problem text,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT job_schedules_pkey PRIMARY KEY (id),
  CONSTRAINT job_schedules_name_key UNIQUE (name),
  CONSTRAINT job_schedules_template_id_fkey FOREIGN KEY (template_id) REFERENCES job_templates (id),
  CONSTRAINT job_schedules_template_version_fkey
  FOREIGN KEY (template_id, template_version) REFERENCES job_template_versions (template_id, version),
  CONSTRAINT job_schedules_name_check CHECK (name ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'),
  CONSTRAINT job_schedules_target_check CHECK (jsonb_typeof(target) = 'object'),
  CONSTRAINT job_schedules_rollout_check CHECK (jsonb_typeof(rollout) = 'object'),
  CONSTRAINT job_schedules_cron_check CHECK ((cron IS NULL) <> (every IS NULL) AND char_length(cron) BETWEEN 9 AND 100),
  CONSTRAINT job_schedules_every_check CHECK (every BETWEEN '1 minute' AND '366 days'),
  CONSTRAINT job_schedules_time_zone_check CHECK (char_length(time_zone) BETWEEN 1 AND 64),
  CONSTRAINT job_schedules_catch_up_check CHECK (catch_up IN ('skip', 'once', 'each')),
  CONSTRAINT job_schedules_created_by_check CHECK (char_length(created_by) BETWEEN 1 AND 200)
);

CREATE INDEX job_schedules_template_id_template_version_idx ON job_schedules (template_id, template_version);
-- Finds what is due.
CREATE INDEX job_schedules_next_run_at_idx ON job_schedules (next_run_at) WHERE is_enabled;

COMMENT ON TABLE job_schedules IS 'One row per rule by which jobs are made from a template by themselves.';
COMMENT ON COLUMN job_schedules.template_version IS 'The version to be run; NULL: the newest at the time.';
COMMENT ON COLUMN job_schedules.target IS 'Whom each job is for, found anew at each run.';
COMMENT ON COLUMN job_schedules.rollout IS 'How each job goes through its devices.';
COMMENT ON COLUMN job_schedules.cron IS 'Five fields, as cron understands them in time_zone.';
COMMENT ON COLUMN job_schedules.every IS 'The time between runs, counted from created_at.';
COMMENT ON COLUMN job_schedules.time_zone IS 'A name of the time zone database, such as Europe/Berlin.';
COMMENT ON COLUMN job_schedules.catch_up IS 'What becomes of runs that were missed: skip them, run once for all, or each.';
COMMENT ON COLUMN job_schedules.next_run_at IS 'When it is due; NULL: never again.';
COMMENT ON COLUMN job_schedules.last_run_at IS 'The last time it was due and looked after.';
COMMENT ON COLUMN job_schedules.last_problem IS 'Why the last run made no job; NULL: it made one.';
