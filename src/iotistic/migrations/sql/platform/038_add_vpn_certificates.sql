-- Which certificates of the VPN were issued, and which of them are taken back. Never a private key: it does not leave the device.
-- A certificate outlives its device here, as it does everywhere else: forgotten, it could no longer be revoked.
CREATE TABLE vpn_certificates (
  fingerprint bytea NOT NULL,
  issuer text NOT NULL,
  serial text NOT NULL,
  common_name text NOT NULL,
  device_uuid uuid,
  not_before timestamptz NOT NULL,
  not_after timestamptz NOT NULL,
  issued_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  revocation_reason text,
  CONSTRAINT vpn_certificates_pkey PRIMARY KEY (fingerprint),
  CONSTRAINT vpn_certificates_issuer_serial_key UNIQUE (issuer, serial),
  CONSTRAINT vpn_certificates_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE SET NULL,
  CONSTRAINT vpn_certificates_fingerprint_check CHECK (octet_length(fingerprint) = 32),
  CONSTRAINT vpn_certificates_issuer_check CHECK (char_length(issuer) BETWEEN 1 AND 200),
  -- At most 20 octets (RFC 5280, 4.1.2.2), without leading zeros, so that one number is one text.
  CONSTRAINT vpn_certificates_serial_check CHECK (serial ~ '^[1-9a-f][0-9a-f]{0,39}$'),
  CONSTRAINT vpn_certificates_common_name_check CHECK (char_length(common_name) BETWEEN 1 AND 64),
  CONSTRAINT vpn_certificates_not_after_check CHECK (not_after > not_before),
  CONSTRAINT vpn_certificates_revocation_reason_check CHECK (
    (revocation_reason IS NULL) = (revoked_at IS NULL)
    AND revocation_reason IN (
      'unspecified', 'key_compromise', 'ca_compromise', 'affiliation_changed', 'superseded', 'cessation_of_operation',
      'privilege_withdrawn'
    )
  )
);

CREATE INDEX vpn_certificates_device_uuid_not_after_idx ON vpn_certificates (device_uuid, not_after);
-- What a revocation list is made of.
CREATE INDEX vpn_certificates_revoked_at_idx ON vpn_certificates (issuer, revoked_at) WHERE revoked_at IS NOT NULL;

COMMENT ON TABLE vpn_certificates IS 'One row per certificate that was issued for the VPN.';
COMMENT ON COLUMN vpn_certificates.fingerprint IS 'SHA-256 of the certificate in DER.';
COMMENT ON COLUMN vpn_certificates.issuer IS 'The common name of the authority that signed it.';
COMMENT ON COLUMN vpn_certificates.serial IS 'Hexadecimal in lower case: a number of up to 159 bits, which JSON cannot hold.';
COMMENT ON COLUMN vpn_certificates.device_uuid IS 'Whose it is; NULL: a server''s, or the device is deleted.';
COMMENT ON COLUMN vpn_certificates.revoked_at IS 'When it was taken back, for good; NULL: it is good while it is valid.';
COMMENT ON COLUMN vpn_certificates.revocation_reason IS 'As in RFC 5280, 5.3.1; what could be lifted again is not among them.';

SELECT audit_table_v1(
  'vpn_certificates',
  keys => '{issuer,serial}',
  shown => '{common_name,not_before,not_after,revoked_at,revocation_reason}',
  device => 'device_uuid'
);
