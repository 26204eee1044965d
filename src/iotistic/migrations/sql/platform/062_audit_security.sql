-- Accounts, keys and settings. What is masked is compared and not shown: that a password changed is told, and nothing of the hash.
SELECT audit_table_v1(
  'users', keys => '{username}', shown => '{kind,is_active,credentials_changed_at}', masked => '{password_hash}'
);

SELECT audit_table_v1(
  'api_keys', keys => '{key_id}',
  shown => '{kind,user_id,label,pepper_version,scopes,allowed_networks,replaces,expires_at,first_used_at,retires_at,successor_until,fetched_late_at,revoked_at}',
  device => 'device_uuid'
);

SELECT audit_table_v1(
  'provisioning_keys', keys => '{key_id}',
  shown => '{label,pepper_version,max_uses,uses,allowed_serials,created_by,expires_at,revoked_at}'
);

SELECT audit_table_v1(
  'enrolment_permits', keys => '{device_uuid}', shown => '{permitted_by,expires_at}', device => 'device_uuid'
);

SELECT audit_table_v1('system_config', keys => '{key}', shown => '{}', masked => '{value}');
