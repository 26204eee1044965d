-- Remembers how far each rollup has come, so that a run that was cut short goes on where it stopped.
CREATE TABLE metric_rollup_progress (
  rollup text NOT NULL,
  complete_since timestamptz NOT NULL,
  complete_until timestamptz NOT NULL,
  pass_until timestamptz,
  device_uuid uuid,
  CONSTRAINT metric_rollup_progress_pkey PRIMARY KEY (rollup),
  CONSTRAINT metric_rollup_progress_rollup_check CHECK (rollup IN ('quarters', 'hours', 'days'))
);

COMMENT ON TABLE metric_rollup_progress IS 'One row per rollup: how far it has come.';
COMMENT ON COLUMN metric_rollup_progress.complete_since IS 'Where the rollup began: reports from before are in no bucket.';
COMMENT ON COLUMN metric_rollup_progress.complete_until IS 'Every bucket from there to this moment is made, for all devices.';
COMMENT ON COLUMN metric_rollup_progress.pass_until IS 'The pass that runs makes the buckets up to this moment; NULL: none runs.';
COMMENT ON COLUMN metric_rollup_progress.device_uuid IS 'Devices up to this one are done in that pass; NULL: none is.';
