-- What happened, in the order it became visible. Each retention has a parent of its own, so that an event of seven years never lies in
-- a partition that is dropped after seven days; a longer retention has longer partitions, which keeps them at about sixty in all.
CREATE SEQUENCE events_sequence;

CREATE TABLE events (
  retention_days bigint NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  sequence bigint NOT NULL DEFAULT nextval('events_sequence'),
  type text NOT NULL,
  aggregate text NOT NULL,
  aggregate_id text NOT NULL,
  device_uuid uuid,
  actor_kind text NOT NULL,
  actor text NOT NULL,
  correlation_id text NOT NULL,
  causation_id uuid,
  data jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT events_pkey PRIMARY KEY (recorded_at, sequence, retention_days),
  CONSTRAINT events_type_fkey FOREIGN KEY (type) REFERENCES event_types (name),
  CONSTRAINT events_actor_kind_check CHECK (actor_kind IN ('user', 'device', 'claim_key', 'system')),
  CONSTRAINT events_aggregate_id_check CHECK (char_length(aggregate_id) BETWEEN 1 AND 200),
  CONSTRAINT events_correlation_id_check CHECK (char_length(correlation_id) BETWEEN 1 AND 128),
  CONSTRAINT events_data_check CHECK (jsonb_typeof(data) = 'object' AND pg_column_size(data) <= 16384)
) PARTITION BY LIST (retention_days);

-- The table was made above and is empty.
-- squawk-ignore-file require-concurrent-index-creation
CREATE INDEX events_transaction_id_sequence_idx ON events (transaction_id, sequence);
CREATE INDEX events_id_idx ON events (id);
CREATE INDEX events_type_recorded_at_sequence_idx ON events (type, recorded_at, sequence);
CREATE INDEX events_aggregate_aggregate_id_recorded_at_sequence_idx ON events (aggregate, aggregate_id, recorded_at, sequence);
CREATE INDEX events_device_uuid_recorded_at_sequence_idx ON events (device_uuid, recorded_at, sequence) WHERE device_uuid IS NOT NULL;
CREATE INDEX events_correlation_id_recorded_at_sequence_idx ON events (correlation_id, recorded_at, sequence);
CREATE INDEX events_causation_id_idx ON events (causation_id) WHERE causation_id IS NOT NULL;

COMMENT ON TABLE events IS 'One row per thing that happened; never changed. Partitioned by retention, and within it by time.';
COMMENT ON COLUMN events.retention_days IS 'As its type says: how long it is kept.';
COMMENT ON COLUMN events.recorded_at IS 'When the transaction that it belongs to began, by the clock of the database.';
COMMENT ON COLUMN events.transaction_id IS 'Which transaction wrote it: readers stop before the oldest that is still running, so that they never pass an event by.';
COMMENT ON COLUMN events.sequence IS 'The order within a transaction and, roughly, among them.';
COMMENT ON COLUMN events.aggregate IS 'As its type says: what it is about.';
COMMENT ON COLUMN events.aggregate_id IS 'Which of them: a uuid, a name.';
COMMENT ON COLUMN events.device_uuid IS 'The device it is about, also where that is not what it is about first; NULL: none.';
COMMENT ON COLUMN events.actor IS 'As in audit_log.';
COMMENT ON COLUMN events.correlation_id IS 'The same for everything that came of one cause: the request id, that of the event it came of, or its own id.';
COMMENT ON COLUMN events.causation_id IS 'The event that it directly came of; NULL: none.';
COMMENT ON COLUMN events.data IS 'What else there is to say, as the schema of its type tells; at most 16 KiB.';

CREATE TABLE events_7d PARTITION OF events FOR VALUES IN (7) PARTITION BY RANGE (recorded_at);
CREATE TABLE events_90d PARTITION OF events FOR VALUES IN (90) PARTITION BY RANGE (recorded_at);
CREATE TABLE events_365d PARTITION OF events FOR VALUES IN (365) PARTITION BY RANGE (recorded_at);
CREATE TABLE events_2555d PARTITION OF events FOR VALUES IN (2555) PARTITION BY RANGE (recorded_at);

COMMENT ON TABLE events_7d IS 'Events that are kept for a week, by day.';
COMMENT ON TABLE events_90d IS 'Events that are kept for a quarter, by week.';
COMMENT ON TABLE events_365d IS 'Events that are kept for a year, by month.';
COMMENT ON TABLE events_2555d IS 'Events that are kept for seven years, by year.';

INSERT INTO partition_policies (parent, grain, premake, back, keep_days) VALUES
('events_7d', 'day', 10, 0, 7),
('events_90d', 'week', 2, 0, 90),
('events_365d', 'month', 1, 0, 365),
('events_2555d', 'year', 1, 0, 2555);

-- A row trigger, since each partition inherits it: whoever names a partition does not get around it.
CREATE TRIGGER events_only_added_to BEFORE UPDATE OR DELETE ON events
FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_v1();
