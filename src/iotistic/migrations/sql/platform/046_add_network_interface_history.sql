-- What changed about the interfaces of a device, and where addresses are found. Triggers keep both, whoever writes.
CREATE TABLE network_interface_history (
  id bigint GENERATED ALWAYS AS IDENTITY,
  device_uuid uuid NOT NULL,
  name text NOT NULL,
  change text NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  mac text,
  addresses inet [] NOT NULL,
  is_up boolean NOT NULL,
  ssid text,
  signal_dbm bigint,
  CONSTRAINT network_interface_history_pkey PRIMARY KEY (id),
  CONSTRAINT network_interface_history_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT network_interface_history_change_check CHECK (change IN ('appeared', 'changed', 'gone'))
);

CREATE INDEX network_interface_history_device_uuid_id_idx ON network_interface_history (device_uuid, id);
CREATE INDEX network_interface_history_occurred_at_idx ON network_interface_history (occurred_at);

COMMENT ON TABLE network_interface_history IS 'One row per change of a network interface of a device.';
COMMENT ON COLUMN network_interface_history.change IS 'appeared and changed: as it is from then on; gone: as it was last.';
COMMENT ON COLUMN network_interface_history.addresses IS 'With prefix length, as in network_interfaces.';
COMMENT ON COLUMN network_interface_history.signal_dbm IS 'As in network_interfaces: a change is one of 6 dB or more.';

CREATE TABLE network_addresses (
  device_uuid uuid NOT NULL,
  name text NOT NULL,
  address inet NOT NULL,
  CONSTRAINT network_addresses_pkey PRIMARY KEY (device_uuid, name, address),
  CONSTRAINT network_addresses_device_uuid_fkey FOREIGN KEY (device_uuid, name)
  REFERENCES network_interfaces (device_uuid, name) ON DELETE CASCADE
);

-- Finds devices by address and by network: GiST knows containment.
CREATE INDEX network_addresses_address_idx ON network_addresses USING gist (address inet_ops);

COMMENT ON TABLE network_addresses IS 'One row per address of an interface; a projection of network_interfaces.addresses for searching.';
COMMENT ON COLUMN network_addresses.name IS 'The interface.';
COMMENT ON COLUMN network_addresses.address IS 'Without prefix length: the host.';

CREATE FUNCTION note_interface_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  seen public.network_interfaces := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  word text := CASE TG_OP WHEN 'INSERT' THEN 'appeared' WHEN 'UPDATE' THEN 'changed' ELSE 'gone' END;
BEGIN
  -- Not for a device that is being deleted with all it has.
  INSERT INTO public.network_interface_history (device_uuid, name, change, mac, addresses, is_up, ssid, signal_dbm)
  SELECT device.uuid, seen.name, word, seen.mac, seen.addresses, seen.is_up, seen.ssid, seen.signal_dbm
  FROM public.devices AS device WHERE device.uuid = seen.device_uuid;
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM public.network_addresses AS kept
    WHERE kept.device_uuid = NEW.device_uuid AND kept.name = NEW.name
      AND kept.address <> ALL (SELECT host(given)::inet FROM unnest(NEW.addresses) AS given);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO public.network_addresses (device_uuid, name, address)
    SELECT DISTINCT NEW.device_uuid, NEW.name, host(given)::inet FROM unnest(NEW.addresses) AS given
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION note_interface_v1() IS 'Writes a change of a network interface into its history, and its addresses where they are searched.';

CREATE TRIGGER network_interfaces_noted AFTER INSERT OR UPDATE OR DELETE ON network_interfaces
FOR EACH ROW EXECUTE FUNCTION note_interface_v1();
