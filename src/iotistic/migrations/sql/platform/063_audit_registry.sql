-- What decides how devices are named, grouped and run. A change of connection_status is no decision: it is an event.
SELECT audit_table_v1(
  'devices', keys => '{uuid}', shown => '{name,kind,serial,fleet_id,retired_at}', device => 'uuid'
);

SELECT audit_table_v1('device_tags', keys => '{device_uuid,key}', shown => '{value}', device => 'device_uuid');

SELECT audit_table_v1(
  'fleets', keys => '{name}', shown => '{description,default_tags,expected_every}', masked => '{default_settings}'
);

SELECT audit_table_v1('tag_definitions', keys => '{key}', shown => '{description,allowed_values,is_required}');

SELECT audit_table_v1(
  'contact_expectations', keys => '{device_uuid}', shown => '{expected_every}', device => 'device_uuid'
);
