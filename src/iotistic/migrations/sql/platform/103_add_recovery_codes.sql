-- For whoever has lost the app: ten codes that were shown once, each good once. Only what recognises one is kept.
CREATE TABLE recovery_codes (
  user_id bigint NOT NULL,
  number bigint NOT NULL,
  code_hash bytea NOT NULL,
  pepper_version bigint NOT NULL,
  used_at timestamptz,
  CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, number),
  CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES second_factors (user_id) ON DELETE CASCADE,
  CONSTRAINT recovery_codes_number_check CHECK (number BETWEEN 1 AND 10),
  CONSTRAINT recovery_codes_code_hash_check CHECK (octet_length(code_hash) = 32)
);

COMMENT ON TABLE recovery_codes IS 'One row per recovery code of a person, used ones too.';
COMMENT ON COLUMN recovery_codes.number IS '1 to 10.';
COMMENT ON COLUMN recovery_codes.code_hash IS 'HMAC-SHA-256 of account and code under a key that is derived from the pepper.';
COMMENT ON COLUMN recovery_codes.pepper_version IS 'Which pepper that was.';

SELECT audit_table_v1('recovery_codes', keys => '{user_id,number}', shown => '{used_at}');
