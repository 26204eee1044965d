-- A broker to start from: where one would be on this machine. Not in use until an operator says so (isActive).
INSERT INTO system_config (key, value) VALUES
('mqtt.brokers.1', '{"id": 1, "name": "first", "protocol": "mqtt", "host": "localhost", "port": 1883, "useTls": false, "isActive": false}'),
('mqtt.brokerIds', '[1]'),
('mqtt.defaultBrokerId', '1');
