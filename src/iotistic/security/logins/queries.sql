-- How logins go.

-- name: find_login_sources
-- How logins for a name went from one source and from everywhere.
SELECT source, failures, failed_at, succeeded_at, clock_timestamp() AS seen_at
FROM login_sources
WHERE name_hash = %(name_hash)s::bytea AND source IN ('', %(source)s::text);

-- name: find_known_login_sources
-- Whence a name has come in lately: those do not wait for what fails elsewhere.
SELECT source
FROM login_sources
WHERE name_hash = %(name_hash)s::bytea AND source <> '' AND succeeded_at > clock_timestamp() - %(known_for)s::interval
ORDER BY succeeded_at DESC, source
LIMIT %(most)s::integer;

-- name: note_failed_login
-- One more failure, here and altogether. After a day without any the counting begins anew.
INSERT INTO login_sources (name_hash, source, failures, failed_at)
SELECT %(name_hash)s::bytea, counted.source, 1, clock_timestamp()
FROM unnest(ARRAY['', %(source)s::text]) AS counted (source)
ON CONFLICT (name_hash, source) DO UPDATE
SET
  failures = CASE WHEN login_sources.failed_at > now() - interval '1 day' THEN login_sources.failures + 1 ELSE 1 END,
  failed_at = excluded.failed_at,
  changed_at = now();

-- name: note_login
-- Somebody came in from there. Written once a day, unless there are failures to forget; what was counted altogether stays.
INSERT INTO login_sources (name_hash, source, failures, succeeded_at)
VALUES (%(name_hash)s::bytea, %(source)s::text, 0, now())
ON CONFLICT (name_hash, source) DO UPDATE
SET failures = 0, succeeded_at = now(), changed_at = now()
WHERE
  login_sources.failures > 0 OR login_sources.succeeded_at IS NULL OR login_sources.succeeded_at < now() - interval '1 day';

-- name: forget_login_sources
-- Where nothing happened for so long that it decides nothing any more.
DELETE FROM login_sources
WHERE
  (name_hash, source) IN (
    SELECT old.name_hash, old.source
    FROM login_sources AS old
    WHERE old.changed_at < now() - CASE WHEN old.succeeded_at IS NULL THEN interval '2 days' ELSE interval '91 days' END
    ORDER BY old.changed_at
    LIMIT 10000
  );
