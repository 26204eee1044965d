-- Remembers whom a claim key let in. A device whose answer was lost (the service was killed between commit and reply) comes
-- again with the same claim key; counted twice, a key for one device would lock that device out.
CREATE TABLE provisioning_key_uses (
  key_id text NOT NULL,
  serial text NOT NULL,
  used_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT provisioning_key_uses_pkey PRIMARY KEY (key_id, serial),
  CONSTRAINT provisioning_key_uses_key_id_fkey FOREIGN KEY (key_id) REFERENCES provisioning_keys (key_id) ON DELETE CASCADE,
  CONSTRAINT provisioning_key_uses_serial_check CHECK (char_length(serial) BETWEEN 1 AND 200)
);

COMMENT ON TABLE provisioning_key_uses IS 'One row per claim key and device with a serial that it let in, however often that device came.';
COMMENT ON COLUMN provisioning_key_uses.used_at IS 'When it came first.';
