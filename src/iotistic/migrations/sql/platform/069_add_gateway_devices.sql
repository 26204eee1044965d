-- Says which devices a gateway may send for: what an operator declared, and never any device.
CREATE TABLE gateway_devices (
  gateway_uuid uuid NOT NULL,
  device_uuid uuid NOT NULL,
  granted_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT gateway_devices_pkey PRIMARY KEY (gateway_uuid, device_uuid),
  CONSTRAINT gateway_devices_gateway_uuid_fkey FOREIGN KEY (gateway_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT gateway_devices_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT gateway_devices_device_uuid_check CHECK (device_uuid <> gateway_uuid)
);

-- The table was made above and is empty.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX gateway_devices_device_uuid_idx ON gateway_devices (device_uuid);

COMMENT ON TABLE gateway_devices IS 'One row per device that a gateway may send telemetry for.';
COMMENT ON COLUMN gateway_devices.gateway_uuid IS 'The gateway, devices.uuid: it sends with the key it has as a device.';
COMMENT ON COLUMN gateway_devices.device_uuid IS 'The device behind it.';
