-- Lines that matched a rule and are too few so far. An alert takes them with it when it opens.
CREATE TABLE log_alert_counts (
  rule_id bigint NOT NULL,
  device_uuid uuid NOT NULL,
  moments timestamptz [] NOT NULL,
  counted_at timestamptz NOT NULL,
  CONSTRAINT log_alert_counts_pkey PRIMARY KEY (rule_id, device_uuid),
  CONSTRAINT log_alert_counts_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES log_alert_rules (id) ON DELETE CASCADE,
  CONSTRAINT log_alert_counts_moments_check CHECK (cardinality(moments) BETWEEN 1 AND 2000)
) WITH (fillfactor = 70);

COMMENT ON TABLE log_alert_counts IS 'One row per rule and device with lines that match and are no alert yet.';
COMMENT ON COLUMN log_alert_counts.device_uuid IS 'The device, devices.uuid.';
COMMENT ON COLUMN log_alert_counts.moments IS 'When the newest of them were logged, in order.';
COMMENT ON COLUMN log_alert_counts.counted_at IS 'When the last of them was counted, by the clock of the platform.';
