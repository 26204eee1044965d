-- What people prove themselves with besides their password: one-time codes of an authenticator app (RFC 6238). The seed has to be read
-- again, so it is sealed under a key that is not in the database.
CREATE TABLE second_factors (
  user_id bigint NOT NULL,
  sealed_seed text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  confirmed_at timestamptz,
  last_step bigint NOT NULL DEFAULT 0,
  failures bigint NOT NULL DEFAULT 0,
  failed_at timestamptz,
  CONSTRAINT second_factors_pkey PRIMARY KEY (user_id),
  CONSTRAINT second_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT second_factors_sealed_seed_check CHECK (starts_with(sealed_seed, 'sealed:1:')),
  CONSTRAINT second_factors_last_step_check CHECK (last_step >= 0),
  CONSTRAINT second_factors_failures_check CHECK (failures >= 0 AND (failures = 0 OR failed_at IS NOT NULL))
) WITH (fillfactor = 80);

COMMENT ON TABLE second_factors IS 'One row per person with an authenticator app, or about to have one.';
COMMENT ON COLUMN second_factors.sealed_seed IS 'What the app and we make codes of; sealed about this account.';
COMMENT ON COLUMN second_factors.confirmed_at IS 'When a first code proved that the app has the seed; NULL: it counts for nothing yet.';
COMMENT ON COLUMN second_factors.last_step IS 'The step of 30 seconds whose code was taken last: this and earlier ones are taken no more.';
COMMENT ON COLUMN second_factors.failures IS 'Wrong codes since the last right one.';

SELECT audit_table_v1('second_factors', keys => '{user_id}', shown => '{confirmed_at}', masked => '{sealed_seed}');
