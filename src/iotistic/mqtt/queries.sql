-- Everything MQTT asks of the database.

-- name: insert_user
-- Makes an account; a taken name violates mqtt_users_pkey.
INSERT INTO mqtt_users (username, kind, device_uuid, client_id, password_hash, is_superuser, expires_at)
VALUES (
  %(username)s::text, %(kind)s::text, %(device_uuid)s::uuid, %(client_id)s::text, %(password_hash)s::text,
  %(is_superuser)s::boolean, now() + %(lasts)s::interval
);

-- name: put_device_user
-- Makes the account of a device, or gives it another password; touches no row when the name is another's.
INSERT INTO mqtt_users AS account (username, kind, device_uuid, client_id, password_hash)
VALUES (
  %(device_uuid)s::uuid::text, 'device', %(device_uuid)s::uuid, %(device_uuid)s::uuid::text, %(password_hash)s::text
)
ON CONFLICT (username) DO UPDATE SET password_hash = excluded.password_hash, updated_at = now()
WHERE account.device_uuid = excluded.device_uuid;

-- name: find_user
-- One account, without what checks its password.
SELECT username, kind, device_uuid, client_id, is_superuser, is_active, expires_at, created_at, updated_at
FROM mqtt_users
WHERE username = %(username)s::text;

-- name: list_users
-- Accounts by name, from behind one on.
SELECT username, kind, device_uuid, client_id, is_superuser, is_active, expires_at, created_at, updated_at
FROM mqtt_users
WHERE
  (%(kind)s::text IS NULL OR kind = %(kind)s::text)
  AND (%(after)s::text IS NULL OR username > %(after)s::text)
ORDER BY username
LIMIT %(limit)s::bigint;

-- name: set_password_hash
-- Replaces what checks the password.
UPDATE mqtt_users
SET password_hash = %(password_hash)s::text, updated_at = now()
WHERE username = %(username)s::text;

-- name: set_active
-- Lets an account in, or keeps it out; answers nothing where it is so already.
UPDATE mqtt_users
SET is_active = %(is_active)s::boolean, updated_at = now()
WHERE username = %(username)s::text AND is_active <> %(is_active)s::boolean;

-- name: delete_user
-- Takes an account away, and its rules with it.
DELETE FROM mqtt_users
WHERE username = %(username)s::text;

-- name: delete_device_user
-- Takes the account of a device away, and its rules with it.
DELETE FROM mqtt_users
WHERE device_uuid = %(device_uuid)s::uuid;

-- name: put_acl
-- Adds a rule, or says anew what it allows.
INSERT INTO mqtt_acls (username, client_id, topic, access, origin)
VALUES (%(username)s::text, %(client_id)s::text, %(topic)s::text, %(access)s::bigint, %(origin)s::text)
ON CONFLICT (username, client_id, topic) DO UPDATE SET access = excluded.access, origin = excluded.origin
RETURNING id, username, client_id, topic, access, origin, created_at;

-- name: delete_acl
-- Takes a rule away.
DELETE FROM mqtt_acls
WHERE id = %(id)s::bigint;

-- name: list_acls
-- Rules in the order they were made, from behind one on.
SELECT id, username, client_id, topic, access, origin, created_at
FROM mqtt_acls
WHERE
  (%(username)s::text IS NULL OR username = %(username)s::text)
  AND (%(after)s::bigint IS NULL OR id > %(after)s::bigint)
ORDER BY id
LIMIT %(limit)s::bigint;

-- name: list_acls_for
-- The rules that may hold for an account: its own, and those for everybody.
SELECT id, username, client_id, topic, access, origin, created_at
FROM mqtt_acls
WHERE username = %(username)s::text OR username IS NULL
ORDER BY id
LIMIT 10000;

-- name: add_broker_stats
-- Keeps what a broker said; the same moment again is no news.
INSERT INTO mqtt_broker_stats (
  broker_id, timestamp, clients_connected, subscriptions, retained_messages, messages_received, messages_sent,
  messages_dropped, bytes_received, bytes_sent, uptime_seconds
)
VALUES (
  %(broker_id)s::bigint, %(timestamp)s::timestamptz, %(clients_connected)s::bigint, %(subscriptions)s::bigint,
  %(retained_messages)s::bigint, %(messages_received)s::bigint, %(messages_sent)s::bigint, %(messages_dropped)s::bigint,
  %(bytes_received)s::bigint, %(bytes_sent)s::bigint, %(uptime_seconds)s::bigint
)
ON CONFLICT DO NOTHING;

-- name: list_broker_stats
-- How a broker did, newest first.
SELECT
  broker_id, timestamp, clients_connected, subscriptions, retained_messages, messages_received, messages_sent,
  messages_dropped, bytes_received, bytes_sent, uptime_seconds
FROM mqtt_broker_stats
WHERE
  broker_id = %(broker_id)s::bigint
  AND timestamp >= %(since)s::timestamptz
  AND timestamp < %(until)s::timestamptz
ORDER BY timestamp DESC
LIMIT %(limit)s::bigint;

-- name: add_topic_metrics
-- Keeps what went over a topic; the same stretch again is no news.
INSERT INTO mqtt_topic_metrics (
  broker_id, topic, timestamp, window_seconds, messages, bytes_received, largest_bytes, qos_0, qos_1, qos_2, retained
)
VALUES (
  %(broker_id)s::bigint, %(topic)s::text, %(timestamp)s::timestamptz, %(window_seconds)s::bigint, %(messages)s::bigint,
  %(bytes_received)s::bigint, %(largest_bytes)s::bigint, %(qos_0)s::bigint, %(qos_1)s::bigint, %(qos_2)s::bigint,
  %(retained)s::bigint
)
ON CONFLICT DO NOTHING;

-- name: list_busiest_topics
-- The topics of a broker that carried the most bytes, each summed up.
SELECT
  broker_id,
  topic,
  min(timestamp) AS timestamp,
  sum(window_seconds)::bigint AS window_seconds,
  sum(messages)::bigint AS messages,
  sum(bytes_received)::bigint AS bytes_received,
  max(largest_bytes) AS largest_bytes,
  sum(qos_0)::bigint AS qos_0,
  sum(qos_1)::bigint AS qos_1,
  sum(qos_2)::bigint AS qos_2,
  sum(retained)::bigint AS retained
FROM mqtt_topic_metrics
WHERE
  broker_id = %(broker_id)s::bigint
  AND timestamp >= %(since)s::timestamptz
  AND timestamp < %(until)s::timestamptz
GROUP BY broker_id, topic
ORDER BY bytes_received DESC, topic
LIMIT %(limit)s::bigint;
