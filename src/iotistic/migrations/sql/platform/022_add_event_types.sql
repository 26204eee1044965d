-- What kinds of events there are, and how long each is kept: an event of a kind that is not listed here cannot be stored.
CREATE TABLE event_types (
  name text NOT NULL,
  aggregate text NOT NULL,
  retention_days bigint NOT NULL,
  description text NOT NULL,
  data_schema jsonb,
  CONSTRAINT event_types_pkey PRIMARY KEY (name),
  CONSTRAINT event_types_name_check CHECK (name ~ '^[a-z][a-z0-9_]{0,40}\.[a-z][a-z0-9_]{0,40}$'),
  CONSTRAINT event_types_aggregate_check CHECK (aggregate ~ '^[a-z][a-z0-9_]{0,40}$'),
  CONSTRAINT event_types_retention_days_check CHECK (retention_days IN (7, 90, 365, 2555)),
  CONSTRAINT event_types_data_schema_check CHECK (jsonb_typeof(data_schema) = 'object')
);

COMMENT ON TABLE event_types IS 'One row per kind of event.';
COMMENT ON COLUMN event_types.name IS 'What it is about and what happened to it, in the past tense: device.retired.';
COMMENT ON COLUMN event_types.aggregate IS 'What it is about: device, job, ...; the part before the dot, unless several kinds of thing share a story.';
COMMENT ON COLUMN event_types.retention_days IS 'How long it is kept: a week, a quarter, a year, or seven years.';
COMMENT ON COLUMN event_types.data_schema IS 'JSON Schema of its data, of which `required` and the `type` of `properties` are enforced; NULL: any object.';
