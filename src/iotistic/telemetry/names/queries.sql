-- name: find_metric_set
-- The number of a list of metric names and units.
SELECT
  id,
  metric_names_id
FROM metric_sets
WHERE digest = %(digest)s::bytea;

-- name: find_metric_names
-- The number of a list of metric names.
SELECT id
FROM metric_name_lists
WHERE digest = %(digest)s::bytea;

-- name: create_metric_names
-- Gives it one, unless its device has brought its share of new lists, or another process is quicker.
INSERT INTO metric_name_lists (digest)
SELECT %(digest)s::bytea
WHERE (
  SELECT count(*)
  FROM metric_sets
  WHERE first_device_uuid = %(device_uuid)s::uuid
) < %(most)s::bigint
ON CONFLICT (digest) DO NOTHING
RETURNING id;

-- name: create_metric_set
-- Gives it one, unless its device has brought its share of new lists, or another process is quicker.
INSERT INTO metric_sets (metric_names_id, names, units, digest, first_device_uuid)
SELECT
  %(metric_names_id)s::integer,
  %(names)s::text [],
  %(units)s::text [],
  %(digest)s::bytea,
  %(device_uuid)s::uuid
WHERE (
  SELECT count(*)
  FROM metric_sets
  WHERE first_device_uuid = %(device_uuid)s::uuid
) < %(most)s::bigint
ON CONFLICT (digest) DO NOTHING;

-- name: find_series
-- The numbers of devices with lists of metric names, as far as they have one.
SELECT
  asked.number,
  series.id
FROM unnest(%(devices)s::uuid [], %(names_ids)s::integer []) WITH ORDINALITY AS asked (device_uuid, metric_names_id, number)
INNER JOIN metric_series AS series
  ON series.device_uuid = asked.device_uuid AND series.metric_names_id = asked.metric_names_id;

-- name: create_series
-- Gives them one, unless another process is quicker. In key order, so that two processes with the same devices cannot deadlock.
INSERT INTO metric_series (device_uuid, metric_names_id)
SELECT
  asked.device_uuid,
  asked.metric_names_id
FROM unnest(%(devices)s::uuid [], %(names_ids)s::integer []) AS asked (device_uuid, metric_names_id)
ORDER BY asked.device_uuid, asked.metric_names_id
ON CONFLICT (device_uuid, metric_names_id) DO NOTHING;
