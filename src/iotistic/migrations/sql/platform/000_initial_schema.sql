-- The registry: devices, and the fleets that group those that are run alike.
-- What a fleet says by default, each of its devices says too, unless it says otherwise itself.
CREATE TABLE fleets (
  id bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  description text,
  default_tags jsonb NOT NULL DEFAULT '{}',
  default_settings jsonb NOT NULL DEFAULT '{}',
  settings_version bigint NOT NULL DEFAULT 1,
  expected_every interval,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT fleets_pkey PRIMARY KEY (id),
  CONSTRAINT fleets_name_key UNIQUE (name),
  CONSTRAINT fleets_name_check CHECK (name ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'),
  CONSTRAINT fleets_description_check CHECK (char_length(description) BETWEEN 1 AND 1000),
  -- The rules of device_tags, for what its devices get from here.
  CONSTRAINT fleets_default_tags_check CHECK (
    jsonb_typeof(default_tags) = 'object'
    AND NOT jsonb_path_exists(default_tags, '$.keyvalue() ? (!(@.key like_regex "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$"))')
    AND NOT jsonb_path_exists(default_tags, 'strict $.* ? (!(@ like_regex "^[^ ](.{0,253}[^ ])?$" flag "s"))')
    AND NOT jsonb_path_exists(default_tags, 'strict $.* ? (@.type() != "string")')
  ),
  CONSTRAINT fleets_default_settings_check CHECK (jsonb_typeof(default_settings) = 'object'),
  CONSTRAINT fleets_expected_every_check CHECK (expected_every BETWEEN interval '15 seconds' AND interval '366 days')
);

COMMENT ON TABLE fleets IS 'One row per group of devices that are run alike.';
COMMENT ON COLUMN fleets.name IS 'A lower-case word by which people and paths name it.';
COMMENT ON COLUMN fleets.default_tags IS 'Key to value: tags that each device of the fleet has unless it has one of that key itself.';
COMMENT ON COLUMN fleets.settings_version IS 'Counts the changes of default_settings.';
COMMENT ON COLUMN fleets.expected_every IS 'How often its devices are expected unless one has a row in contact_expectations; NULL: as often as others.';
COMMENT ON COLUMN fleets.default_settings IS 'Settings that hold for each device of the fleet unless its own say otherwise.';

-- Kept narrow: a row changes only when a fact about the device does. What changes with every message (last contact, newest
-- values, host facts) lives in tables of its own.
CREATE TABLE devices (
  uuid uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL,
  kind text NOT NULL,
  serial text,
  fleet_id bigint,
  connection_status text NOT NULL DEFAULT 'never',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz,
  CONSTRAINT devices_pkey PRIMARY KEY (uuid),
  CONSTRAINT devices_fleet_id_fkey FOREIGN KEY (fleet_id) REFERENCES fleets (id),
  CONSTRAINT devices_name_check CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200),
  CONSTRAINT devices_kind_check CHECK (kind ~ '^[a-z][a-z0-9_-]{0,49}$'),
  CONSTRAINT devices_serial_check CHECK (char_length(serial) BETWEEN 1 AND 200),
  CONSTRAINT devices_connection_status_check CHECK (connection_status IN ('never', 'online', 'offline'))
);

-- A retired device gives its name and its serial free.
CREATE UNIQUE INDEX devices_name_key ON devices (name) WHERE retired_at IS NULL;
CREATE UNIQUE INDEX devices_serial_key ON devices (serial) WHERE retired_at IS NULL;
CREATE INDEX devices_fleet_id_idx ON devices (fleet_id);
-- Pages through what was taken out of service; names repeat there.
CREATE INDEX devices_retired_name_idx ON devices (name, uuid) WHERE retired_at IS NOT NULL;

COMMENT ON TABLE devices IS 'One row per device that was ever registered.';
COMMENT ON COLUMN devices.uuid IS 'The identity that everything else refers to.';
COMMENT ON COLUMN devices.name IS 'What people call it; unique among devices in service.';
COMMENT ON COLUMN devices.kind IS 'What sort of thing it is, as its maker or owner says: host, gateway, sensor, ...';
COMMENT ON COLUMN devices.serial IS 'What its hardware calls itself, by which it is recognised when it enrols again; unique among devices in service.';
COMMENT ON COLUMN devices.fleet_id IS 'The fleet it belongs to, at most one, so that what it inherits is never a matter of order; NULL: to none.';
COMMENT ON COLUMN devices.connection_status IS 'never, online or offline; changes on a transition, not with each message.';
COMMENT ON COLUMN devices.updated_at IS 'When a column of this row last changed.';
COMMENT ON COLUMN devices.retired_at IS 'When it was taken out of service; NULL while it is in service.';
