-- Everything jobs ask of the database.

-- name: insert_job
-- Makes a job without devices; a second one of the same run of a schedule makes nothing.
INSERT INTO jobs (
  name, template_id, template_version, schedule_id, scheduled_for, document, target, is_continuous, rollout, created_by
)
VALUES (
  %(name)s::text, %(template_id)s::bigint, %(template_version)s::bigint, %(schedule_id)s::bigint,
  %(scheduled_for)s::timestamptz, %(document)s::jsonb, %(target)s::jsonb, %(is_continuous)s::boolean, %(rollout)s::jsonb,
  %(created_by)s::text
)
ON CONFLICT (schedule_id, scheduled_for) DO NOTHING
RETURNING id;

-- name: add_executions
-- Puts devices into the queue of a job, each once. In order, so that two who add never wait for each other crosswise.
INSERT INTO job_executions (job_id, device_uuid)
SELECT %(job_id)s::bigint, meant.uuid
FROM unnest(%(uuids)s::uuid []) AS meant (uuid)
ORDER BY meant.uuid
ON CONFLICT (job_id, device_uuid) DO NOTHING;

-- name: retry_job
-- Makes a job with what another one is, without devices; a second one of the same violates jobs_retry_of_key.
INSERT INTO jobs (
  name, template_id, template_version, document, target, is_continuous, rollout, retry_of, created_by
)
SELECT
  job.name, job.template_id, job.template_version, job.document, job.target, FALSE, job.rollout, job.id, %(created_by)s::text
FROM jobs AS job
WHERE job.id = %(id)s::bigint
RETURNING id;

-- name: add_failed
-- Puts the devices in service for which a job failed into the queue of another one.
INSERT INTO job_executions (job_id, device_uuid)
SELECT %(job_id)s::bigint, execution.device_uuid
FROM job_executions AS execution
INNER JOIN devices AS device ON device.uuid = execution.device_uuid
WHERE
  execution.job_id = %(retry_of)s::bigint
  AND execution.status IN ('failed', 'timed_out', 'rejected')
  AND device.retired_at IS NULL
ORDER BY execution.device_uuid;

-- name: find_job
-- One job, and how many of its devices are in which state.
SELECT
  job.id, job.name, template.name AS template, job.template_version, schedule.name AS schedule, job.document, job.target,
  job.retry_of, job.is_continuous, job.rollout, job.status, job.status_reason, job.forgiven, job.is_canary_passed, job.created_by,
  job.created_at, job.finished_at, counted.tally
FROM jobs AS job
LEFT JOIN job_templates AS template ON template.id = job.template_id
LEFT JOIN job_schedules AS schedule ON schedule.id = job.schedule_id
CROSS JOIN LATERAL (
  SELECT coalesce(jsonb_object_agg(sorted.status, sorted.devices), '{}') AS tally
  FROM (
    SELECT execution.status, count(*) AS devices
    FROM job_executions AS execution
    WHERE execution.job_id = job.id
    GROUP BY execution.status
  ) AS sorted
) AS counted
WHERE job.id = %(id)s::bigint;

-- name: list_jobs
-- Jobs, the newest first, from before one on.
SELECT
  job.id, job.name, template.name AS template, job.template_version, schedule.name AS schedule, job.document, job.target,
  job.retry_of, job.is_continuous, job.rollout, job.status, job.status_reason, job.forgiven, job.is_canary_passed, job.created_by,
  job.created_at, job.finished_at, counted.tally
FROM (
  SELECT found.id
  FROM jobs AS found
  WHERE
    (%(before)s::bigint IS NULL OR found.id < %(before)s::bigint)
    AND (%(status)s::text IS NULL OR found.status = %(status)s::text)
  ORDER BY found.id DESC
  LIMIT %(limit)s::bigint
) AS page
INNER JOIN jobs AS job ON job.id = page.id
LEFT JOIN job_templates AS template ON template.id = job.template_id
LEFT JOIN job_schedules AS schedule ON schedule.id = job.schedule_id
CROSS JOIN LATERAL (
  SELECT coalesce(jsonb_object_agg(sorted.status, sorted.devices), '{}') AS tally
  FROM (
    SELECT execution.status, count(*) AS devices
    FROM job_executions AS execution
    WHERE execution.job_id = job.id
    GROUP BY execution.status
  ) AS sorted
) AS counted
ORDER BY job.id DESC;

