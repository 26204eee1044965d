-- How a device is connected, as it last said.
CREATE TABLE network_interfaces (
  device_uuid uuid NOT NULL,
  name text NOT NULL,
  kind text NOT NULL,
  mac text,
  addresses inet [] NOT NULL DEFAULT '{}',
  is_up boolean NOT NULL,
  is_default boolean NOT NULL,
  mtu bigint,
  speed_mbps bigint,
  ssid text,
  signal_dbm bigint,
  reported_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT network_interfaces_pkey PRIMARY KEY (device_uuid, name),
  CONSTRAINT network_interfaces_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT network_interfaces_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
  CONSTRAINT network_interfaces_mac_check CHECK (mac ~ '^[0-9a-f]{2}(:[0-9a-f]{2}){5,19}$'),
  CONSTRAINT network_interfaces_kind_check CHECK (kind IN ('ethernet', 'wifi', 'loopback', 'virtual', 'other'))
);

-- Finds a device by MAC address.
CREATE INDEX network_interfaces_mac_idx ON network_interfaces (mac) WHERE mac IS NOT NULL;

COMMENT ON TABLE network_interfaces IS 'One row per network interface a device has now.';
COMMENT ON COLUMN network_interfaces.mac IS 'Lower case with colons; not macaddr, since InfiniBand has 20 octets.';
COMMENT ON COLUMN network_interfaces.addresses IS 'With prefix length: 192.0.2.1/24.';
COMMENT ON COLUMN network_interfaces.is_default IS 'Whether the default route leads through it.';
COMMENT ON COLUMN network_interfaces.mtu IS 'Bytes.';
COMMENT ON COLUMN network_interfaces.speed_mbps IS 'Megabits per second; NULL where the device does not know.';
COMMENT ON COLUMN network_interfaces.ssid IS 'The wireless network it is in.';
COMMENT ON COLUMN network_interfaces.signal_dbm IS 'Strength of the wireless signal, when it last moved by 6 dB or more.';
COMMENT ON COLUMN network_interfaces.reported_at IS 'Since when it is so.';
