-- When a key was last used. Apart from api_keys, whose every change is told to all processes and written into its history; damped to
-- a write a minute, and in place: no index on a column that changes.
CREATE TABLE api_key_uses (
  key_id text NOT NULL,
  last_used_at timestamptz NOT NULL,
  last_used_from inet,
  CONSTRAINT api_key_uses_pkey PRIMARY KEY (key_id),
  CONSTRAINT api_key_uses_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys (key_id) ON DELETE CASCADE
) WITH (fillfactor = 70);

COMMENT ON TABLE api_key_uses IS 'One row per key that was ever used.';
COMMENT ON COLUMN api_key_uses.last_used_at IS 'To the minute or so.';
COMMENT ON COLUMN api_key_uses.last_used_from IS 'The address it came from that time; NULL where that is not known.';
