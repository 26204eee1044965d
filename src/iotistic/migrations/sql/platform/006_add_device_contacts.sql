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

CREATE VIEW device_overview WITH (security_invoker = true) AS
SELECT
  device.uuid,
  device.name,
  device.kind,
  device.serial,
  device.connection_status,
  contact.last_contact_at,
  host.facts,
  tags.tags,
  device.created_at,
  device.retired_at
FROM devices AS device
LEFT JOIN device_contacts AS contact ON contact.device_uuid = device.uuid
LEFT JOIN device_host_facts AS host ON host.device_uuid = device.uuid
LEFT JOIN LATERAL (
  SELECT jsonb_object_agg(tag.key, tag.value) AS tags
  FROM device_tags AS tag
  WHERE tag.device_uuid = device.uuid
) AS tags ON true;

COMMENT ON VIEW device_overview IS 'One row per device with what an operator expects to see beside its name.';