-- name: list_open
-- Which jobs still go on, and which of them take in devices that come later.
SELECT id, is_continuous
FROM jobs
WHERE status IN ('running', 'paused', 'halted') AND id > %(after)s::bigint
ORDER BY id
LIMIT %(limit)s::bigint;

-- name: lock_job
-- One job for a change of its state or its rollout; others who would change it wait.
SELECT status, is_continuous, rollout, forgiven, is_canary_passed, target
FROM jobs
WHERE id = %(id)s::bigint
FOR NO KEY UPDATE;

-- name: count_states
-- How many devices of a job are in which state.
SELECT status, count(*) AS devices, count(*) FILTER (WHERE queued_at <= now()) AS ready
FROM job_executions
WHERE job_id = %(id)s::bigint
GROUP BY status;

-- name: set_job_status
-- Brings a job into another state.
UPDATE jobs
SET
  status = %(status)s::text,
  status_reason = %(reason)s::text,
  forgiven = %(forgiven)s::bigint,
  is_canary_passed = %(is_canary_passed)s::boolean,
  finished_at = CASE WHEN %(status)s::text IN ('completed', 'cancelled') THEN now() END
WHERE id = %(id)s::bigint;

-- name: pass_canary
-- Notes that the first devices succeeded.
UPDATE jobs
SET is_canary_passed = TRUE
WHERE id = %(id)s::bigint;

-- name: release
-- Lets the next devices claim.
UPDATE job_executions AS execution
SET status = 'released', due_at = now() + %(claim_within)s::interval
FROM (
  SELECT next.device_uuid
  FROM job_executions AS next
  WHERE next.job_id = %(job_id)s::bigint AND next.status = 'queued' AND next.queued_at <= now()
  ORDER BY next.queued_at, next.device_uuid
  LIMIT %(count)s::bigint
  FOR NO KEY UPDATE SKIP LOCKED
) AS chosen
WHERE execution.job_id = %(job_id)s::bigint AND execution.device_uuid = chosen.device_uuid;

-- name: call_back
-- Puts those who may claim and have not back to the front of the queue, as the rollout stops.
UPDATE job_executions
SET status = 'queued', due_at = NULL
WHERE job_id = %(job_id)s::bigint AND status = 'released';

-- name: cancel_unclaimed
-- Ends what no device has begun.
UPDATE job_executions
SET status = 'cancelled', due_at = NULL, finished_at = now(), message = %(reason)s::text
WHERE job_id = %(job_id)s::bigint AND status IN ('queued', 'released');

-- name: ask_to_stop
-- Asks the devices at work to stop, and ends what does not stop in time.
UPDATE job_executions
SET
  cancel_requested_at = now(),
  due_at = least(due_at, now() + %(grace)s::interval),
  deadline_at = least(deadline_at, now() + %(grace)s::interval)
WHERE job_id = %(job_id)s::bigint AND status = 'in_progress' AND cancel_requested_at IS NULL;

-- name: cancel_of_device
-- Ends what a device that went out of service has not begun, and says of which jobs.
UPDATE job_executions
SET status = 'cancelled', due_at = NULL, finished_at = now(), message = %(reason)s::text
WHERE device_uuid = %(device_uuid)s::uuid AND status IN ('queued', 'released')
RETURNING job_id;

-- name: begin_claim
-- Whether no other claim of the device is on its way. A statement of its own, so that the next one sees what the last claim did: of
-- two that find different jobs first, the second waited for the first at the unique index, and failed there.
SELECT pg_try_advisory_xact_lock(hashtextextended('iotistic job claim ' || %(device_uuid)s::uuid, 0)) AS is_alone;

