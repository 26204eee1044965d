-- A device comes in two steps: with a claim key it claims an identity and is given a key of its own, then it proves that it has that
-- key. Between the two nothing is registered and the key opens nothing, so a claim alone changes no device.
CREATE TABLE enrolments (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  claim_key_id text NOT NULL,
  serial text,
  name text NOT NULL,
  kind text NOT NULL,
  facts jsonb NOT NULL,
  previous_device_uuid uuid,
  device_key_id text NOT NULL,
  secret_hash bytea NOT NULL,
  pepper_version bigint NOT NULL,
  mqtt_password_hash text NOT NULL,
  answer_hash bytea NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  completed_at timestamptz,
  device_uuid uuid,
  CONSTRAINT enrolments_pkey PRIMARY KEY (id),
  CONSTRAINT enrolments_claim_key_id_fkey FOREIGN KEY (claim_key_id) REFERENCES provisioning_keys (key_id) ON DELETE CASCADE,
  CONSTRAINT enrolments_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT enrolments_previous_device_uuid_fkey FOREIGN KEY (previous_device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT enrolments_serial_check CHECK (char_length(serial) BETWEEN 1 AND 200),
  CONSTRAINT enrolments_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
  CONSTRAINT enrolments_kind_check CHECK (kind ~ '^[a-z][a-z0-9_-]{0,49}$'),
  CONSTRAINT enrolments_facts_check CHECK (jsonb_typeof(facts) = 'object'),
  CONSTRAINT enrolments_secret_hash_check CHECK (octet_length(secret_hash) = 32),
  CONSTRAINT enrolments_mqtt_password_hash_check CHECK (mqtt_password_hash LIKE 'PBKDF2$%'),
  CONSTRAINT enrolments_answer_hash_check CHECK (octet_length(answer_hash) = 32),
  CONSTRAINT enrolments_completed_at_check CHECK ((completed_at IS NULL) = (device_uuid IS NULL))
);

-- A device that claims again with the same key takes the place of its own earlier claim, and uses the key up no further.
CREATE UNIQUE INDEX enrolments_open_key ON enrolments (claim_key_id, serial) WHERE completed_at IS NULL;
CREATE INDEX enrolments_claim_key_id_serial_idx ON enrolments (claim_key_id, serial);
CREATE INDEX enrolments_device_uuid_idx ON enrolments (device_uuid) WHERE device_uuid IS NOT NULL;
CREATE INDEX enrolments_previous_device_uuid_idx ON enrolments (previous_device_uuid) WHERE previous_device_uuid IS NOT NULL;

COMMENT ON TABLE enrolments IS 'One row per device that claimed an identity: open until it proves that it has its key, then kept as who let it in.';
COMMENT ON COLUMN enrolments.facts IS 'What it said about its host; emptied when it is in.';
COMMENT ON COLUMN enrolments.previous_device_uuid IS 'The device whose valid key was shown with the claim; NULL: none was.';
COMMENT ON COLUMN enrolments.device_key_id IS 'The public part of the key it was given; a row of api_keys once it is in.';
COMMENT ON COLUMN enrolments.secret_hash IS 'As in api_keys.';
COMMENT ON COLUMN enrolments.pepper_version IS 'As in api_keys.';
COMMENT ON COLUMN enrolments.mqtt_password_hash IS 'As in mqtt_users: of the password that it was given with its key; its account has it once it is in.';
COMMENT ON COLUMN enrolments.answer_hash IS 'SHA-256 of the only right answer to its challenge; neither challenge nor answer is stored.';
COMMENT ON COLUMN enrolments.expires_at IS 'Until when it may answer.';
COMMENT ON COLUMN enrolments.completed_at IS 'When it was let in; NULL: not yet.';
COMMENT ON COLUMN enrolments.device_uuid IS 'Which device it is.';
