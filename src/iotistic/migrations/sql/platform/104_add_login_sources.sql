-- How logins go, by the name they are for and by where they come from. Whoever fails has to pause, in whichever process they try next; names
-- that are nobody's are counted in the same way, so that the pause tells nothing. A name is kept as a hash: it may be a password that
-- was typed into the wrong field.
CREATE TABLE login_sources (
  name_hash bytea NOT NULL,
  source text NOT NULL,
  failures bigint NOT NULL,
  failed_at timestamptz,
  succeeded_at timestamptz,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT login_sources_pkey PRIMARY KEY (name_hash, source),
  CONSTRAINT login_sources_name_hash_check CHECK (octet_length(name_hash) = 32),
  CONSTRAINT login_sources_source_check CHECK (char_length(source) <= 64),
  CONSTRAINT login_sources_failures_check CHECK (failures >= 0 AND (failures = 0 OR failed_at IS NOT NULL))
) WITH (fillfactor = 70);

CREATE INDEX login_sources_changed_at_idx ON login_sources (changed_at);

COMMENT ON TABLE login_sources IS 'One row per name and network that a login came from, and one per name for all networks together.';
COMMENT ON COLUMN login_sources.name_hash IS 'HMAC-SHA-256 of the name under a key that is derived from the pepper.';
COMMENT ON COLUMN login_sources.source IS 'What is counted together: an IPv4 address, or the /64 around an IPv6 address; empty: all of them.';
COMMENT ON COLUMN login_sources.failures IS 'Since the last success from there, or since a day without any.';
COMMENT ON COLUMN login_sources.succeeded_at IS 'To the day: from where somebody has come in they do not wait for what others do elsewhere.';
