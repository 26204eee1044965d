-- What an operator expects of SELECT * FROM devices: the registry keeps to what seldom changes, so the rest is joined here.
CREATE VIEW device_overview WITH (security_invoker = true) AS
SELECT
  device.uuid,
  device.name,
  device.kind,
  device.serial,
  fleet.name AS fleet,
  device.connection_status,
  contact.last_contact_at,
  interface.addresses,
  interface.mac,
  host.facts ->> 'os' AS os,
  host.facts ->> 'agent_version' AS agent_version,
  measured.cpu_usage,
  measured.memory_percent,
  measured.storage_percent,
  measured.measured_at,
  desired.version AS desired_version,
  reported.version AS reported_version,
  coalesce(fleet.default_tags, '{}') || coalesce(tags.tags, '{}') AS tags,
  host.facts,
  device.created_at,
  device.retired_at
FROM devices AS device
LEFT JOIN fleets AS fleet ON fleet.id = device.fleet_id
LEFT JOIN device_contacts AS contact ON contact.device_uuid = device.uuid
LEFT JOIN device_host_facts AS host ON host.device_uuid = device.uuid
LEFT JOIN device_shadows AS desired ON desired.device_uuid = device.uuid AND desired.half = 'desired'
LEFT JOIN device_shadows AS reported ON reported.device_uuid = device.uuid AND reported.half = 'reported'
LEFT JOIN LATERAL (
  SELECT jsonb_object_agg(tag.key, tag.value) AS tags
  FROM device_tags AS tag
  WHERE tag.device_uuid = device.uuid
) AS tags ON true
LEFT JOIN LATERAL (
  SELECT link.addresses, link.mac
  FROM network_interfaces AS link
  WHERE link.device_uuid = device.uuid AND link.is_default
  ORDER BY link.is_up DESC, link.name
  LIMIT 1
) AS interface ON true
LEFT JOIN LATERAL (
  SELECT
    newest.values[array_position(metrics.names, 'cpu_usage')] AS cpu_usage,
    newest.values[array_position(metrics.names, 'memory_percent')] AS memory_percent,
    newest.values[array_position(metrics.names, 'storage_percent')] AS storage_percent,
    newest.timestamp AS measured_at
  FROM device_metric_latest AS newest
  INNER JOIN metric_sets AS metrics ON metrics.id = newest.metric_set_id
  WHERE newest.device_uuid = device.uuid AND 'cpu_usage' = ANY (metrics.names)
  ORDER BY newest.timestamp DESC
  LIMIT 1
) AS measured ON true;

COMMENT ON VIEW device_overview IS 'One row per device with what an operator expects to see beside its name; tags include those of its fleet.';
COMMENT ON COLUMN device_overview.addresses IS 'Of the interface that its default route leads through, as is mac.';
COMMENT ON COLUMN device_overview.cpu_usage IS 'Percent, as it last reported, at measured_at.';
COMMENT ON COLUMN device_overview.desired_version IS 'How often people changed what they want of it; NULL: never. It says itself what it has come to in reported.';
