-- Everything about job schedules that is asked of the database.

-- name: insert_schedule
-- Makes a schedule; a taken name violates job_schedules_name_key.
INSERT INTO job_schedules (
  name, template_id, template_version, target, rollout, cron, every, time_zone, catch_up, next_run_at, created_by, created_at
)
VALUES (
  %(name)s::text, %(template_id)s::bigint, %(template_version)s::bigint, %(target)s::jsonb, %(rollout)s::jsonb,
  %(cron)s::text, %(every)s::interval, %(time_zone)s::text, %(catch_up)s::text, %(next_run_at)s::timestamptz,
  %(created_by)s::text, %(created_at)s::timestamptz
);

-- name: find_schedule
-- One schedule, and the job it made last.
SELECT
  schedule.name, template.name AS template, schedule.template_version, schedule.target, schedule.rollout, schedule.cron,
  schedule.every, schedule.time_zone, schedule.catch_up, schedule.is_enabled, schedule.next_run_at, schedule.last_run_at,
  schedule.last_problem,
  (
    SELECT job.id FROM jobs AS job
    WHERE job.schedule_id = schedule.id ORDER BY job.scheduled_for DESC LIMIT 1
  ) AS last_job,
  schedule.created_by, schedule.created_at, schedule.updated_at
FROM job_schedules AS schedule
INNER JOIN job_templates AS template ON template.id = schedule.template_id
WHERE schedule.name = %(name)s::text;

-- name: list_schedules
-- Schedules by name, from behind a name on.
SELECT
  schedule.name, template.name AS template, schedule.template_version, schedule.target, schedule.rollout, schedule.cron,
  schedule.every, schedule.time_zone, schedule.catch_up, schedule.is_enabled, schedule.next_run_at, schedule.last_run_at,
  schedule.last_problem,
  (
    SELECT job.id FROM jobs AS job
    WHERE job.schedule_id = schedule.id ORDER BY job.scheduled_for DESC LIMIT 1
  ) AS last_job,
  schedule.created_by, schedule.created_at, schedule.updated_at
FROM job_schedules AS schedule
INNER JOIN job_templates AS template ON template.id = schedule.template_id
WHERE (%(after)s::text IS NULL OR schedule.name > %(after)s::text)
ORDER BY schedule.name
LIMIT %(limit)s::bigint;

-- name: find_timing
-- When a schedule comes, for whoever switches it on again.
SELECT cron, every, time_zone, created_at
FROM job_schedules
WHERE name = %(name)s::text
FOR NO KEY UPDATE;

-- name: switch_schedule
-- Lets a schedule run, or not.
UPDATE job_schedules
SET is_enabled = %(is_enabled)s::boolean, next_run_at = %(next_run_at)s::timestamptz, updated_at = now()
WHERE name = %(name)s::text;

-- name: delete_schedule
-- Deletes a schedule; its jobs stay.
DELETE FROM job_schedules
WHERE name = %(name)s::text;

-- name: lock_due
-- The schedule that is due longest; one that somebody else looks after is passed over.
SELECT
  id, name, template_id, template_version, target, rollout, cron, every, time_zone, catch_up, created_at, next_run_at
FROM job_schedules
WHERE is_enabled AND next_run_at <= %(now)s::timestamptz
ORDER BY next_run_at
LIMIT 1
FOR NO KEY UPDATE SKIP LOCKED;

-- name: settle
-- Notes that a schedule was looked after, and when it comes next.
UPDATE job_schedules
SET
  last_run_at = %(now)s::timestamptz,
  next_run_at = %(next_run_at)s::timestamptz,
  last_problem = %(problem)s::text
WHERE id = %(id)s::bigint;
