-- Devices that report seldom are not offline between two reports.
CREATE TABLE contact_expectations (
  device_uuid uuid NOT NULL,
  expected_every interval NOT NULL,
  CONSTRAINT contact_expectations_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT contact_expectations_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT contact_expectations_expected_every_check CHECK (
    expected_every BETWEEN interval '15 seconds' AND interval '366 days'
  )
);

COMMENT ON TABLE contact_expectations IS 'One row per device that is expected to be heard of at another pace than its fleet says, or once a minute.';
COMMENT ON COLUMN contact_expectations.expected_every IS 'The longest time between two contacts while all is well; after twice that it is offline.';

-- Since when the platform has been listening without a break. It outlives processes: after an outage of our own, whichever process
-- judges first gives every device its whole time again.
CREATE TABLE contact_watch (
  id boolean NOT NULL DEFAULT true,
  listening_since timestamptz NOT NULL,
  looked_at timestamptz NOT NULL,
  CONSTRAINT contact_watch_pkey PRIMARY KEY (id),
  CONSTRAINT contact_watch_id_check CHECK (id)
);

COMMENT ON TABLE contact_watch IS 'One row: how the search for silent devices goes.';
COMMENT ON COLUMN contact_watch.listening_since IS 'Since when there was no break longer than 90 seconds between two looks.';
COMMENT ON COLUMN contact_watch.looked_at IS 'When somebody last looked for silent devices.';
