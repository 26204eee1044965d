-- name: register_job
-- Makes a job known, or how often it is run now.
INSERT INTO housekeeping_jobs (job, every)
VALUES (%(job)s::text, %(every)s::interval)
ON CONFLICT (job) DO UPDATE SET every = excluded.every
WHERE housekeeping_jobs.every <> excluded.every;

-- name: list_orders
-- What operators want of each job.
SELECT
  job,
  paused_at IS NOT NULL AS paused,
  requested_at
FROM housekeeping_jobs;

-- name: note_last_run
-- The state that `iotistic housekeeper status` shows.
UPDATE housekeeping_jobs
SET
  started_at = %(started_at)s::timestamptz,
  finished_at = %(finished_at)s::timestamptz,
  outcome = %(outcome)s::text,
  detail = %(detail)s::text
WHERE job = %(job)s::text;

-- name: add_run
-- The history of runs.
INSERT INTO housekeeping_runs (started_at, job, finished_at, outcome, detail, leader)
VALUES (
  %(started_at)s::timestamptz,
  %(job)s::text,
  %(finished_at)s::timestamptz,
  %(outcome)s::text,
  %(detail)s::text,
  %(leader)s::text
)
ON CONFLICT DO NOTHING;

-- name: list_jobs
-- Every job with its last run.
SELECT
  job,
  every,
  paused_at,
  requested_at,
  started_at,
  finished_at,
  outcome,
  detail
FROM housekeeping_jobs
ORDER BY job;

-- name: list_runs
-- The newest runs of one job or of all, before a moment.
SELECT
  job,
  started_at,
  finished_at,
  outcome,
  detail,
  leader
FROM housekeeping_runs
WHERE
  started_at >= %(since)s::timestamptz
  AND started_at < %(before)s::timestamptz
  AND (job = %(job)s::text OR %(job)s::text IS NULL)
ORDER BY started_at DESC, job
LIMIT %(limit)s::bigint;

-- name: find_run_since
-- The first run of a job that began after it was asked for.
SELECT
  job,
  started_at,
  finished_at,
  outcome,
  detail,
  leader
FROM housekeeping_runs
WHERE job = %(job)s::text AND started_at >= %(since)s::timestamptz
ORDER BY started_at
LIMIT 1;

-- name: pause_job
-- From now on it is not run.
UPDATE housekeeping_jobs
SET paused_at = coalesce(paused_at, now())
WHERE job = %(job)s::text;

-- name: resume_job
-- It is run again.
UPDATE housekeeping_jobs
SET paused_at = NULL
WHERE job = %(job)s::text;

-- name: request_run
-- Asks the leader for a run at once; answers when.
UPDATE housekeeping_jobs
SET requested_at = clock_timestamp()
WHERE job = %(job)s::text
RETURNING requested_at;
