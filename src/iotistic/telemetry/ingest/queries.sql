-- name: find_receipts
-- What was answered to requests with these keys, yesterday or today. Bounds are parameters: their leaves, and no others.
SELECT
  asked.number,
  kept.request_digest,
  kept.receipt
FROM unnest(%(senders)s::uuid [], %(routes)s::text [], %(idempotency_keys)s::text [])
WITH ORDINALITY AS asked (sender_uuid, route, idempotency_key, number)
CROSS JOIN LATERAL (
  SELECT
    receipt.request_digest,
    receipt.receipt
  FROM ingest_receipts AS receipt
  WHERE
    receipt.sender_uuid = asked.sender_uuid
    AND receipt.idempotency_key = asked.idempotency_key
    AND receipt.route = asked.route
    AND receipt.received_day >= %(since)s::timestamptz
    AND receipt.received_day <= %(until)s::timestamptz
  ORDER BY receipt.received_day
  LIMIT 1
) AS kept;

-- name: keep_receipts
-- Stores answers with their rows; tells which of them were first with their key.
INSERT INTO ingest_receipts (received_day, sender_uuid, route, idempotency_key, request_digest, receipt)
SELECT
  answer.received_day,
  answer.sender_uuid,
  answer.route,
  answer.idempotency_key,
  answer.request_digest,
  answer.receipt
FROM unnest(
  %(days)s::timestamptz [], %(senders)s::uuid [], %(routes)s::text [], %(idempotency_keys)s::text [],
  %(digests)s::bytea [], %(receipts)s::bytea []
) AS answer (received_day, sender_uuid, route, idempotency_key, request_digest, receipt)
ORDER BY answer.sender_uuid, answer.idempotency_key, answer.route
ON CONFLICT DO NOTHING
RETURNING sender_uuid, route, idempotency_key;

-- name: mend_latest
-- Brings the latest reports up to history: a process that was killed may have stored a report and not noted it as the latest.
UPDATE device_metric_latest AS latest
SET timestamp = newest.timestamp, metric_set_id = newest.metric_set_id, values = newest.values
FROM device_metric_latest AS known
CROSS JOIN LATERAL (
  SELECT
    report.timestamp,
    report.metric_set_id,
    report.values
  FROM device_metrics AS report
  WHERE
    report.series_id = known.series_id
    AND report.timestamp > known.timestamp
    AND report.timestamp >= %(since)s::timestamptz
    AND report.timestamp < %(until)s::timestamptz
  ORDER BY report.timestamp DESC
  LIMIT 1
) AS newest
WHERE
  latest.device_uuid = known.device_uuid
  AND latest.series_id = known.series_id
  AND latest.timestamp < newest.timestamp;
