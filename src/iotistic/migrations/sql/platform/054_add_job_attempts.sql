-- How each attempt ended. Written once when it does, so that a claim writes one row and not two.
CREATE TABLE job_attempts (
  job_id bigint NOT NULL,
  device_uuid uuid NOT NULL,
  attempt bigint NOT NULL,
  outcome text NOT NULL,
  step bigint,
  exit_code bigint,
  reason text,
  output text,
  output_bytes bigint,
  result jsonb,
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT job_attempts_pkey PRIMARY KEY (job_id, device_uuid, attempt),
  CONSTRAINT job_attempts_job_id_device_uuid_fkey
  FOREIGN KEY (job_id, device_uuid) REFERENCES job_executions (job_id, device_uuid) ON DELETE CASCADE,
  CONSTRAINT job_attempts_attempt_check CHECK (attempt > 0),
  CONSTRAINT job_attempts_outcome_check CHECK (outcome IN ('succeeded', 'failed', 'timed_out', 'rejected', 'cancelled')),
  CONSTRAINT job_attempts_reason_check CHECK (char_length(reason) <= 1000),
  CONSTRAINT job_attempts_output_check CHECK (octet_length(output) <= 17000),
  CONSTRAINT job_attempts_output_bytes_check CHECK (output_bytes >= 0)
);

COMMENT ON TABLE job_attempts IS 'One row per attempt that ended; written once.';
COMMENT ON COLUMN job_attempts.attempt IS 'Counts from 1 for each device.';
COMMENT ON COLUMN job_attempts.step IS 'The step it ended in, from 0.';
COMMENT ON COLUMN job_attempts.exit_code IS 'What the last program ended with, where the device runs programs.';
COMMENT ON COLUMN job_attempts.output IS 'What the device said: 16 KiB, of longer ones the beginning and the end around a mark.';
COMMENT ON COLUMN job_attempts.output_bytes IS 'How long the output was as it came.';
COMMENT ON COLUMN job_attempts.result IS 'What the device found, at most 8 KiB; of a larger one only a mark with its size.';
