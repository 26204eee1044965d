-- What a device reads and over which protocol, as people say it, and how far the device is with that.
CREATE TABLE device_sensors (
  device_uuid uuid NOT NULL,
  name text NOT NULL,
  revision bigint GENERATED ALWAYS AS IDENTITY,
  protocol text NOT NULL,
  is_enabled boolean NOT NULL DEFAULT true,
  poll_every interval NOT NULL,
  description text,
  connection jsonb NOT NULL DEFAULT '{}',
  data_points jsonb NOT NULL DEFAULT '[]',
  deployment text NOT NULL DEFAULT 'pending',
  deployment_error text,
  deployment_reported_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT device_sensors_pkey PRIMARY KEY (device_uuid, name),
  CONSTRAINT device_sensors_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT device_sensors_name_check CHECK (name ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'),
  CONSTRAINT device_sensors_protocol_check CHECK (
    protocol IN ('modbus', 'can', 'opcua', 'mqtt', 'snmp', 'bacnet', 'onewire', 'i2c', 'spi', 'gpio', 'serial', 'http', 'other')
  ),
  CONSTRAINT device_sensors_poll_every_check CHECK (poll_every BETWEEN interval '100 milliseconds' AND interval '1 day'),
  CONSTRAINT device_sensors_description_check CHECK (char_length(description) BETWEEN 1 AND 1000),
  CONSTRAINT device_sensors_connection_check CHECK (
    jsonb_typeof(connection) = 'object' AND octet_length(connection::text) <= 16384
  ),
  CONSTRAINT device_sensors_data_points_check CHECK (
    jsonb_typeof(data_points) = 'array'
    AND octet_length(data_points::text) <= 65536
    AND NOT jsonb_path_exists(data_points, 'strict $[*] ? (@.type() != "object")', '{}', true)
  ),
  CONSTRAINT device_sensors_deployment_check CHECK (deployment IN ('pending', 'deployed', 'failed')),
  CONSTRAINT device_sensors_deployment_error_check CHECK (
    num_nonnulls(deployment_error) = (deployment = 'failed')::int AND char_length(deployment_error) BETWEEN 1 AND 2000
  ),
  CONSTRAINT device_sensors_deployment_reported_at_check CHECK (
    num_nonnulls(deployment_reported_at) = (deployment <> 'pending')::int
  )
);

COMMENT ON TABLE device_sensors IS 'One row per sensor that a device reads.';
COMMENT ON COLUMN device_sensors.name IS 'A lower-case word, unique on its device.';
COMMENT ON COLUMN device_sensors.revision IS 'A number of its own for each statement of what the sensor is, in no order; what the device deploys and reports about.';
COMMENT ON COLUMN device_sensors.protocol IS 'How the device talks to it; other: connection says how.';
COMMENT ON COLUMN device_sensors.is_enabled IS 'Whether the device is to read it; one that is not stays in the list.';
COMMENT ON COLUMN device_sensors.poll_every IS 'How long from one reading to the next.';
COMMENT ON COLUMN device_sensors.connection IS 'An object of the protocol''s own: host, port, unit, ... No secrets: everybody with an account reads it.';
COMMENT ON COLUMN device_sensors.data_points IS 'An array of objects: what is read, and which metric each becomes.';
COMMENT ON COLUMN device_sensors.deployment IS 'pending until the device reports about this revision, then deployed or failed.';
COMMENT ON COLUMN device_sensors.deployment_error IS 'Why it failed, in the words of the device.';
COMMENT ON COLUMN device_sensors.deployment_reported_at IS 'When the device said so.';
COMMENT ON COLUMN device_sensors.updated_at IS 'When people last changed what the sensor is.';

-- What a device is to read is a decision; how far it is with that is none. Addresses in documents may be secrets: texts are hidden.
SELECT audit_table_v1(
  'device_sensors',
  keys => '{device_uuid,name}',
  shown => '{protocol,is_enabled,poll_every,description}',
  masked => '{connection,data_points}',
  device => 'device_uuid'
);
