-- What devices run, by name.
CREATE TABLE applications (
  id bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT applications_pkey PRIMARY KEY (id),
  CONSTRAINT applications_name_key UNIQUE (name),
  CONSTRAINT applications_name_check CHECK (name ~ '^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$'),
  CONSTRAINT applications_description_check CHECK (char_length(description) BETWEEN 1 AND 1000)
);

COMMENT ON TABLE applications IS 'One row per application that devices can run.';
COMMENT ON COLUMN applications.name IS 'A lower-case word by which people, paths and desired states name it.';

SELECT audit_table_v1('applications', keys => '{name}', shown => '{description}');
