-- How long a device's rows stay, and which periodic work is paused, is decided by people. That a job ran is told in housekeeping_runs.
SELECT audit_table_v1(
  'device_retention_classes', keys => '{parent,device_uuid}', shown => '{keep_days}', device => 'device_uuid'
);

SELECT audit_table_v1('housekeeping_jobs', keys => '{job}', shown => '{paused_at}');
