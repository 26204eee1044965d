-- Which lines the rules have not been held against. Written by the transaction that stores the lines, if any rule is enabled, and
-- deleted by the one that counts them: whatever stops in between, a line is counted once. Lines that were there before have another
-- xmin than the mark, so that what a device sends again is not counted again.
CREATE TABLE log_alert_marks (
  id bigint GENERATED ALWAYS AS IDENTITY,
  devices uuid [] NOT NULL,
  moments timestamptz [] NOT NULL,
  sequences bigint [] NOT NULL,
  CONSTRAINT log_alert_marks_pkey PRIMARY KEY (id),
  CONSTRAINT log_alert_marks_devices_check CHECK (cardinality(devices) BETWEEN 1 AND 500),
  CONSTRAINT log_alert_marks_moments_check CHECK (cardinality(moments) = cardinality(devices)),
  CONSTRAINT log_alert_marks_sequences_check CHECK (cardinality(sequences) = cardinality(devices))
);

COMMENT ON TABLE log_alert_marks IS 'One row per up to 500 log lines of one commit that no rule has been held against: a queue.';
COMMENT ON COLUMN log_alert_marks.devices IS 'The keys of the lines in three arrays: whose each is,';
COMMENT ON COLUMN log_alert_marks.moments IS 'when it was logged,';
COMMENT ON COLUMN log_alert_marks.sequences IS 'and its sequence.';
