CREATE EXTENSION pg_stat_statements WITH SCHEMA public;

CREATE TABLE public.vpn_devices (
  device_uuid uuid NOT NULL,
  name text NOT NULL,
  registered_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT vpn_devices_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT vpn_devices_name_check CHECK (((name = btrim(name)) AND ((char_length(name) >= 1) AND (char_length(name) <= 200))))
);
COMMENT ON TABLE public.vpn_devices IS 'One row per device that may connect through the VPN.';
COMMENT ON COLUMN public.vpn_devices.device_uuid IS 'devices.uuid of the platform database.';

GRANT USAGE ON SEQUENCE public.schema_migrations_events_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.schema_migrations_id_seq TO iotistic_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.vpn_devices TO iotistic_app;
GRANT SELECT ON TABLE public.vpn_devices TO iotistic_readonly;
