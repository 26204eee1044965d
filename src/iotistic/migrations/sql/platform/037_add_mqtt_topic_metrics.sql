-- What goes over each topic, counted by whoever listens to it.
CREATE TABLE mqtt_topic_metrics (
  broker_id bigint NOT NULL,
  topic text NOT NULL,
  timestamp timestamptz NOT NULL,
  window_seconds bigint NOT NULL,
  messages bigint NOT NULL,
  bytes_received bigint NOT NULL,
  largest_bytes bigint NOT NULL,
  qos_0 bigint NOT NULL,
  qos_1 bigint NOT NULL,
  qos_2 bigint NOT NULL,
  retained bigint NOT NULL,
  CONSTRAINT mqtt_topic_metrics_pkey PRIMARY KEY (broker_id, topic, timestamp),
  -- A key of a B-tree has 2,704 bytes at most.
  CONSTRAINT mqtt_topic_metrics_topic_check CHECK (octet_length(topic) BETWEEN 1 AND 1000),
  CONSTRAINT mqtt_topic_metrics_window_seconds_check CHECK (window_seconds > 0),
  CONSTRAINT mqtt_topic_metrics_messages_check CHECK (messages = qos_0 + qos_1 + qos_2)
) PARTITION BY RANGE (timestamp);

COMMENT ON TABLE mqtt_topic_metrics IS 'One row per broker, topic and stretch of time in which messages came. Partitioned by UTC day.';
COMMENT ON COLUMN mqtt_topic_metrics.broker_id IS 'The number in mqtt.brokers.<id>.';
COMMENT ON COLUMN mqtt_topic_metrics.timestamp IS 'When the stretch began.';
COMMENT ON COLUMN mqtt_topic_metrics.messages IS 'How many came, of every quality of service together.';
COMMENT ON COLUMN mqtt_topic_metrics.largest_bytes IS 'The payload of the largest of them.';
COMMENT ON COLUMN mqtt_topic_metrics.qos_0 IS 'How many came with quality of service 0.';
COMMENT ON COLUMN mqtt_topic_metrics.qos_1 IS 'How many came with quality of service 1.';
COMMENT ON COLUMN mqtt_topic_metrics.qos_2 IS 'How many came with quality of service 2.';
COMMENT ON COLUMN mqtt_topic_metrics.retained IS 'How many of them were to be kept for later subscribers.';

INSERT INTO partition_policies (parent, keep_days) VALUES ('mqtt_topic_metrics', 30);
