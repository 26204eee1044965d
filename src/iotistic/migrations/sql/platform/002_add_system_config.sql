-- Settings of the running platform that operators change without a restart, such as mqtt.brokers.1.
CREATE TABLE system_config (
  key text NOT NULL,
  value jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT system_config_pkey PRIMARY KEY (key),
  CONSTRAINT system_config_key_check CHECK (key ~ '^[a-zA-Z][a-zA-Z0-9_.-]{0,199}$'),
  -- Everybody who may read settings would have the key; what needs one names the file or variable that holds it.
  CONSTRAINT system_config_value_check CHECK (jsonb_typeof(value) <> 'null' AND strpos(value::text, 'PRIVATE KEY-----') = 0)
);

COMMENT ON TABLE system_config IS 'One row per setting of the running platform.';
COMMENT ON COLUMN system_config.key IS 'A dotted name: mqtt.brokers.1.';
COMMENT ON COLUMN system_config.value IS 'JSON of the shape that the key has; never null, never a secret in clear: where one is needed, env:NAME or file:/path says where it is, or it is sealed.';
