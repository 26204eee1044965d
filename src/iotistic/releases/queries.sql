-- Everything about applications and releases that is asked of the database.

-- name: insert_application
-- Makes an application; a taken name violates applications_name_key.
INSERT INTO applications (name, description)
VALUES (%(name)s::text, %(description)s::text);

-- name: find_application
-- One application, and its newest release.
SELECT
  application.name, application.description,
  (SELECT coalesce(max(made.number), 0) FROM releases AS made WHERE made.application_id = application.id) AS newest_release,
  application.created_at
FROM applications AS application
WHERE application.name = %(name)s::text;

-- name: list_applications
-- Applications by name, from behind a name on.
SELECT
  application.name, application.description,
  (SELECT coalesce(max(made.number), 0) FROM releases AS made WHERE made.application_id = application.id) AS newest_release,
  application.created_at
FROM applications AS application
WHERE (%(after)s::text IS NULL OR application.name > %(after)s::text)
ORDER BY application.name
LIMIT %(limit)s::bigint;

-- name: lock_application
-- Makes this writer of a release the next one, so that numbers have no gaps.
SELECT id
FROM applications
WHERE name = %(name)s::text
FOR NO KEY UPDATE;

-- name: insert_release
-- The next release of an application.
INSERT INTO releases (application_id, number, services, notes, created_by)
SELECT
  %(application_id)s::bigint,
  coalesce(max(made.number), 0) + 1,
  %(services)s::jsonb,
  %(notes)s::text,
  %(created_by)s::text
FROM releases AS made
WHERE made.application_id = %(application_id)s::bigint
RETURNING number;

-- name: find_release
-- One release.
SELECT application.name AS application, made.number, made.services, made.notes, made.created_by, made.created_at
FROM releases AS made
INNER JOIN applications AS application ON application.id = made.application_id
WHERE application.name = %(name)s::text AND made.number = %(number)s::bigint;

-- name: list_releases
-- Releases of an application, the newest first, from before one on.
SELECT application.name AS application, made.number, made.services, made.notes, made.created_by, made.created_at
FROM releases AS made
INNER JOIN applications AS application ON application.id = made.application_id
WHERE application.name = %(name)s::text AND (%(before)s::bigint IS NULL OR made.number < %(before)s::bigint)
ORDER BY made.number DESC
LIMIT %(limit)s::bigint;
