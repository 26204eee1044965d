-- What a job can be made of, under a name: documents of steps, each version kept as it was.
CREATE TABLE job_templates (
  id bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  description text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT job_templates_pkey PRIMARY KEY (id),
  CONSTRAINT job_templates_name_key UNIQUE (name),
  CONSTRAINT job_templates_name_check CHECK (name ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'),
  CONSTRAINT job_templates_description_check CHECK (char_length(description) BETWEEN 1 AND 1000),
  CONSTRAINT job_templates_version_check CHECK (version > 0)
);

COMMENT ON TABLE job_templates IS 'One row per named document of steps that jobs are made from.';
COMMENT ON COLUMN job_templates.name IS 'A lower-case word by which people and paths name it.';
COMMENT ON COLUMN job_templates.version IS 'The newest version there is.';
