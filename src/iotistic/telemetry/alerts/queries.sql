-- Everything about alerts on log lines that is asked of the database.

-- name: count_rules
-- How many there are: there is a limit.
SELECT count(*) AS rules
FROM log_alert_rules;

-- name: insert_rule
-- Makes a rule; a taken name violates log_alert_rules_name_key.
INSERT INTO log_alert_rules (
  name, device_uuid, fleet, service, minimum_level, pattern, pattern_type, threshold, time_window, resolve_after, severity,
  is_enabled, created_by
)
VALUES (
  %(name)s::text, %(device_uuid)s::uuid, %(fleet)s::text, %(service)s::text, %(minimum_level)s::text, %(pattern)s::text,
  %(pattern_type)s::text, %(threshold)s::bigint, %(time_window)s::interval, %(resolve_after)s::interval, %(severity)s::text,
  %(is_enabled)s::boolean, %(created_by)s::text
);

-- name: find_rule
-- One rule.
SELECT
  id, name, device_uuid, fleet, service, minimum_level, pattern, pattern_type, threshold, time_window, resolve_after, severity,
  is_enabled, created_by, created_at, updated_at
FROM log_alert_rules
WHERE name = %(name)s::text;

-- name: list_rules
-- Rules by name, from behind a name on.
SELECT
  id, name, device_uuid, fleet, service, minimum_level, pattern, pattern_type, threshold, time_window, resolve_after, severity,
  is_enabled, created_by, created_at, updated_at
FROM log_alert_rules
WHERE (%(after)s::text IS NULL OR name > %(after)s::text)
ORDER BY name
LIMIT %(limit)s::bigint;

-- name: list_enabled_rules
-- What lines are held against. Locked, so that none goes or changes while its lines are counted.
SELECT
  id, name, device_uuid, fleet, service, minimum_level, pattern, pattern_type, threshold, time_window, resolve_after, severity,
  is_enabled, created_by, created_at, updated_at
FROM log_alert_rules
WHERE is_enabled
ORDER BY id
FOR SHARE;

-- name: replace_rule
-- Says anew what a rule watches.
UPDATE log_alert_rules
SET
  device_uuid = %(device_uuid)s::uuid,
  fleet = %(fleet)s::text,
  service = %(service)s::text,
  minimum_level = %(minimum_level)s::text,
  pattern = %(pattern)s::text,
  pattern_type = %(pattern_type)s::text,
  threshold = %(threshold)s::bigint,
  time_window = %(time_window)s::interval,
  resolve_after = %(resolve_after)s::interval,
  severity = %(severity)s::text,
  is_enabled = %(is_enabled)s::boolean,
  updated_at = now()
WHERE name = %(name)s::text;

-- name: delete_rule
-- With its alerts.
DELETE FROM log_alert_rules
WHERE name = %(name)s::text;

-- name: forget_counts_of
-- What a rule counted before it was changed.
DELETE FROM log_alert_counts
WHERE rule_id = %(rule_id)s::bigint;

-- name: list_alerts
-- The newest first, from before a number on.
SELECT
  alert.id, rule.name AS rule, alert.device_uuid, alert.severity, alert.status, alert.lines, alert.first_seen, alert.last_seen,
  alert.samples, alert.opened_at, alert.extended_at, alert.acknowledged_by, alert.acknowledged_at, alert.resolved_by, alert.resolved_at
FROM log_alerts AS alert
INNER JOIN log_alert_rules AS rule ON alert.rule_id = rule.id
WHERE
  alert.status = ANY(%(statuses)s::text [])
  AND (alert.rule_id = (SELECT named.id FROM log_alert_rules AS named WHERE named.name = %(rule)s::text) OR %(rule)s::text IS NULL)
  AND (alert.device_uuid = %(device_uuid)s::uuid OR %(device_uuid)s::uuid IS NULL)
  AND (alert.id < %(before)s::bigint OR %(before)s::bigint IS NULL)
ORDER BY alert.id DESC
LIMIT %(limit)s::bigint;

-- name: find_alert
-- One alert.
SELECT
  alert.id, rule.name AS rule, alert.device_uuid, alert.severity, alert.status, alert.lines, alert.first_seen, alert.last_seen,
  alert.samples, alert.opened_at, alert.extended_at, alert.acknowledged_by, alert.acknowledged_at, alert.resolved_by, alert.resolved_at
FROM log_alerts AS alert
INNER JOIN log_alert_rules AS rule ON alert.rule_id = rule.id
WHERE alert.id = %(id)s::bigint;

-- name: acknowledge_alert
-- The first who says so stays the one who did.
UPDATE log_alerts
SET status = 'acknowledged', acknowledged_by = %(by)s::text, acknowledged_at = %(now)s::timestamptz
WHERE id = %(id)s::bigint AND status = 'active';

-- name: resolve_alert
-- The same.
UPDATE log_alerts
SET status = 'resolved', resolved_by = %(by)s::text, resolved_at = %(now)s::timestamptz
WHERE id = %(id)s::bigint AND status <> 'resolved';

-- name: resolve_quiet
-- What got no line for as long as its rule says. Locked in order, and not waited for: the next run comes in seconds.
UPDATE log_alerts AS alert
SET status = 'resolved', resolved_at = %(now)s::timestamptz
FROM (
  SELECT quiet.id
  FROM log_alerts AS quiet
  INNER JOIN log_alert_rules AS rule ON quiet.rule_id = rule.id
  WHERE quiet.status <> 'resolved' AND quiet.extended_at + rule.resolve_after <= %(now)s::timestamptz
  ORDER BY quiet.id
  LIMIT %(limit)s::bigint
  FOR UPDATE OF quiet SKIP LOCKED
) AS over
WHERE alert.id = over.id;

