-- What a device says about the computer it is: operating system, architecture, versions, and its busiest processes.
CREATE TABLE device_host_facts (
  device_uuid uuid NOT NULL,
  facts jsonb NOT NULL,
  top_processes jsonb NOT NULL,
  reported_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT device_host_facts_pkey PRIMARY KEY (device_uuid),
  CONSTRAINT device_host_facts_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT device_host_facts_facts_check CHECK (jsonb_typeof(facts) = 'object'),
  CONSTRAINT device_host_facts_top_processes_check CHECK (jsonb_typeof(top_processes) = 'array')
);

COMMENT ON TABLE device_host_facts IS 'One row per device: the newest it said about its own computer.';
COMMENT ON COLUMN device_host_facts.facts IS 'An object of names and values: os, arch, agent_version, ...';
COMMENT ON COLUMN device_host_facts.top_processes IS 'The busiest processes: pid, name, cpu_percent, memory_bytes.';