-- name: claim
-- Gives a device the first job it may take, unless it is at work. Whoever meets a row that is just being changed goes away with
-- nothing: two claims of one device at once never wait for each other, and never take two jobs.
UPDATE job_executions AS execution
SET
  status = 'in_progress',
  attempt = execution.attempt + 1,
  step = 0,
  message = NULL,
  started_at = now(),
  deadline_at = now() + make_interval(secs => (job.document ->> 'timeout_seconds')::float8),
  due_at = now() + make_interval(secs => least(
    (job.document ->> 'timeout_seconds')::float8, (job.document #>> '{steps,0,timeout_seconds}')::float8
  ))
FROM (
  SELECT mine.job_id, mine.device_uuid
  FROM job_executions AS mine
  WHERE
    mine.device_uuid = %(device_uuid)s::uuid
    AND mine.status = 'released'
    AND mine.job_id = (
      SELECT first.job_id
      FROM job_executions AS first
      WHERE first.device_uuid = %(device_uuid)s::uuid AND first.status = 'released'
      ORDER BY first.due_at, first.job_id
      LIMIT 1
    )
    AND NOT EXISTS (
      SELECT FROM job_executions AS work
      WHERE work.device_uuid = %(device_uuid)s::uuid AND work.status = 'in_progress'
    )
  FOR NO KEY UPDATE SKIP LOCKED
) AS free
INNER JOIN jobs AS job ON job.id = free.job_id
WHERE execution.job_id = free.job_id AND execution.device_uuid = free.device_uuid
RETURNING
  execution.job_id, execution.attempt, job.document, execution.step, execution.due_at, execution.deadline_at,
  FALSE AS is_cancelled, TRUE AS is_new;

-- name: find_running
-- What a device is at work on.
SELECT
  execution.job_id, execution.attempt, job.document, execution.step, execution.due_at, execution.deadline_at,
  execution.cancel_requested_at IS NOT NULL AS is_cancelled, FALSE AS is_new
FROM job_executions AS execution
INNER JOIN jobs AS job ON job.id = execution.job_id
WHERE execution.device_uuid = %(device_uuid)s::uuid AND execution.status = 'in_progress';

-- name: note_progress
-- Notes that a device went on to a step. Only onwards: a report that comes twice, or late, gives no more time.
UPDATE job_executions AS execution
SET
  step = greatest(execution.step, %(step)s::bigint),
  message = coalesce(%(message)s::text, execution.message),
  due_at = CASE
    WHEN %(step)s::bigint > execution.step THEN least(
      execution.deadline_at,
      now() + make_interval(
        secs => (job.document #>> ARRAY['steps', (%(step)s::bigint)::text, 'timeout_seconds'])::float8
      )
    )
    ELSE execution.due_at
  END
FROM jobs AS job
WHERE
  execution.job_id = %(job_id)s::bigint
  AND execution.device_uuid = %(device_uuid)s::uuid
  AND execution.status = 'in_progress'
  AND execution.attempt = %(attempt)s::bigint
  AND %(step)s::bigint >= execution.step
  AND %(step)s::bigint < jsonb_array_length(job.document -> 'steps')
  AND job.id = execution.job_id;

-- name: find_news
-- Where an attempt stands, for the device that asks.
SELECT attempt, status, due_at, cancel_requested_at IS NOT NULL AND status IN ('in_progress', 'cancelled') AS is_cancelled
FROM job_executions
WHERE job_id = %(job_id)s::bigint AND device_uuid = %(device_uuid)s::uuid;

-- name: lock_attempt
-- Where a device stands with a job, for whoever ends its attempt; nobody else does so until the transaction ends.
SELECT
  execution.device_uuid, execution.job_id, execution.status, execution.attempt,
  execution.cancel_requested_at IS NOT NULL AS is_cancelled, job.rollout
FROM job_executions AS execution
INNER JOIN jobs AS job ON job.id = execution.job_id
WHERE execution.job_id = %(job_id)s::bigint AND execution.device_uuid = %(device_uuid)s::uuid
FOR NO KEY UPDATE OF execution;

-- name: end_attempt
-- Ends the attempt that runs, and keeps how. Locks nothing of the job, so that devices that report at once do not queue up.
WITH ended AS (
  UPDATE job_executions
  SET
    status = %(status)s::text,
    queued_at = CASE %(status)s::text WHEN 'queued' THEN now() + %(retry_delay)s::interval ELSE queued_at END,
    finished_at = CASE %(status)s::text WHEN 'queued' THEN NULL ELSE now() END,
    step = coalesce(%(step)s::bigint, step),
    message = %(reason)s::text,
    due_at = NULL,
    deadline_at = NULL
  WHERE
    job_id = %(job_id)s::bigint
    AND device_uuid = %(device_uuid)s::uuid
    AND status = 'in_progress'
    AND attempt = %(attempt)s::bigint
  RETURNING job_id, device_uuid, attempt, step, started_at
)
INSERT INTO job_attempts (
  job_id, device_uuid, attempt, outcome, step, exit_code, reason, output, output_bytes, result, started_at
)
SELECT
  job_id, device_uuid, attempt, %(outcome)s::text, step, %(exit_code)s::bigint, %(reason)s::text, %(output)s::text,
  %(output_bytes)s::bigint, %(result)s::jsonb, started_at
FROM ended;

-- name: list_expired
-- Attempts whose time is over, locked for whoever ends them; those that somebody else looks after are passed over.
SELECT
  execution.device_uuid, execution.job_id, execution.status, execution.attempt,
  execution.cancel_requested_at IS NOT NULL AS is_cancelled, job.rollout
FROM job_executions AS execution
INNER JOIN jobs AS job ON job.id = execution.job_id
WHERE execution.due_at < now() AND execution.status = 'in_progress'
ORDER BY execution.due_at
LIMIT %(limit)s::bigint
FOR NO KEY UPDATE OF execution SKIP LOCKED;

-- name: return_unclaimed
-- Puts devices that did not come to claim in time to the end of the queue.
UPDATE job_executions AS execution
SET status = 'queued', due_at = NULL, queued_at = now()
FROM (
  SELECT late.job_id, late.device_uuid
  FROM job_executions AS late
  WHERE late.due_at < now() AND late.status = 'released'
  ORDER BY late.due_at
  LIMIT %(limit)s::bigint
  FOR NO KEY UPDATE SKIP LOCKED
) AS chosen
WHERE execution.job_id = chosen.job_id AND execution.device_uuid = chosen.device_uuid
RETURNING execution.job_id;

-- name: list_executions
-- The devices of a job by name, from behind one on.
SELECT
  execution.job_id, job.name AS job_name, execution.device_uuid, device.name AS device_name, execution.status,
  execution.attempt, execution.step, jsonb_array_length(job.document -> 'steps') AS steps, execution.message,
  execution.queued_at, execution.due_at, execution.started_at, execution.finished_at, execution.cancel_requested_at
FROM job_executions AS execution
INNER JOIN jobs AS job ON job.id = execution.job_id
INNER JOIN devices AS device ON device.uuid = execution.device_uuid
WHERE
  execution.job_id = %(job_id)s::bigint
  AND (%(status)s::text IS NULL OR execution.status = %(status)s::text)
  AND (%(after)s::uuid IS NULL OR execution.device_uuid > %(after)s::uuid)
ORDER BY execution.device_uuid
LIMIT %(limit)s::bigint;

-- name: find_execution
-- A job on one device.
SELECT
  execution.job_id, job.name AS job_name, execution.device_uuid, device.name AS device_name, execution.status,
  execution.attempt, execution.step, jsonb_array_length(job.document -> 'steps') AS steps, execution.message,
  execution.queued_at, execution.due_at, execution.started_at, execution.finished_at, execution.cancel_requested_at
FROM job_executions AS execution
INNER JOIN jobs AS job ON job.id = execution.job_id
INNER JOIN devices AS device ON device.uuid = execution.device_uuid
WHERE execution.job_id = %(job_id)s::bigint AND execution.device_uuid = %(device_uuid)s::uuid;

-- name: list_of_device
-- What was ever for a device, the newest job first, from before one on.
SELECT
  execution.job_id, job.name AS job_name, execution.device_uuid, device.name AS device_name, execution.status,
  execution.attempt, execution.step, jsonb_array_length(job.document -> 'steps') AS steps, execution.message,
  execution.queued_at, execution.due_at, execution.started_at, execution.finished_at, execution.cancel_requested_at
FROM job_executions AS execution
INNER JOIN jobs AS job ON job.id = execution.job_id
INNER JOIN devices AS device ON device.uuid = execution.device_uuid
WHERE
  execution.device_uuid = %(device_uuid)s::uuid
  AND (%(before)s::bigint IS NULL OR execution.job_id < %(before)s::bigint)
ORDER BY execution.job_id DESC
LIMIT %(limit)s::bigint;

-- name: list_attempts
-- How the attempts of a device ended, the first first.
SELECT attempt, outcome, step, exit_code, reason, output, output_bytes, result, started_at, finished_at
FROM job_attempts
WHERE job_id = %(job_id)s::bigint AND device_uuid = %(device_uuid)s::uuid
ORDER BY attempt
LIMIT 100;

-- name: find_outcome
-- How an attempt ended.
SELECT outcome
FROM job_attempts
WHERE job_id = %(job_id)s::bigint AND device_uuid = %(device_uuid)s::uuid AND attempt = %(attempt)s::bigint;
