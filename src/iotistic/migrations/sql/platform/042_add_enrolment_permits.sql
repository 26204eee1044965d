-- A device that lost its key cannot prove that it is itself: a person says that it may come again, for a time.
CREATE TABLE enrolment_permits (
  device_uuid uuid NOT NULL,
  permitted_by text NOT NULL,
  permitted_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  CONSTRAINT enrolment_permits_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT enrolment_permits_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE
);

COMMENT ON TABLE enrolment_permits IS 'One row per device that may enrol again without its old key; gone once it has.';
COMMENT ON COLUMN enrolment_permits.permitted_by IS 'Who said so: a username, or the name of the program.';
