-- The devices that may have a VPN certificate: a registry of its own, because the VPN server trusts no other database.
CREATE TABLE vpn_devices (
  device_uuid uuid NOT NULL,
  name text NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT vpn_devices_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT vpn_devices_name_check CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200)
);

COMMENT ON TABLE vpn_devices IS 'One row per device that may connect through the VPN.';
COMMENT ON COLUMN vpn_devices.device_uuid IS 'devices.uuid of the platform database.';
