-- Says whose clocks are not to be trusted at all: their reports get the time of their receipt.
CREATE TABLE receipt_stamped_devices (
  device_uuid uuid NOT NULL,
  CONSTRAINT receipt_stamped_devices_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT receipt_stamped_devices_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE
);

COMMENT ON TABLE receipt_stamped_devices IS 'One row per device whose reports and log lines are dated by their receipt.';

SELECT audit_table_v1('receipt_stamped_devices', keys => '{device_uuid}', shown => '{}', device => 'device_uuid');
