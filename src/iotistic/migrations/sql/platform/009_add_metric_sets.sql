-- Names the positions of a report's values once, so that a report stores numbers only: 16 to 20 bytes a point instead of 95 to 195.
-- Ten thousand lists of names are many, and four bytes count in every row.
-- squawk-ignore-file prefer-bigint-over-int
CREATE TABLE metric_name_lists (
  id integer GENERATED ALWAYS AS IDENTITY,
  digest bytea NOT NULL,
  CONSTRAINT metric_name_lists_pkey PRIMARY KEY (id),
  -- A B-tree entry may not exceed 2,704 bytes, which a long list of names does; its SHA-256 never.
  CONSTRAINT metric_name_lists_digest_key UNIQUE (digest),
  CONSTRAINT metric_name_lists_digest_check CHECK (octet_length(digest) = 32)
);

COMMENT ON TABLE metric_name_lists IS 'One row per distinct list of metric names, whatever their units: reports of one device, moment and list are the same report.';
COMMENT ON COLUMN metric_name_lists.digest IS 'SHA-256 of the sorted names: what makes the list unique.';

CREATE TABLE metric_sets (
  id integer GENERATED ALWAYS AS IDENTITY,
  metric_names_id integer NOT NULL,
  names text [] NOT NULL,
  units text [] NOT NULL,
  digest bytea NOT NULL,
  first_device_uuid uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT metric_sets_pkey PRIMARY KEY (id),
  CONSTRAINT metric_sets_metric_names_id_fkey FOREIGN KEY (metric_names_id) REFERENCES metric_name_lists (id),
  CONSTRAINT metric_sets_digest_key UNIQUE (digest),
  CONSTRAINT metric_sets_digest_check CHECK (octet_length(digest) = 32),
  CONSTRAINT metric_sets_names_check CHECK (cardinality(names) BETWEEN 1 AND 500),
  CONSTRAINT metric_sets_units_check CHECK (cardinality(units) = cardinality(names))
);

-- The table was made above and is empty.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX metric_sets_first_device_uuid_idx ON metric_sets (first_device_uuid);

-- The table was made above and is empty.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX metric_sets_metric_names_id_idx ON metric_sets (metric_names_id);

COMMENT ON TABLE metric_sets IS 'One row per distinct list of metric names and units that devices report together.';
COMMENT ON COLUMN metric_sets.metric_names_id IS 'The list of names alone, metric_name_lists.id: the same for sets that differ in units only.';
COMMENT ON COLUMN metric_sets.names IS 'The metrics, sorted; position i names device_metrics.values[i].';
COMMENT ON COLUMN metric_sets.units IS 'The unit of each, NULL where none was given.';
COMMENT ON COLUMN metric_sets.digest IS 'SHA-256 of names and units: what makes the list unique.';
COMMENT ON COLUMN metric_sets.first_device_uuid IS 'The device that sent it first, which its quota of new lists is counted by.';

-- The key of a report is this number and a timestamp, 16 octets. PostgreSQL fills the leaves of a B-tree that grows in its midst only
-- up to that size; with uuid, timestamp and list in the key (28 octets) they stayed half empty: 22.8 bytes a value instead of 18.7.
CREATE TABLE metric_series (
  id integer GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  metric_names_id integer NOT NULL,
  CONSTRAINT metric_series_pkey PRIMARY KEY (id),
  CONSTRAINT metric_series_device_uuid_metric_names_id_key UNIQUE (device_uuid, metric_names_id)
);

COMMENT ON TABLE metric_series IS 'One row per device and list of metric names that it reports: the number that stands for both in the keys of its reports.';
COMMENT ON COLUMN metric_series.device_uuid IS 'The device, devices.uuid.';
COMMENT ON COLUMN metric_series.metric_names_id IS 'The names without their units, metric_name_lists.id: a report sent again after its device learned a unit is still the same report.';
