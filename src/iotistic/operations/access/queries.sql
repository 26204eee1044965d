-- name: list_rules
-- Every line of pg_hba.conf as the server read it when it was asked; needs a superuser, or EXECUTE on pg_hba_file_rules().
SELECT
  rule.line_number,
  coalesce(rule.type, '') AS kind,
  coalesce(rule.database, '{}'::text[]) AS databases,
  coalesce(rule.user_name, '{}'::text[]) AS users,
  rule.address,
  rule.netmask,
  coalesce(rule.auth_method, '') AS method,
  rule.error
FROM pg_catalog.pg_hba_file_rules AS rule
ORDER BY rule.line_number;
