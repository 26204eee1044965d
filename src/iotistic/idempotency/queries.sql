-- Everything that is asked about idempotency keys.

-- name: claim_key
-- Takes the key for this request; touches no row when it was answered. Of two at once the second waits for the first.
INSERT INTO idempotency_keys (user_id, idempotency_key, request_digest, status, headers, body)
VALUES (%(user_id)s::bigint, %(key)s::text, %(digest)s::bytea, 0, '{}', '')
ON CONFLICT DO NOTHING;

-- name: find_answer
-- What was answered to the request with this key.
SELECT request_digest, status, headers, body
FROM idempotency_keys
WHERE user_id = %(user_id)s::bigint AND idempotency_key = %(key)s::text;

-- name: keep_answer
-- Completes the key with the answer.
UPDATE idempotency_keys
SET status = %(status)s::bigint, headers = %(headers)s::jsonb, body = %(body)s::bytea, answered_at = now()
WHERE user_id = %(user_id)s::bigint AND idempotency_key = %(key)s::text;

-- name: sweep
-- Forgets the oldest keys past their time, a bunch at a time.
DELETE FROM idempotency_keys
WHERE (user_id, idempotency_key) IN (
  SELECT user_id, idempotency_key
  FROM idempotency_keys
  WHERE answered_at < now() - %(age)s::interval
  ORDER BY answered_at
  LIMIT %(limit)s::bigint
  FOR UPDATE SKIP LOCKED
);
