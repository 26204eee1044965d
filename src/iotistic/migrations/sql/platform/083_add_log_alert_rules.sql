-- What log lines are watched for. Patterns are matched in linear time, by the platform and never by the database.
CREATE TABLE log_alert_rules (
  id bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  device_uuid uuid,
  fleet text,
  service text,
  minimum_level text,
  pattern text NOT NULL,
  pattern_type text NOT NULL,
  threshold bigint NOT NULL,
  time_window interval NOT NULL,
  resolve_after interval NOT NULL,
  severity text NOT NULL,
  is_enabled boolean NOT NULL DEFAULT TRUE,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT log_alert_rules_pkey PRIMARY KEY (id),
  CONSTRAINT log_alert_rules_name_key UNIQUE (name),
  CONSTRAINT log_alert_rules_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT log_alert_rules_fleet_fkey FOREIGN KEY (fleet) REFERENCES fleets (name) ON DELETE CASCADE,
  CONSTRAINT log_alert_rules_name_check CHECK (name ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'),
  CONSTRAINT log_alert_rules_device_uuid_check CHECK (device_uuid IS NULL OR fleet IS NULL),
  CONSTRAINT log_alert_rules_service_check CHECK (char_length(service) BETWEEN 1 AND 255),
  CONSTRAINT log_alert_rules_minimum_level_check CHECK (minimum_level IN ('debug', 'info', 'warning', 'error', 'critical')),
  CONSTRAINT log_alert_rules_pattern_check CHECK (char_length(pattern) BETWEEN 1 AND 500),
  CONSTRAINT log_alert_rules_pattern_type_check CHECK (pattern_type IN ('keyword', 'exact', 'regex')),
  CONSTRAINT log_alert_rules_threshold_check CHECK (threshold BETWEEN 1 AND 1000),
  CONSTRAINT log_alert_rules_time_window_check CHECK (time_window BETWEEN '1 second' AND '1 day'),
  CONSTRAINT log_alert_rules_resolve_after_check CHECK (resolve_after BETWEEN '1 minute' AND '30 days'),
  CONSTRAINT log_alert_rules_severity_check CHECK (severity IN ('info', 'warning', 'critical')),
  CONSTRAINT log_alert_rules_created_by_check CHECK (char_length(created_by) BETWEEN 1 AND 200)
);

CREATE INDEX log_alert_rules_device_uuid_idx ON log_alert_rules (device_uuid) WHERE device_uuid IS NOT NULL;
CREATE INDEX log_alert_rules_fleet_idx ON log_alert_rules (fleet) WHERE fleet IS NOT NULL;

COMMENT ON TABLE log_alert_rules IS 'One row per rule about log lines.';
COMMENT ON COLUMN log_alert_rules.device_uuid IS 'The one device whose lines are watched; NULL: those of the fleet, or of all.';
COMMENT ON COLUMN log_alert_rules.fleet IS 'The fleet whose lines are watched, fleets.name; NULL: see device_uuid.';
COMMENT ON COLUMN log_alert_rules.service IS 'Only lines of this program; NULL: of any.';
COMMENT ON COLUMN log_alert_rules.minimum_level IS 'Only lines of this level or worse; NULL: of any.';
COMMENT ON COLUMN log_alert_rules.pattern_type IS
'keyword: the message holds the pattern, in any case. exact: it is the pattern. regex: RE2 syntax, found anywhere in it.';
COMMENT ON COLUMN log_alert_rules.threshold IS 'So many lines of one device that match within time_window open an alert.';
COMMENT ON COLUMN log_alert_rules.time_window IS 'By the times of the lines.';
COMMENT ON COLUMN log_alert_rules.resolve_after IS 'An alert that got no line for so long is resolved by itself.';

SELECT audit_table_v1(
  'log_alert_rules',
  keys => '{name}',
  shown => '{fleet,service,minimum_level,pattern,pattern_type,threshold,time_window,resolve_after,severity,is_enabled,created_by}',
  device => 'device_uuid'
);
