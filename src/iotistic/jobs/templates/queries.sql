-- Everything about job templates that is asked of the database.

-- name: lock_template
-- A template for a new version of it, made if there is none; writers of one follow one another.
INSERT INTO job_templates (name, description)
VALUES (%(name)s::text, %(description)s::text)
ON CONFLICT (name) DO UPDATE SET
  description = coalesce(excluded.description, job_templates.description), updated_at = now()
RETURNING id, version;

-- name: find_document
-- What a version says.
SELECT document
FROM job_template_versions
WHERE template_id = %(template_id)s::bigint AND version = %(version)s::bigint;

-- name: insert_version
-- Keeps a version.
INSERT INTO job_template_versions (template_id, version, document, created_by)
VALUES (%(template_id)s::bigint, %(version)s::bigint, %(document)s::jsonb, %(created_by)s::text);

-- name: set_newest
-- Notes which version is the newest.
UPDATE job_templates
SET version = %(version)s::bigint
WHERE id = %(template_id)s::bigint;

-- name: find_template
-- One template as it is, or at a version.
SELECT
  template.id, template.name, template.description, written.version, template.version AS newest_version, written.document,
  written.created_by, written.created_at
FROM job_templates AS template
INNER JOIN job_template_versions AS written
  ON written.template_id = template.id AND written.version = coalesce(%(version)s::bigint, template.version)
WHERE template.name = %(name)s::text;

-- name: find_template_by_id
-- The same for a schedule.
SELECT
  template.id, template.name, template.description, written.version, template.version AS newest_version, written.document,
  written.created_by, written.created_at
FROM job_templates AS template
INNER JOIN job_template_versions AS written
  ON written.template_id = template.id AND written.version = coalesce(%(version)s::bigint, template.version)
WHERE template.id = %(id)s::bigint;

-- name: list_templates
-- Templates by name, from behind a name on.
SELECT
  template.id, template.name, template.description, written.version, template.version AS newest_version, written.document,
  written.created_by, written.created_at
FROM job_templates AS template
INNER JOIN job_template_versions AS written
  ON written.template_id = template.id AND written.version = template.version
WHERE (%(after)s::text IS NULL OR template.name > %(after)s::text)
ORDER BY template.name
LIMIT %(limit)s::bigint;

-- name: list_versions
-- The versions of a template, the newest first, from before one on.
SELECT written.version, written.created_by, written.created_at
FROM job_template_versions AS written
INNER JOIN job_templates AS template ON template.id = written.template_id
WHERE
  template.name = %(name)s::text
  AND (%(before)s::bigint IS NULL OR written.version < %(before)s::bigint)
ORDER BY written.version DESC
LIMIT %(limit)s::bigint;

-- name: delete_template
-- Deletes a template; one that a schedule uses violates job_schedules_template_id_fkey. Jobs keep the steps they were made with.
DELETE FROM job_templates
WHERE name = %(name)s::text;
