-- Remembers every backup where people and dashboards can ask. What is on disk decides: the rows follow it, and a lost database loses none.
CREATE TABLE backups (
  id text NOT NULL,
  place text NOT NULL,
  database_name text NOT NULL,
  tables_asked text [] NOT NULL,
  server_version bigint NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  row_count bigint NOT NULL,
  byte_count bigint NOT NULL,
  manifest_sha256 text NOT NULL,
  key_id text,
  copied_to text,
  is_pinned boolean NOT NULL,
  verified_at timestamptz,
  proved_at timestamptz,
  drill_failed_at timestamptz,
  drill_error text,
  gone_at timestamptz,
  CONSTRAINT backups_pkey PRIMARY KEY (place, id),
  CONSTRAINT backups_drill_error_check CHECK ((drill_error IS NULL) = (drill_failed_at IS NULL))
);

COMMENT ON TABLE backups IS 'One row per dump in one folder of backups, until it is let go.';
COMMENT ON COLUMN backups.id IS 'When it began and a few random letters: the name of its folder.';
COMMENT ON COLUMN backups.place IS 'The folder of backups: host:path.';
COMMENT ON COLUMN backups.tables_asked IS 'The tables that were named; empty: the whole database.';
COMMENT ON COLUMN backups.row_count IS 'Of all tables, on the snapshot of the dump.';
COMMENT ON COLUMN backups.byte_count IS 'Of all its files.';
COMMENT ON COLUMN backups.manifest_sha256 IS 'SHA-256 of its manifest, which holds that of every file.';
COMMENT ON COLUMN backups.key_id IS 'The name of the key it is sealed under; NULL: it is not.';
COMMENT ON COLUMN backups.copied_to IS 'The storage that has a copy; NULL: none that was seen.';
COMMENT ON COLUMN backups.verified_at IS 'When every file was last read and compared with its checksum.';
COMMENT ON COLUMN backups.proved_at IS 'When it was last restored and compared.';
COMMENT ON COLUMN backups.drill_failed_at IS 'When a drill of it last failed, if none succeeded since.';
COMMENT ON COLUMN backups.gone_at IS 'When its folder was first seen to be gone, without having been let go; NULL: it is there.';
