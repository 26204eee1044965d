-- What people say about devices: site=berlin, hardware=rpi4.
CREATE TABLE device_tags (
  device_uuid uuid NOT NULL,
  key text NOT NULL,
  value text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT device_tags_pkey PRIMARY KEY (device_uuid, key),
  CONSTRAINT device_tags_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT device_tags_key_check CHECK (key ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'),
  CONSTRAINT device_tags_value_check CHECK (value = btrim(value) AND char_length(value) BETWEEN 1 AND 255)
);

-- Finds the devices that have a key, for the check of a definition and the columns of an export.
CREATE INDEX device_tags_key_value_idx ON device_tags (key, value);

COMMENT ON TABLE device_tags IS 'One row per tag of a device.';
