-- A device belongs to at most one fleet, so that what it inherits is never a matter of order.
-- migrate: allow index-not-concurrent: before the first release this table is empty wherever it runs
ALTER TABLE devices
ADD COLUMN fleet_id bigint CONSTRAINT devices_fleet_id_fkey REFERENCES fleets (id); -- squawk-ignore adding-foreign-key-constraint

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX devices_fleet_id_idx ON devices (fleet_id);

COMMENT ON COLUMN devices.fleet_id IS 'The fleet it belongs to; NULL: to none.';
