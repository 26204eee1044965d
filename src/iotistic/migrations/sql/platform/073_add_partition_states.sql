-- Remembers what was done to a partition once its period was over. The catalog cannot tell a frozen, indexed day from another, and
-- a name alone could mean a table that was dropped and made again: the OID tells them apart.
CREATE TABLE partition_states (
  leaf text NOT NULL,
  leaf_oid oid NOT NULL,
  sealed_at timestamptz,
  thinned_at timestamptz,
  CONSTRAINT partition_states_pkey PRIMARY KEY (leaf)
);

COMMENT ON TABLE partition_states IS 'One row per partition that was sealed or thinned out; those of dropped ones are deleted by the next run.';
COMMENT ON COLUMN partition_states.leaf IS 'The partition, in schema public.';
COMMENT ON COLUMN partition_states.leaf_oid IS 'Its OID then: a table of the same name that was made later has no state.';
COMMENT ON COLUMN partition_states.sealed_at IS 'When it was frozen, analysed and given its search index; NULL: it was not.';
COMMENT ON COLUMN partition_states.thinned_at IS 'When the rows of devices whose retention class was over were last taken out of it; NULL: never.';
