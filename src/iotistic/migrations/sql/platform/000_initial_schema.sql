-- The registry of devices, kept narrow: a row changes only when a fact about the device does. What changes with every
-- message (last contact, newest values, host facts) lives in tables of its own.
CREATE TABLE devices (
  uuid uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL,
  kind text NOT NULL,
  serial text,
  connection_status text NOT NULL DEFAULT 'never',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz,
  CONSTRAINT devices_pkey PRIMARY KEY (uuid),
  CONSTRAINT devices_name_check CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200),
  CONSTRAINT devices_kind_check CHECK (kind ~ '^[a-z][a-z0-9_-]{0,49}$'),
  CONSTRAINT devices_serial_check CHECK (char_length(serial) BETWEEN 1 AND 200),
  CONSTRAINT devices_connection_status_check CHECK (connection_status IN ('never', 'online', 'offline'))
);

-- A retired device gives its name and its serial free.
CREATE UNIQUE INDEX devices_name_key ON devices (name) WHERE retired_at IS NULL;
CREATE UNIQUE INDEX devices_serial_key ON devices (serial) WHERE retired_at IS NULL;

COMMENT ON TABLE devices IS 'One row per device that was ever registered.';
COMMENT ON COLUMN devices.uuid IS 'The identity that everything else refers to.';
COMMENT ON COLUMN devices.name IS 'What people call it; unique among devices in service.';
COMMENT ON COLUMN devices.kind IS 'What sort of thing it is, as its maker or owner says: host, gateway, sensor, ...';
COMMENT ON COLUMN devices.serial IS 'What its hardware calls itself, by which it is recognised when it enrols again; unique among devices in service.';
COMMENT ON COLUMN devices.connection_status IS 'never, online or offline; changes on a transition, not with each message.';
COMMENT ON COLUMN devices.updated_at IS 'When a column of this row last changed.';
COMMENT ON COLUMN devices.retired_at IS 'When it was taken out of service; NULL while it is in service.';
