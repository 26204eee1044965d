-- Who made what devices do. The steps of a job may hold secrets as arguments: they are not shown, but kept with the job.
SELECT audit_table_v1('job_templates', keys => '{name}', shown => '{description,version}');

SELECT audit_table_v1(
  'job_schedules',
  keys => '{name}',
  shown => '{template_id,template_version,target,rollout,cron,every,time_zone,catch_up,is_enabled}'
);

SELECT audit_table_v1(
  'jobs',
  keys => '{id}',
  shown => '{name,template_id,template_version,schedule_id,target,is_continuous,rollout,status,status_reason,forgiven,created_by}'
);
