-- Who may come in: people with passwords, and keys for devices, services and people. No secret is stored, only what recognises one.
CREATE TABLE users (
  id bigint GENERATED ALWAYS AS IDENTITY,
  username text NOT NULL,
  kind text NOT NULL DEFAULT 'person',
  password_hash text,
  credentials_changed_at timestamptz,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_username_key UNIQUE (username),
  CONSTRAINT users_username_check CHECK (username ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  CONSTRAINT users_kind_check CHECK (kind IN ('person', 'service')),
  CONSTRAINT users_password_hash_check CHECK ((kind = 'person') = (password_hash IS NOT NULL))
);

COMMENT ON TABLE users IS 'One row per account: a person who may log in, or a service that comes with keys only.';
COMMENT ON COLUMN users.kind IS 'person or service.';
COMMENT ON COLUMN users.password_hash IS 'bcrypt, its cost inside; a service has none.';
COMMENT ON COLUMN users.credentials_changed_at IS 'NULL: it is the first. The hash alone changes also when the cost does.';
COMMENT ON COLUMN users.is_active IS 'Whether the account may log in and its keys work.';

CREATE TABLE api_keys (
  key_id text NOT NULL,
  kind text NOT NULL,
  device_uuid uuid,
  user_id bigint,
  label text NOT NULL DEFAULT '',
  secret_hash bytea NOT NULL,
  pepper_version bigint NOT NULL,
  scopes text [],
  allowed_networks cidr [],
  replaces text,
  created_by text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  first_used_at timestamptz,
  retires_at timestamptz,
  successor_until timestamptz,
  fetched_late_at timestamptz,
  revoked_at timestamptz,
  CONSTRAINT api_keys_pkey PRIMARY KEY (key_id),
  CONSTRAINT api_keys_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT api_keys_kind_check CHECK (
    (kind = 'device' AND device_uuid IS NOT NULL AND user_id IS NULL)
    OR (kind IN ('user', 'service') AND user_id IS NOT NULL AND device_uuid IS NULL)
  ),
  CONSTRAINT api_keys_secret_hash_check CHECK (octet_length(secret_hash) = 32),
  CONSTRAINT api_keys_label_check CHECK (char_length(label) <= 100),
  CONSTRAINT api_keys_scopes_check CHECK (
    user_id IS NOT NULL AND cardinality(scopes) BETWEEN 1 AND 100 AND array_position(scopes, NULL) IS NULL
    OR scopes IS NULL
  ),
  CONSTRAINT api_keys_allowed_networks_check CHECK (
    cardinality(allowed_networks) BETWEEN 1 AND 100 AND array_position(allowed_networks, NULL) IS NULL
  ),
  CONSTRAINT api_keys_expires_at_check CHECK (expires_at > created_at),
  CONSTRAINT api_keys_first_used_at_check CHECK (first_used_at IS NULL OR replaces IS NOT NULL),
  CONSTRAINT api_keys_successor_until_check CHECK (
    successor_until >= retires_at AND device_uuid IS NOT NULL AND retires_at IS NOT NULL OR successor_until IS NULL
  ),
  CONSTRAINT api_keys_fetched_late_at_check CHECK (
    fetched_late_at >= retires_at AND fetched_late_at < successor_until AND successor_until IS NOT NULL OR fetched_late_at IS NULL
  )
);

CREATE INDEX api_keys_device_uuid_idx ON api_keys (device_uuid) WHERE device_uuid IS NOT NULL;
-- While keys rotate a device has two that are good, and never more: the one that stays, and the one that goes.
CREATE UNIQUE INDEX api_keys_device_uuid_staying_key ON api_keys (device_uuid)
WHERE device_uuid IS NOT NULL AND revoked_at IS NULL AND retires_at IS NULL;
CREATE UNIQUE INDEX api_keys_device_uuid_retiring_key ON api_keys (device_uuid)
WHERE device_uuid IS NOT NULL AND revoked_at IS NULL AND retires_at IS NOT NULL;
CREATE UNIQUE INDEX api_keys_replaces_key ON api_keys (replaces) WHERE replaces IS NOT NULL AND revoked_at IS NULL;
CREATE INDEX api_keys_user_id_idx ON api_keys (user_id) WHERE user_id IS NOT NULL;

COMMENT ON TABLE api_keys IS 'One row per key that a device, a service or a person proves itself with.';
COMMENT ON COLUMN api_keys.key_id IS 'The public part of the key, by which its row is found.';
COMMENT ON COLUMN api_keys.label IS 'What it is for, in words of whoever made it.';
COMMENT ON COLUMN api_keys.scopes IS 'The only permissions it carries, of those its bearer has; NULL: all of them.';
COMMENT ON COLUMN api_keys.allowed_networks IS 'The only networks it is taken from; NULL: any.';
COMMENT ON COLUMN api_keys.replaces IS 'The key whose place it takes: that one ends when this one is first used.';
COMMENT ON COLUMN api_keys.created_by IS 'Who made it: a username, the uuid of the device, the id of the claim key, or the name of the program.';
COMMENT ON COLUMN api_keys.first_used_at IS 'When a key that replaces another was first used.';
COMMENT ON COLUMN api_keys.retires_at IS 'The end of its grace while it is being replaced; NULL: it stays.';
COMMENT ON COLUMN api_keys.successor_until IS 'Until when a device that slept through the grace may still fetch its next key with it, and do nothing else.';
COMMENT ON COLUMN api_keys.fetched_late_at IS 'When a device did so, which it may once.';
COMMENT ON COLUMN api_keys.secret_hash IS 'HMAC-SHA-256 of the secret part under the pepper, which is not in the database.';
COMMENT ON COLUMN api_keys.pepper_version IS 'Which pepper the hash was made under.';
COMMENT ON COLUMN api_keys.expires_at IS 'When it stops to work by itself; NULL: never.';
COMMENT ON COLUMN api_keys.revoked_at IS 'When it was taken back; NULL while it is good.';

CREATE TABLE api_key_history (
  sequence bigint NOT NULL,
  key_id text NOT NULL,
  device_uuid uuid,
  user_id bigint,
  action text NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  database_user text NOT NULL,
  occurred_at timestamptz NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT api_key_history_pkey PRIMARY KEY (sequence),
  CONSTRAINT api_key_history_action_check CHECK (action IN ('issued', 'changed', 'revoked', 'deleted')),
  CONSTRAINT api_key_history_hash_check CHECK (octet_length(hash) = 32)
);

COMMENT ON TABLE api_key_history IS 'One row per thing that happened to a key; never changed, kept when the key or its owner is gone.';
COMMENT ON COLUMN api_key_history.sequence IS 'Its place in the chain: 1, 2, 3, without a gap.';
COMMENT ON COLUMN api_key_history.reason IS 'Why, in words of the program or of the person who did it.';
COMMENT ON COLUMN api_key_history.actor IS 'Who acted: the username, the uuid of the device, the id of the claim key, or the name of the program.';
COMMENT ON COLUMN api_key_history.database_user IS 'The role of the database session, whatever the program said about the actor.';
COMMENT ON COLUMN api_key_history.occurred_at IS 'By the clock of the database; the order is that of sequence.';
COMMENT ON COLUMN api_key_history.hash IS 'SHA-256 over the hash of the row before and every other column.';

CREATE TABLE provisioning_keys (
  key_id text NOT NULL,
  label text NOT NULL,
  secret_hash bytea NOT NULL,
  pepper_version bigint NOT NULL,
  max_uses bigint NOT NULL,
  uses bigint NOT NULL DEFAULT 0,
  allowed_serials text [],
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  CONSTRAINT provisioning_keys_pkey PRIMARY KEY (key_id),
  CONSTRAINT provisioning_keys_secret_hash_check CHECK (octet_length(secret_hash) = 32),
  CONSTRAINT provisioning_keys_max_uses_check CHECK (max_uses > 0),
  CONSTRAINT provisioning_keys_uses_check CHECK (uses BETWEEN 0 AND max_uses),
  CONSTRAINT provisioning_keys_label_check CHECK (char_length(label) BETWEEN 1 AND 200),
  CONSTRAINT provisioning_keys_allowed_serials_check CHECK (
    cardinality(allowed_serials) BETWEEN 1 AND 10000 AND array_position(allowed_serials, NULL) IS NULL
  )
);

COMMENT ON TABLE provisioning_keys IS 'One row per claim key: what lets a device that is not known yet enrol, a counted number of times.';
COMMENT ON COLUMN provisioning_keys.secret_hash IS 'As in api_keys.';
COMMENT ON COLUMN provisioning_keys.pepper_version IS 'As in api_keys.';
COMMENT ON COLUMN provisioning_keys.max_uses IS 'How many devices it may let in.';
COMMENT ON COLUMN provisioning_keys.uses IS 'How many devices it has let in, with those that have claimed and not yet proved.';
COMMENT ON COLUMN provisioning_keys.allowed_serials IS 'The only serials it lets in; NULL: any, also devices without one.';
COMMENT ON COLUMN provisioning_keys.created_by IS 'Who made it: a username, or the name of the program.';
COMMENT ON COLUMN provisioning_keys.revoked_at IS 'When it was taken back; NULL while it is good.';
