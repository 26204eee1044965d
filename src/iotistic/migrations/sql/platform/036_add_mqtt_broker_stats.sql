-- How an MQTT broker does, as it says itself in $SYS.
CREATE TABLE mqtt_broker_stats (
  broker_id bigint NOT NULL,
  timestamp timestamptz NOT NULL,
  clients_connected bigint,
  subscriptions bigint,
  retained_messages bigint,
  messages_received bigint,
  messages_sent bigint,
  messages_dropped bigint,
  bytes_received bigint,
  bytes_sent bigint,
  uptime_seconds bigint,
  CONSTRAINT mqtt_broker_stats_pkey PRIMARY KEY (broker_id, timestamp)
) PARTITION BY RANGE (timestamp);

COMMENT ON TABLE mqtt_broker_stats IS 'One row per broker and moment it was asked. Partitioned by UTC day.';
COMMENT ON COLUMN mqtt_broker_stats.broker_id IS 'The number in mqtt.brokers.<id>.';
COMMENT ON COLUMN mqtt_broker_stats.timestamp IS 'When it was asked.';
COMMENT ON COLUMN mqtt_broker_stats.clients_connected IS 'At that moment, as are subscriptions and retained messages; NULL here as elsewhere: it does not say.';
COMMENT ON COLUMN mqtt_broker_stats.subscriptions IS 'How many there are.';
COMMENT ON COLUMN mqtt_broker_stats.retained_messages IS 'How many it keeps.';
COMMENT ON COLUMN mqtt_broker_stats.messages_received IS 'Since it started, as the four that follow: they fall to 0 when it starts again.';
COMMENT ON COLUMN mqtt_broker_stats.messages_sent IS 'PUBLISH packets.';
COMMENT ON COLUMN mqtt_broker_stats.messages_dropped IS 'Thrown away, mostly because a client was too slow.';

INSERT INTO partition_policies (parent, keep_days) VALUES ('mqtt_broker_stats', 90);
