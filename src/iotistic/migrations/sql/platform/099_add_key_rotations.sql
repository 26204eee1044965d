-- Replacing the keys of a whole fleet. Its progress stands here, so that whichever process leads takes it up where another left it.
CREATE TABLE key_rotations (
  id bigint GENERATED ALWAYS AS IDENTITY,
  fleet_id bigint,
  grace interval NOT NULL,
  reason text NOT NULL,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  last_key_id text NOT NULL DEFAULT '',
  marked bigint NOT NULL DEFAULT 0,
  finished_at timestamptz,
  CONSTRAINT key_rotations_pkey PRIMARY KEY (id),
  CONSTRAINT key_rotations_fleet_id_fkey FOREIGN KEY (fleet_id) REFERENCES fleets (id) ON DELETE CASCADE,
  CONSTRAINT key_rotations_grace_check CHECK (grace BETWEEN interval '0' AND interval '366 days'),
  CONSTRAINT key_rotations_reason_check CHECK (char_length(reason) BETWEEN 1 AND 200),
  CONSTRAINT key_rotations_marked_check CHECK (marked >= 0)
);

CREATE INDEX key_rotations_fleet_id_idx ON key_rotations (fleet_id) WHERE fleet_id IS NOT NULL;

COMMENT ON TABLE key_rotations IS 'One row per time that somebody had the keys of many devices replaced.';
COMMENT ON COLUMN key_rotations.fleet_id IS 'The fleet whose devices are meant; NULL: all devices.';
COMMENT ON COLUMN key_rotations.grace IS 'How long each old key stays good, from the moment it is marked.';
COMMENT ON COLUMN key_rotations.requested_at IS 'Keys that are older than this are replaced.';
COMMENT ON COLUMN key_rotations.last_key_id IS 'Keys up to this one are done, in the order of their ids.';
COMMENT ON COLUMN key_rotations.marked IS 'How many keys it gave an end.';
COMMENT ON COLUMN key_rotations.finished_at IS 'When it had come to the last key; NULL: it goes on.';

SELECT audit_table_v1('key_rotations', keys => '{id}', shown => '{fleet_id,grace,reason,requested_by,finished_at}');