-- name: lock_marks
-- The oldest lines that no rule was held against. A second process waits here, and then finds them gone.
SELECT
  id,
  cardinality(devices) AS lines
FROM log_alert_marks
ORDER BY id
LIMIT %(limit)s::bigint
FOR UPDATE;

-- name: list_watched_lines
-- Each line through its key; only those that the transaction of the mark wrote itself, which their equal xmin tells: one that was
-- stored before was counted then.
SELECT
  line.device_uuid,
  fleet.name AS fleet,
  line.timestamp,
  line.level,
  line.service,
  left(line.message, %(length)s::int) AS message
FROM log_alert_marks AS mark
CROSS JOIN LATERAL unnest(mark.devices, mark.moments, mark.sequences) AS key (device_uuid, moment, sequence)
CROSS JOIN LATERAL (
  SELECT
    stored.device_uuid,
    stored.timestamp,
    stored.level,
    stored.service,
    stored.message
  FROM device_logs AS stored
  WHERE
    stored.device_uuid = key.device_uuid
    AND stored.timestamp = key.moment
    AND stored.sequence = key.sequence
    AND stored.xmin = mark.xmin
  -- A fence: through the key for each line, never a whole partition.
  ORDER BY stored.timestamp
  OFFSET 0
) AS line
LEFT JOIN devices AS device ON line.device_uuid = device.uuid
LEFT JOIN fleets AS fleet ON device.fleet_id = fleet.id
WHERE mark.id = ANY(%(marks)s::bigint []);

-- name: delete_marks
-- In the transaction that counted their lines.
DELETE FROM log_alert_marks
WHERE id = ANY(%(marks)s::bigint []);

-- name: lock_open_alerts
-- Of these rules and devices. Somebody who resolves one of them waits, or came first.
SELECT
  alert.id,
  alert.rule_id,
  alert.device_uuid
FROM log_alerts AS alert
INNER JOIN unnest(%(rules)s::bigint [], %(devices)s::uuid []) AS pair (rule_id, device_uuid)
  ON alert.rule_id = pair.rule_id AND alert.device_uuid = pair.device_uuid
WHERE alert.status <> 'resolved'
ORDER BY alert.id
FOR UPDATE OF alert;

-- name: lock_counts
-- Lines of these rules and devices that were too few so far.
SELECT
  kept.rule_id,
  kept.device_uuid,
  kept.moments
FROM log_alert_counts AS kept
INNER JOIN unnest(%(rules)s::bigint [], %(devices)s::uuid []) AS pair (rule_id, device_uuid)
  ON kept.rule_id = pair.rule_id AND kept.device_uuid = pair.device_uuid
ORDER BY kept.rule_id, kept.device_uuid
FOR UPDATE OF kept;

-- name: keep_count
-- Too few still.
INSERT INTO log_alert_counts (rule_id, device_uuid, moments, counted_at)
VALUES (%(rule_id)s::bigint, %(device_uuid)s::uuid, %(moments)s::timestamptz [], %(now)s::timestamptz)
ON CONFLICT (rule_id, device_uuid) DO UPDATE SET moments = excluded.moments, counted_at = excluded.counted_at;

-- name: delete_count
-- They are an alert now.
DELETE FROM log_alert_counts
WHERE rule_id = %(rule_id)s::bigint AND device_uuid = %(device_uuid)s::uuid;

-- name: open_alert
-- A rule holds for a device.
INSERT INTO log_alerts (
  rule_id, device_uuid, severity, lines, first_seen, last_seen, samples, opened_at, extended_at
)
VALUES (
  %(rule_id)s::bigint, %(device_uuid)s::uuid, %(severity)s::text, %(lines)s::bigint, %(first_seen)s::timestamptz,
  %(last_seen)s::timestamptz, %(samples)s::jsonb, %(now)s::timestamptz, %(now)s::timestamptz
);

-- name: extend_alert
-- More lines of the same. Samples are added until there are as many as one keeps.
UPDATE log_alerts
SET
  lines = lines + %(lines)s::bigint,
  first_seen = least(first_seen, %(first_seen)s::timestamptz),
  last_seen = greatest(last_seen, %(last_seen)s::timestamptz),
  samples = jsonb_path_query_array(samples || %(samples)s::jsonb, '$[0 to $last]', jsonb_build_object('last', %(most)s::int - 1)),
  extended_at = %(now)s::timestamptz
WHERE id = %(id)s::bigint;

-- name: forget_alerts
-- Resolved long ago; so many at most.
DELETE FROM log_alerts
WHERE id IN (
  SELECT old.id
  FROM log_alerts AS old
  WHERE old.status = 'resolved' AND old.resolved_at < %(moment)s::timestamptz
  ORDER BY old.resolved_at
  LIMIT %(limit)s::bigint
);

-- name: forget_counts
-- Longer ago than any window: they will never be enough.
DELETE FROM log_alert_counts
WHERE (rule_id, device_uuid) IN (
  SELECT old.rule_id, old.device_uuid
  FROM log_alert_counts AS old
  WHERE old.counted_at < %(moment)s::timestamptz
  ORDER BY old.rule_id, old.device_uuid
  LIMIT %(limit)s::bigint
);
