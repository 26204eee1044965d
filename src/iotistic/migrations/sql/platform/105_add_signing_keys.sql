-- What access tokens are signed with. One key signs; those before it verify until the last token they signed has ended. Here and not in
-- each process, so that all sign and verify with the same ones, whoever rotates them. The private part is sealed.
CREATE TABLE signing_keys (
  id text NOT NULL,
  algorithm text NOT NULL,
  sealed_seed text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz,
  ends_at timestamptz,
  CONSTRAINT signing_keys_pkey PRIMARY KEY (id),
  CONSTRAINT signing_keys_id_check CHECK (id ~ '^[a-z0-9]{1,40}$'),
  CONSTRAINT signing_keys_algorithm_check CHECK (algorithm = 'EdDSA'),
  CONSTRAINT signing_keys_sealed_seed_check CHECK (starts_with(sealed_seed, 'sealed:1:')),
  CONSTRAINT signing_keys_ends_at_check CHECK ((retired_at IS NULL) = (ends_at IS NULL) AND ends_at >= retired_at)
);

CREATE UNIQUE INDEX signing_keys_signing_key ON signing_keys ((true)) WHERE retired_at IS NULL;

COMMENT ON TABLE signing_keys IS 'One row per key that access tokens are or were signed with.';
COMMENT ON COLUMN signing_keys.id IS 'The kid in the header of a token.';
COMMENT ON COLUMN signing_keys.algorithm IS 'The only one that a token of this key may be signed by, whatever its header claims.';
COMMENT ON COLUMN signing_keys.sealed_seed IS 'Of Ed25519; sealed about this key.';
COMMENT ON COLUMN signing_keys.retired_at IS 'When another took its place; NULL: it signs.';
COMMENT ON COLUMN signing_keys.ends_at IS 'From when on no token of it is good.';

-- Whoever came with a token of a key that ended early is looked up anew.
CREATE TRIGGER signing_keys_ended AFTER UPDATE OF ends_at ON signing_keys
FOR EACH ROW WHEN (new.ends_at <= clock_timestamp()) EXECUTE FUNCTION notify_access_changed_v1();

SELECT audit_table_v1('signing_keys', keys => '{id}', shown => '{algorithm,retired_at,ends_at}', masked => '{sealed_seed}');
