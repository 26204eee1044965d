-- Every version a template ever had, so that a job can say exactly what it was made from.
CREATE TABLE job_template_versions (
  template_id bigint NOT NULL,
  version bigint NOT NULL,
  document jsonb NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT job_template_versions_pkey PRIMARY KEY (template_id, version),
  CONSTRAINT job_template_versions_template_id_fkey FOREIGN KEY (template_id) REFERENCES job_templates (id) ON DELETE CASCADE,
  CONSTRAINT job_template_versions_version_check CHECK (version > 0),
  CONSTRAINT job_template_versions_document_check CHECK (jsonb_typeof(document -> 'steps') = 'array'),
  CONSTRAINT job_template_versions_created_by_check CHECK (char_length(created_by) BETWEEN 1 AND 200)
);

COMMENT ON TABLE job_template_versions IS 'One row per version of a job template; written once.';
COMMENT ON COLUMN job_template_versions.version IS 'Counts from 1, without gaps.';
COMMENT ON COLUMN job_template_versions.document IS 'The steps and their timeouts; at most 32 KiB as compact JSON.';
COMMENT ON COLUMN job_template_versions.created_by IS 'Who wrote it: a username, or the name of the program.';
