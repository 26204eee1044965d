-- What an operator sees beside a device's name: its fleet too, and the tags it has from there.
CREATE VIEW device_overview WITH (security_invoker = true) AS
SELECT
  device.uuid,
  device.name,
  device.kind,
  device.serial,
  device.connection_status,
  contact.last_contact_at,
  host.facts,
  coalesce(fleet.default_tags, '{}') || coalesce(tags.tags, '{}') AS tags,
  device.created_at,
  device.retired_at,
  fleet.name AS fleet
FROM devices AS device
LEFT JOIN fleets AS fleet ON fleet.id = device.fleet_id
LEFT JOIN device_contacts AS contact ON contact.device_uuid = device.uuid
LEFT JOIN device_host_facts AS host ON host.device_uuid = device.uuid
LEFT JOIN LATERAL (
  SELECT jsonb_object_agg(tag.key, tag.value) AS tags
  FROM device_tags AS tag
  WHERE tag.device_uuid = device.uuid
) AS tags ON true;

COMMENT ON VIEW device_overview IS 'One row per device with what an operator expects to see beside its name; tags include those of its fleet.';
