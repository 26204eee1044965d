-- Finds the devices that have a key, for the check of a definition and the columns of an export.
-- migrate: allow index-not-concurrent: before the first release this table is empty wherever it runs
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX device_tags_key_value_idx ON device_tags (key, value);
