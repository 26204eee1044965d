-- Everything the VPN asks of the database.

-- name: insert_certificate
-- Keeps a certificate that was issued.
INSERT INTO vpn_certificates (fingerprint, issuer, serial, common_name, device_uuid, not_before, not_after)
VALUES (
  %(fingerprint)s::bytea, %(issuer)s::text, %(serial)s::text, %(common_name)s::text, %(device_uuid)s::uuid,
  %(not_before)s::timestamptz, %(not_after)s::timestamptz
);

-- name: find_certificate
-- One certificate.
SELECT
  encode(fingerprint, 'hex') AS fingerprint, issuer, serial, common_name, device_uuid, not_before, not_after, issued_at,
  revoked_at, revocation_reason,
  CASE
    WHEN revoked_at IS NOT NULL THEN 'revoked'
    WHEN now() < not_before THEN 'early'
    WHEN now() >= not_after THEN 'expired'
    ELSE 'valid'
  END AS state
FROM vpn_certificates
WHERE fingerprint = %(fingerprint)s::bytea;

-- name: list_certificates
-- Certificates by fingerprint, from behind one on.
SELECT
  encode(fingerprint, 'hex') AS fingerprint, issuer, serial, common_name, device_uuid, not_before, not_after, issued_at,
  revoked_at, revocation_reason,
  CASE
    WHEN revoked_at IS NOT NULL THEN 'revoked'
    WHEN now() < not_before THEN 'early'
    WHEN now() >= not_after THEN 'expired'
    ELSE 'valid'
  END AS state
FROM vpn_certificates
WHERE
  (%(device_uuid)s::uuid IS NULL OR device_uuid = %(device_uuid)s::uuid)
  AND (%(after)s::bytea IS NULL OR fingerprint > %(after)s::bytea)
ORDER BY fingerprint
LIMIT %(limit)s::bigint;

-- name: list_ending
-- Certificates of a device that are good and end before a moment: what to renew.
SELECT
  encode(fingerprint, 'hex') AS fingerprint, issuer, serial, common_name, device_uuid, not_before, not_after, issued_at,
  revoked_at, revocation_reason, 'valid' AS state
FROM vpn_certificates
WHERE
  device_uuid = %(device_uuid)s::uuid
  AND revoked_at IS NULL
  AND not_after > now()
  AND not_after < %(until)s::timestamptz
ORDER BY not_after
LIMIT 1000;

-- name: list_revoked
-- What a revocation list of an authority holds: taken back, and not ended for more than a day, for clocks that go slow.
SELECT
  encode(fingerprint, 'hex') AS fingerprint, issuer, serial, common_name, device_uuid, not_before, not_after, issued_at,
  revoked_at, revocation_reason, 'revoked' AS state
FROM vpn_certificates
WHERE issuer = %(issuer)s::text AND revoked_at IS NOT NULL AND not_after > now() - interval '1 day'
ORDER BY revoked_at
LIMIT %(limit)s::bigint;

-- name: revoke
-- Takes a certificate back; one that is stays as it was revoked first.
UPDATE vpn_certificates
SET revoked_at = now(), revocation_reason = %(reason)s::text
WHERE fingerprint = %(fingerprint)s::bytea AND revoked_at IS NULL;

-- name: revoke_of_device
-- Takes all certificates of a device back.
UPDATE vpn_certificates
SET revoked_at = now(), revocation_reason = %(reason)s::text
WHERE device_uuid = %(device_uuid)s::uuid AND revoked_at IS NULL;
