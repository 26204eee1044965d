-- Says which buckets must be made again because a report came for a time that was over. Only such reports are marked: what comes
-- in time is found by the progress of the rollup, and costs ingest nothing.
-- Rows are only added and taken away, never changed: two processes that mark the same bucket do not wait for each other, and a
-- mark is seen exactly when the report that made it is.
CREATE TABLE metric_rollup_marks (
  id bigint GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  bucket timestamptz NOT NULL,
  CONSTRAINT metric_rollup_marks_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE metric_rollup_marks IS 'One row per device and 15 minutes that late reports came for, per commit that brought some: a queue.';
COMMENT ON COLUMN metric_rollup_marks.bucket IS 'The first moment of the 15 minutes.';
