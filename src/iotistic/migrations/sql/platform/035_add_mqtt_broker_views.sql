-- What a broker asks, and nothing else: its role reads these and no table. They run with the rights of the owner.
CREATE VIEW mqtt_broker_users AS
SELECT account.username, account.client_id, account.password_hash, account.is_superuser
FROM mqtt_users AS account
LEFT JOIN devices AS device ON device.uuid = account.device_uuid
WHERE account.is_active AND (account.expires_at IS NULL OR account.expires_at > now()) AND device.retired_at IS NULL;

COMMENT ON VIEW mqtt_broker_users IS 'One row per account that may connect now. go-auth: SELECT password_hash FROM mqtt_broker_users WHERE username = $1.';

-- SQL of a broker never sees the client id, so a rule that is bound to one is not told here.
CREATE VIEW mqtt_broker_acls AS
SELECT account.username, rule.topic, rule.access
FROM mqtt_broker_users AS account
INNER JOIN mqtt_acls AS rule ON rule.username = account.username OR rule.username IS NULL
WHERE rule.client_id IS NULL;

COMMENT ON VIEW mqtt_broker_acls IS 'One row per account and rule that holds for it. go-auth: SELECT topic FROM mqtt_broker_acls WHERE username = $1 AND access & $2 <> 0.';
