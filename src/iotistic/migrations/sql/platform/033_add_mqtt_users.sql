-- Who may connect to an MQTT broker. One form of hash that every broker can read: go-auth as it is, Mosquitto and EMQX by a rewrite in
-- SQL. The salt has 12 characters because Mosquitto 2.0 refuses longer ones.
CREATE TABLE mqtt_users (
  username text NOT NULL,
  kind text NOT NULL,
  device_uuid uuid,
  client_id text,
  password_hash text NOT NULL,
  is_superuser boolean NOT NULL DEFAULT false,
  is_active boolean NOT NULL DEFAULT true,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT mqtt_users_pkey PRIMARY KEY (username),
  CONSTRAINT mqtt_users_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  -- A name with + # / or % would widen a rule that it is put into.
  CONSTRAINT mqtt_users_username_check CHECK (username ~ '^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}$'),
  CONSTRAINT mqtt_users_kind_check CHECK (
    kind IN ('device', 'service', 'person') AND (kind = 'device') = (device_uuid IS NOT NULL)
  ),
  CONSTRAINT mqtt_users_client_id_check CHECK (client_id ~ '^[A-Za-z0-9_.:@-]{1,128}$'),
  CONSTRAINT mqtt_users_password_hash_check CHECK (
    password_hash ~ '^PBKDF2\$sha512\$[1-9][0-9]{0,5}\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==$'
  ),
  CONSTRAINT mqtt_users_is_superuser_check CHECK (kind = 'service' OR NOT is_superuser)
);

CREATE UNIQUE INDEX mqtt_users_device_uuid_key ON mqtt_users (device_uuid);

COMMENT ON TABLE mqtt_users IS 'One row per account that may connect to an MQTT broker.';
COMMENT ON COLUMN mqtt_users.username IS 'Of a device: its uuid.';
COMMENT ON COLUMN mqtt_users.kind IS 'device; service: a program of ours; person: somebody with a tool.';
COMMENT ON COLUMN mqtt_users.client_id IS 'The only client id it may connect with; NULL: any.';
COMMENT ON COLUMN mqtt_users.password_hash IS 'PBKDF2$sha512$iterations$salt$hash, salt and hash in base64: 12 ASCII characters, 64 octets.';
COMMENT ON COLUMN mqtt_users.is_superuser IS 'Whether it may do everything without rules; services only.';
COMMENT ON COLUMN mqtt_users.expires_at IS 'When it stops to work by itself; NULL: never.';

SELECT audit_table_v1(
  'mqtt_users',
  keys => '{username}',
  shown => '{kind,client_id,is_superuser,is_active,expires_at}',
  masked => '{password_hash}',
  device => 'device_uuid'
);
