-- What the rules about log lines found. Of one rule and device there is one at most that is not resolved.
CREATE TABLE log_alerts (
  id bigint GENERATED ALWAYS AS IDENTITY,
  rule_id bigint NOT NULL,
  device_uuid uuid NOT NULL,
  severity text NOT NULL,
  status text NOT NULL DEFAULT 'active',
  lines bigint NOT NULL,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  samples jsonb NOT NULL,
  opened_at timestamptz NOT NULL,
  extended_at timestamptz NOT NULL,
  acknowledged_by text,
  acknowledged_at timestamptz,
  resolved_by text,
  resolved_at timestamptz,
  CONSTRAINT log_alerts_pkey PRIMARY KEY (id),
  CONSTRAINT log_alerts_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES log_alert_rules (id) ON DELETE CASCADE,
  CONSTRAINT log_alerts_severity_check CHECK (severity IN ('info', 'warning', 'critical')),
  CONSTRAINT log_alerts_status_check CHECK (status IN ('active', 'acknowledged', 'resolved')),
  CONSTRAINT log_alerts_lines_check CHECK (lines > 0),
  CONSTRAINT log_alerts_last_seen_check CHECK (first_seen <= last_seen),
  CONSTRAINT log_alerts_samples_check CHECK (jsonb_typeof(samples) = 'array' AND jsonb_array_length(samples) <= 5),
  CONSTRAINT log_alerts_acknowledged_at_check CHECK (
    (acknowledged_by IS NULL) = (acknowledged_at IS NULL) AND (status <> 'acknowledged' OR acknowledged_at IS NOT NULL)
  ),
  CONSTRAINT log_alerts_acknowledged_by_check CHECK (char_length(acknowledged_by) BETWEEN 1 AND 200),
  CONSTRAINT log_alerts_resolved_at_check CHECK ((status = 'resolved') = (resolved_at IS NOT NULL)),
  CONSTRAINT log_alerts_resolved_by_check CHECK (
    char_length(resolved_by) BETWEEN 1 AND 200 AND (resolved_by IS NULL OR resolved_at IS NOT NULL)
  )
);

-- What an alert is extended by, and what is open.
CREATE UNIQUE INDEX log_alerts_rule_id_device_uuid_key ON log_alerts (rule_id, device_uuid) WHERE status <> 'resolved';
CREATE INDEX log_alerts_rule_id_id_idx ON log_alerts (rule_id, id);
CREATE INDEX log_alerts_device_uuid_id_idx ON log_alerts (device_uuid, id);
-- What is old enough to be forgotten.
CREATE INDEX log_alerts_resolved_at_idx ON log_alerts (resolved_at) WHERE status = 'resolved';

COMMENT ON TABLE log_alerts IS 'One row per time that a rule about log lines held for a device.';
COMMENT ON COLUMN log_alerts.device_uuid IS 'The device, devices.uuid.';
COMMENT ON COLUMN log_alerts.severity IS 'That of the rule when it opened.';
COMMENT ON COLUMN log_alerts.lines IS 'How many lines it is about, from those that opened it on.';
COMMENT ON COLUMN log_alerts.first_seen IS 'When the earliest of them was logged, by the clock of the device.';
COMMENT ON COLUMN log_alerts.last_seen IS 'The same of the latest.';
COMMENT ON COLUMN log_alerts.samples IS 'The first few of them: timestamp, level, service, and the beginning of the message.';
COMMENT ON COLUMN log_alerts.opened_at IS 'When the platform opened it, by its own clock.';
COMMENT ON COLUMN log_alerts.extended_at IS 'When the platform last counted a line, by its own clock: quiet is counted from here.';
COMMENT ON COLUMN log_alerts.acknowledged_by IS 'A username, or the name of the program; NULL: nobody.';
COMMENT ON COLUMN log_alerts.resolved_by IS 'A username, or the name of the program; NULL while it is open, and when it was resolved by quiet.';
