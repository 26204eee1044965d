-- What each device costs the API: counted in memory by every process, and added up here every few minutes.
CREATE TABLE device_traffic_stats (
  device_uuid uuid NOT NULL,
  timestamp timestamptz NOT NULL,
  kind text NOT NULL,
  requests bigint NOT NULL,
  refused bigint NOT NULL,
  bytes_received bigint NOT NULL,
  bytes_sent bigint NOT NULL,
  CONSTRAINT device_traffic_stats_pkey PRIMARY KEY (device_uuid, timestamp, kind),
  CONSTRAINT device_traffic_stats_timestamp_check CHECK (date_trunc('hour', timestamp, 'UTC') = timestamp),
  CONSTRAINT device_traffic_stats_kind_check CHECK (kind IN ('metrics', 'logs', 'shadow', 'jobs', 'other')),
  CONSTRAINT device_traffic_stats_requests_check CHECK (requests >= refused AND refused >= 0),
  CONSTRAINT device_traffic_stats_bytes_received_check CHECK (bytes_received >= 0),
  CONSTRAINT device_traffic_stats_bytes_sent_check CHECK (bytes_sent >= 0)
) PARTITION BY RANGE (timestamp);

COMMENT ON TABLE device_traffic_stats IS 'One row per device, hour and kind of request: what it sent to the API and got from it. Partitioned by month.';
COMMENT ON COLUMN device_traffic_stats.device_uuid IS 'The device whose key came with the requests; of what a gateway sends for others: the gateway.';
COMMENT ON COLUMN device_traffic_stats.timestamp IS 'When the hour began.';
COMMENT ON COLUMN device_traffic_stats.kind IS 'What the path is about; other: everything that is none of those.';
COMMENT ON COLUMN device_traffic_stats.requests IS 'How many came, refused ones included.';
COMMENT ON COLUMN device_traffic_stats.refused IS 'How many were refused: too many, too large, not its own.';
COMMENT ON COLUMN device_traffic_stats.bytes_received IS 'Of bodies, as they came over the wire.';
COMMENT ON COLUMN device_traffic_stats.bytes_sent IS 'Of bodies.';

INSERT INTO partition_policies (parent, grain, premake, back, keep_days) VALUES ('device_traffic_stats', 'month', 2, 1, 400);
