-- Every version a half of a shadow ever had, whole, so that any of them can be read, compared and restored without the others.
CREATE TABLE device_state_history (
  device_uuid uuid NOT NULL,
  half text NOT NULL,
  version bigint NOT NULL,
  document jsonb NOT NULL,
  actor_kind text NOT NULL,
  actor text NOT NULL,
  cause text NOT NULL,
  restored_version bigint,
  recorded_at timestamptz NOT NULL,
  CONSTRAINT device_state_history_pkey PRIMARY KEY (device_uuid, half, version),
  CONSTRAINT device_state_history_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT device_state_history_half_check CHECK (half IN ('desired', 'reported')),
  CONSTRAINT device_state_history_version_check CHECK (version > 0),
  CONSTRAINT device_state_history_actor_kind_check CHECK (actor_kind IN ('user', 'device', 'system')),
  CONSTRAINT device_state_history_actor_check CHECK (char_length(actor) BETWEEN 1 AND 200),
  CONSTRAINT device_state_history_cause_check CHECK (cause IN ('patch', 'replace', 'rollback')),
  CONSTRAINT device_state_history_restored_version_check CHECK (
    (cause = 'rollback') = (restored_version IS NOT NULL) AND restored_version BETWEEN 0 AND version - 1
  )
);

-- Finds the version of a moment.
CREATE INDEX device_state_history_device_uuid_half_recorded_at_idx
  ON device_state_history (device_uuid, half, recorded_at);

-- Finds what is old enough to be forgotten.
CREATE INDEX device_state_history_recorded_at_idx ON device_state_history (recorded_at);

COMMENT ON TABLE device_state_history IS 'One row per version of a half of a shadow, the present one among them; written once.';
COMMENT ON COLUMN device_state_history.half IS 'As in device_shadows.';
COMMENT ON COLUMN device_state_history.version IS 'As in device_shadows; without gaps.';
COMMENT ON COLUMN device_state_history.document IS 'The whole document at this version.';
COMMENT ON COLUMN device_state_history.actor_kind IS 'What sort of writer it was: user, device, or system (the command line).';
COMMENT ON COLUMN device_state_history.actor IS 'Who wrote: the username, the uuid of the device, or the name of the program.';
COMMENT ON COLUMN device_state_history.cause IS 'patch: merged into the version before; replace: put in its place; rollback: an older version again.';
COMMENT ON COLUMN device_state_history.restored_version IS 'The older version that a rollback brought back; 0 is the empty document.';
COMMENT ON COLUMN device_state_history.recorded_at IS 'When the version came to be, by the clock of the database; rises with the version.';
