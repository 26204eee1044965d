-- Lets an operator see, pause and order periodic work, whichever process does it: the leader looks here every few seconds.
CREATE TABLE housekeeping_jobs (
  job text NOT NULL,
  every interval NOT NULL,
  paused_at timestamptz,
  requested_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  outcome text,
  detail text,
  CONSTRAINT housekeeping_jobs_pkey PRIMARY KEY (job),
  CONSTRAINT housekeeping_jobs_outcome_check CHECK (outcome IN ('done', 'nothing', 'failed', 'timed_out'))
) WITH (fillfactor = 50);

COMMENT ON TABLE housekeeping_jobs IS 'One row per kind of periodic work that some leader has known.';
COMMENT ON COLUMN housekeeping_jobs.every IS 'From the end of one run to the start of the next, give or take a tenth.';
COMMENT ON COLUMN housekeeping_jobs.paused_at IS 'Since when it is not run; NULL: it is.';
COMMENT ON COLUMN housekeeping_jobs.requested_at IS 'When somebody last asked for a run at once.';
COMMENT ON COLUMN housekeeping_jobs.started_at IS 'Of its last run; up to a minute old while runs have nothing to do.';
COMMENT ON COLUMN housekeeping_jobs.outcome IS 'Of that run: done, nothing (to do), failed, timed_out.';
COMMENT ON COLUMN housekeeping_jobs.detail IS 'What it did, or why it failed.';
