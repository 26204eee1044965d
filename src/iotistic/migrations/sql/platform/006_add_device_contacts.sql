-- When each device was last heard of, apart from the registry and written at most once in 15 seconds: an update per message on
-- a wide indexed row is what brings such platforms down. Half-empty pages keep the updates inside their page.
CREATE TABLE device_contacts (
  device_uuid uuid NOT NULL,
  last_contact_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT device_contacts_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT device_contacts_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE
) WITH (fillfactor = 50);

COMMENT ON TABLE device_contacts IS 'One row per device that was ever heard of.';
COMMENT ON COLUMN device_contacts.last_contact_at IS 'By the clock of the database, up to 15 seconds behind.';
