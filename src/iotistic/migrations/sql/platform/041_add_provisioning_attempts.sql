-- Everybody who ever tried to come in, also those who were sent away: for people who look after a fleet, and for the limits.
CREATE TABLE provisioning_attempts (
  id bigint GENERATED ALWAYS AS IDENTITY,
  attempted_at timestamptz NOT NULL DEFAULT now(),
  source inet,
  source_network cidr,
  claim_key_id text,
  serial text,
  outcome text NOT NULL,
  CONSTRAINT provisioning_attempts_pkey PRIMARY KEY (id),
  CONSTRAINT provisioning_attempts_outcome_check CHECK (
    outcome IN (
      'claimed', 'enrolled', 'claim_key_malformed', 'claim_key_unknown', 'claim_key_wrong', 'claim_key_expired',
      'claim_key_revoked', 'claim_key_used_up', 'serial_not_allowed', 'device_enrolled', 'device_name_taken', 'claim_invalid',
      'proof_unknown', 'proof_wrong', 'proof_late', 'rate_limited'
    )
  )
);

-- The limits count refusals of the last minutes; those who come in cost these indexes nothing.
CREATE INDEX provisioning_attempts_refused_source_idx ON provisioning_attempts (source_network, attempted_at)
WHERE outcome NOT IN ('claimed', 'enrolled', 'rate_limited');

CREATE INDEX provisioning_attempts_refused_claim_key_idx ON provisioning_attempts (claim_key_id, attempted_at)
WHERE outcome NOT IN ('claimed', 'enrolled', 'rate_limited', 'claim_key_unknown', 'claim_key_wrong');

CREATE INDEX provisioning_attempts_attempted_at_idx ON provisioning_attempts (attempted_at);

COMMENT ON TABLE provisioning_attempts IS 'One row per attempt to enrol; of those turned away for coming too often, one a minute and network.';
COMMENT ON COLUMN provisioning_attempts.source IS 'The address it came from; NULL where the connection has none.';
COMMENT ON COLUMN provisioning_attempts.source_network IS 'What is counted together: an IPv4 address, or the /64 around an IPv6 address, which one customer has whole.';
COMMENT ON COLUMN provisioning_attempts.claim_key_id IS 'The public part of the claim key as it was shown; it may never have existed.';
COMMENT ON COLUMN provisioning_attempts.serial IS 'The serial as it was said, its first 200 characters.';
