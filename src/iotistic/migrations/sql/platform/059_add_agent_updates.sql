-- Which jobs bring agents to which version. How far they are is what their jobs say: there is no second state to disagree with.
CREATE TABLE agent_updates (
  job_id bigint NOT NULL,
  target_version text NOT NULL,
  is_forced boolean NOT NULL,
  CONSTRAINT agent_updates_pkey PRIMARY KEY (job_id),
  CONSTRAINT agent_updates_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE,
  CONSTRAINT agent_updates_target_version_check CHECK (target_version ~ '^[0-9A-Za-z][0-9A-Za-z.+_-]{0,99}$')
);

COMMENT ON TABLE agent_updates IS 'One row per job that brings agents to a version.';
COMMENT ON COLUMN agent_updates.target_version IS 'The version that the agents are to be at afterwards.';
COMMENT ON COLUMN agent_updates.is_forced IS 'Whether agents that are at that version already install it again.';

SELECT audit_table_v1('agent_updates', keys => '{job_id}', shown => '{target_version,is_forced}');
