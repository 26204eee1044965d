-- What an application consists of at a time. Never changed: a rollback deploys an earlier one, and finds it as it was.
CREATE TABLE releases (
  application_id bigint NOT NULL,
  number bigint NOT NULL,
  services jsonb NOT NULL,
  notes text,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT releases_pkey PRIMARY KEY (application_id, number),
  CONSTRAINT releases_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications (id),
  CONSTRAINT releases_number_check CHECK (number > 0),
  CONSTRAINT releases_services_check CHECK (jsonb_typeof(services) = 'array'),
  CONSTRAINT releases_notes_check CHECK (char_length(notes) BETWEEN 1 AND 1000),
  CONSTRAINT releases_created_by_check CHECK (char_length(created_by) BETWEEN 1 AND 200)
);

COMMENT ON TABLE releases IS 'One row per release of an application; written once.';
COMMENT ON COLUMN releases.number IS 'Counts from 1 for each application, without gaps.';
COMMENT ON COLUMN releases.services IS 'Name, image by digest, and environment of each service.';
COMMENT ON COLUMN releases.created_by IS 'Who made it: a username, or the name of the program.';

SELECT audit_table_v1('releases', keys => '{application_id,number}', shown => '{notes,created_by}');
