-- Keeps what periodic work did for three months. Runs that had nothing to do are left out, unless somebody had asked for them.
CREATE TABLE housekeeping_runs (
  started_at timestamptz NOT NULL,
  job text NOT NULL,
  finished_at timestamptz NOT NULL,
  outcome text NOT NULL,
  detail text,
  leader text NOT NULL,
  CONSTRAINT housekeeping_runs_pkey PRIMARY KEY (job, started_at),
  CONSTRAINT housekeeping_runs_outcome_check CHECK (outcome IN ('done', 'nothing', 'failed', 'timed_out'))
) PARTITION BY RANGE (started_at);

COMMENT ON TABLE housekeeping_runs IS 'One row per run of periodic work that did something, failed, or was asked for. Partitioned by month.';
COMMENT ON COLUMN housekeeping_runs.outcome IS 'done, nothing (to do), failed, timed_out.';
COMMENT ON COLUMN housekeeping_runs.detail IS 'What it did, or why it failed.';
COMMENT ON COLUMN housekeeping_runs.leader IS 'The process that did it: host:pid.';

INSERT INTO partition_policies (parent, grain, premake, back, keep_days) VALUES ('housekeeping_runs', 'month', 2, 0, 90);
