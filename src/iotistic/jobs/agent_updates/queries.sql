-- Everything about updates of agents that is asked of the database.

-- name: insert_update
-- Notes that a job brings agents to a version.
INSERT INTO agent_updates (job_id, target_version, is_forced)
VALUES (%(job_id)s::bigint, %(target_version)s::text, %(is_forced)s::boolean);

-- name: list_updates
-- Updates, the newest first, from before one on, and how far they are.
SELECT
  renewal.job_id, renewal.target_version, renewal.is_forced, job.status, counted.devices, counted.succeeded, counted.failed,
  job.created_by, job.created_at
FROM agent_updates AS renewal
INNER JOIN jobs AS job ON job.id = renewal.job_id
CROSS JOIN LATERAL (
  SELECT
    count(*) AS devices,
    count(*) FILTER (WHERE execution.status = 'succeeded') AS succeeded,
    count(*) FILTER (WHERE execution.status IN ('failed', 'timed_out', 'rejected')) AS failed
  FROM job_executions AS execution
  WHERE execution.job_id = renewal.job_id
) AS counted
WHERE %(before)s::bigint IS NULL OR renewal.job_id < %(before)s::bigint
ORDER BY renewal.job_id DESC
LIMIT %(limit)s::bigint;

-- name: list_of_device
-- The updates of one device's agent, the newest first, from before one on.
SELECT
  execution.job_id, execution.device_uuid, renewal.target_version, host.facts ->> 'agent_version' AS reported_version,
  renewal.is_forced, execution.status, execution.attempt, execution.message, execution.due_at, execution.started_at,
  execution.finished_at
FROM job_executions AS execution
INNER JOIN agent_updates AS renewal ON renewal.job_id = execution.job_id
LEFT JOIN device_host_facts AS host ON host.device_uuid = execution.device_uuid
WHERE
  execution.device_uuid = %(device_uuid)s::uuid
  AND (%(before)s::bigint IS NULL OR execution.job_id < %(before)s::bigint)
ORDER BY execution.job_id DESC
LIMIT %(limit)s::bigint;
