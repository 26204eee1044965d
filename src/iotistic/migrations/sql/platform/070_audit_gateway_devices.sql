-- Who let a gateway speak for a device is asked when something was reported that cannot be.
SELECT audit_table_v1('gateway_devices', keys => '{gateway_uuid,device_uuid}', shown => '{}', device => 'device_uuid');
