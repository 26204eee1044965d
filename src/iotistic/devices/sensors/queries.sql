-- Everything about sensors that is asked of the database.

-- name: lock_device
-- Lets one at a time add sensors to a device; no row: no such device.
SELECT uuid
FROM devices
WHERE uuid = %(uuid)s::uuid
FOR NO KEY UPDATE;

-- name: count_sensors
-- How many sensors a device has. A statement of its own: one that waited for the lock would count as of before it waited.
SELECT count(*) AS sensors
FROM device_sensors
WHERE device_uuid = %(uuid)s::uuid;

-- name: insert_sensor
-- Gives a device a sensor; a name it has already violates device_sensors_pkey.
INSERT INTO device_sensors (
  device_uuid, name, protocol, is_enabled, poll_every, description, connection, data_points
)
VALUES (
  %(uuid)s::uuid, %(name)s::text, %(protocol)s::text, %(is_enabled)s::boolean, %(poll_every)s::interval, %(description)s::text,
  %(connection)s::jsonb, %(data_points)s::jsonb
);

-- name: replace_sensor
-- Says anew what a sensor is; what is as before keeps its revision and how far the device is with it.
UPDATE device_sensors
SET
  revision = DEFAULT,
  protocol = %(protocol)s::text,
  is_enabled = %(is_enabled)s::boolean,
  poll_every = %(poll_every)s::interval,
  description = %(description)s::text,
  connection = %(connection)s::jsonb,
  data_points = %(data_points)s::jsonb,
  deployment = 'pending',
  deployment_error = NULL,
  deployment_reported_at = NULL,
  updated_at = now()
WHERE
  device_uuid = %(uuid)s::uuid
  AND name = %(name)s::text
  AND (protocol, is_enabled, poll_every, description, connection, data_points) IS DISTINCT FROM (
    %(protocol)s::text, %(is_enabled)s::boolean, %(poll_every)s::interval, %(description)s::text, %(connection)s::jsonb,
    %(data_points)s::jsonb
  );

-- name: delete_sensor
-- Takes a sensor from a device.
DELETE FROM device_sensors
WHERE device_uuid = %(uuid)s::uuid AND name = %(name)s::text;

-- name: find_sensor
-- One sensor of a device.
SELECT
  name, revision, protocol, is_enabled, poll_every, description, connection, data_points, deployment, deployment_error,
  deployment_reported_at, created_at, updated_at
FROM device_sensors
WHERE device_uuid = %(uuid)s::uuid AND name = %(name)s::text;

-- name: list_sensors
-- The sensors of a device by name.
SELECT
  name, revision, protocol, is_enabled, poll_every, description, connection, data_points, deployment, deployment_error,
  deployment_reported_at, created_at, updated_at
FROM device_sensors
WHERE device_uuid = %(uuid)s::uuid
ORDER BY name
LIMIT %(limit)s::bigint;

-- name: find_state
-- A word that is another whenever the list of a device is another, made without reading a document. Revisions never come again,
-- so that a sensor that was deleted and made anew is told too. None: no such device.
SELECT
  md5(
    coalesce(string_agg(concat_ws('/', sensor.revision, sensor.deployment, sensor.deployment_reported_at), ' ' ORDER BY sensor.name), '')
  ) AS state
FROM devices AS device
LEFT JOIN device_sensors AS sensor ON sensor.device_uuid = device.uuid
WHERE device.uuid = %(uuid)s::uuid
GROUP BY device.uuid;

-- name: record_deployment
-- What a device says about the revision that holds; said again, nothing is written.
UPDATE device_sensors
SET
  deployment = %(deployment)s::text,
  deployment_error = %(error)s::text,
  deployment_reported_at = now()
WHERE
  device_uuid = %(uuid)s::uuid
  AND name = %(name)s::text
  AND revision = %(revision)s::bigint
  AND (deployment, deployment_error) IS DISTINCT FROM (%(deployment)s::text, %(error)s::text);
