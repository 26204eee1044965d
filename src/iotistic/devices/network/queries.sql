-- Everything about network interfaces that is asked of the database.

-- name: delete_other_interfaces
-- Forgets the interfaces that a device no longer names.
DELETE FROM network_interfaces
WHERE device_uuid = %(uuid)s::uuid AND NOT name = ANY(%(names)s::text []);

-- name: upsert_interface
-- Stores one interface as it is now. What is as before is not written, nor is a signal that only wobbles: under 6 dB, a factor of
-- two in range, it says nothing. One that came or went is written.
INSERT INTO network_interfaces AS present (
  device_uuid, name, kind, mac, addresses, is_up, is_default, mtu, speed_mbps, ssid, signal_dbm
)
VALUES (
  %(uuid)s::uuid, %(name)s::text, %(kind)s::text, %(mac)s::text, %(addresses)s::text []::inet [], %(is_up)s::boolean,
  %(is_default)s::boolean, %(mtu)s::bigint, %(speed_mbps)s::bigint, %(ssid)s::text, %(signal_dbm)s::bigint
)
ON CONFLICT (device_uuid, name) DO UPDATE SET
  kind = excluded.kind,
  mac = excluded.mac,
  addresses = excluded.addresses,
  is_up = excluded.is_up,
  is_default = excluded.is_default,
  mtu = excluded.mtu,
  speed_mbps = excluded.speed_mbps,
  ssid = excluded.ssid,
  signal_dbm = excluded.signal_dbm,
  reported_at = now()
WHERE
  (present.kind, present.mac, present.addresses, present.is_up, present.is_default, present.mtu, present.speed_mbps, present.ssid)
  IS DISTINCT FROM (
    excluded.kind, excluded.mac, excluded.addresses, excluded.is_up, excluded.is_default, excluded.mtu, excluded.speed_mbps,
    excluded.ssid
  )
  OR (present.signal_dbm IS NULL) <> (excluded.signal_dbm IS NULL)
  OR abs(present.signal_dbm - excluded.signal_dbm) >= 6;

-- name: list_interfaces
-- The interfaces a device has now, the one with the default route first.
SELECT name, kind, mac, addresses::text [] AS addresses, is_up, is_default, mtu, speed_mbps, ssid, signal_dbm
FROM network_interfaces
WHERE device_uuid = %(uuid)s::uuid
ORDER BY is_default DESC, name
LIMIT 1000;

-- name: list_interface_changes
-- What changed about the interfaces of a device, newest first, from before a change on.
SELECT id, name, change, occurred_at, mac, addresses::text [] AS addresses, is_up, ssid, signal_dbm
FROM network_interface_history
WHERE device_uuid = %(uuid)s::uuid AND (%(before)s::bigint IS NULL OR id < %(before)s::bigint)
ORDER BY id DESC
LIMIT %(limit)s::bigint;

-- name: find_by_address
-- Which interfaces have an address, or one inside a network: an address overlaps a network when it lies in it.
SELECT
  device.uuid AS device_uuid, device.name AS device_name, interface.name AS interface, interface.mac,
  interface.addresses::text [] AS addresses, interface.is_up, interface.ssid, device.retired_at
FROM network_interfaces AS interface
INNER JOIN devices AS device ON device.uuid = interface.device_uuid
WHERE
  (interface.device_uuid, interface.name) IN (
    SELECT found.device_uuid, found.name
    FROM network_addresses AS found
    WHERE found.address && %(network)s::inet
  )
ORDER BY device.retired_at IS NOT NULL, device.name, device.uuid, interface.name
LIMIT %(limit)s::bigint;

-- name: find_by_mac
-- Which interfaces have a MAC address.
SELECT
  device.uuid AS device_uuid, device.name AS device_name, interface.name AS interface, interface.mac,
  interface.addresses::text [] AS addresses, interface.is_up, interface.ssid, device.retired_at
FROM network_interfaces AS interface
INNER JOIN devices AS device ON device.uuid = interface.device_uuid
WHERE interface.mac = %(mac)s::text
ORDER BY device.retired_at IS NOT NULL, device.name, device.uuid, interface.name
LIMIT %(limit)s::bigint;

-- name: delete_old_changes
-- Forgets changes older than so long, at most so many at a time.
DELETE FROM network_interface_history
WHERE id IN (
  SELECT old.id
  FROM network_interface_history AS old
  WHERE old.occurred_at < now() - %(older)s::interval
  ORDER BY old.occurred_at
  LIMIT %(limit)s::bigint
);
