-- Pages through what was taken out of service; names repeat there.
-- migrate: allow index-not-concurrent: before the first release this table is empty wherever it runs
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX devices_retired_name_idx ON devices (name, uuid) WHERE retired_at IS NOT NULL;
