-- What the roles may do beyond the defaults that provisioning sets (the application reads and writes all tables, the read-only
-- role reads them). Run again whenever this text changes. A role that a server does not have is passed over.
DO $$
DECLARE
  present name[] := ARRAY(SELECT rolname FROM pg_catalog.pg_roles WHERE rolname LIKE 'iotistic\_%');
BEGIN
  IF 'iotistic_readonly' = ANY(present) THEN
    -- People and reports see who has a key, never what would help to guess it.
    REVOKE SELECT ON users, api_keys, provisioning_keys, enrolments, mqtt_users, mqtt_broker_users, sessions, login_sources, signing_keys, second_factors, recovery_codes
      FROM iotistic_readonly;
    GRANT SELECT (id, username, kind, credentials_changed_at, is_active, created_at) ON users TO iotistic_readonly;
    GRANT SELECT (
      key_id, kind, device_uuid, user_id, label, pepper_version, scopes, allowed_networks, replaces, created_by, created_at,
      expires_at, first_used_at, retires_at, successor_until, fetched_late_at, revoked_at
    ) ON api_keys TO iotistic_readonly;
    GRANT SELECT (
      key_id, label, pepper_version, max_uses, uses, allowed_serials, created_by, created_at, expires_at, revoked_at
    ) ON provisioning_keys TO iotistic_readonly;
    GRANT SELECT (
      id, claim_key_id, serial, name, kind, facts, previous_device_uuid, device_key_id, pepper_version, claimed_at, expires_at,
      completed_at, device_uuid
    ) ON enrolments TO iotistic_readonly;
    GRANT SELECT (id, user_id, created_at, refreshed_at, expires_at, revoked_at, reason, address, user_agent, factors)
      ON sessions TO iotistic_readonly;
    GRANT SELECT (user_id, created_at, confirmed_at, failures, failed_at) ON second_factors TO iotistic_readonly;
    GRANT SELECT (source, failures, failed_at, succeeded_at, changed_at) ON login_sources TO iotistic_readonly;
    GRANT SELECT (id, algorithm, created_at, retired_at, ends_at) ON signing_keys TO iotistic_readonly;
    GRANT SELECT (user_id, number, pepper_version, used_at) ON recovery_codes TO iotistic_readonly;
    GRANT SELECT (username, kind, device_uuid, client_id, is_superuser, is_active, expires_at, created_at, updated_at)
      ON mqtt_users TO iotistic_readonly;
    REVOKE EXECUTE ON FUNCTION record_audit_v1(text, text, text, uuid, jsonb, jsonb) FROM iotistic_readonly;
    REVOKE EXECUTE ON FUNCTION append_event_v1(text, text, jsonb, uuid, uuid, uuid, text) FROM iotistic_readonly;
    REVOKE EXECUTE ON FUNCTION append_events_v1(text, text[], uuid[], jsonb[]) FROM iotistic_readonly;
  END IF;
  IF 'iotistic_app' = ANY(present) THEN
    REVOKE UPDATE, DELETE ON device_state_history, releases FROM iotistic_app;
    -- Only write_key_history_v1 adds to the chain.
    REVOKE INSERT, UPDATE, DELETE ON api_key_history, api_key_history_heads FROM iotistic_app;
    -- Only what runs with the rights of the owner adds to it: audit_change_v1 and record_audit_v1.
    REVOKE INSERT, UPDATE, DELETE ON audit_log, system_config_history FROM iotistic_app;
    -- As append_event_v1 does to this; which kinds of events there are is part of the schema.
    REVOKE INSERT, UPDATE, DELETE ON events, event_types FROM iotistic_app;
    -- What a role allows is part of the schema: who may change it could allow themselves anything.
    REVOKE INSERT, UPDATE, DELETE ON permissions, roles, role_permissions FROM iotistic_app;
    -- The service of one release must not be able to say what the schema is. Absent where another tool runs the files.
    IF to_regclass('public.schema_migrations') IS NOT NULL THEN
      REVOKE INSERT, UPDATE, DELETE ON schema_migrations, schema_migrations_events FROM iotistic_app;
    END IF;
  END IF;
  IF 'iotistic_broker' = ANY(present) THEN
    -- What logins and rules are decided by, and no table.
    GRANT SELECT ON mqtt_broker_users, mqtt_broker_acls TO iotistic_broker;
  END IF;
  IF 'iotistic_ingest' = ANY(present) THEN
    GRANT SELECT, INSERT ON device_metrics, device_logs, ingest_quarantine, ingest_receipts, metric_name_lists, metric_sets, metric_series TO iotistic_ingest;
    GRANT INSERT ON device_log_arrivals, log_alert_marks, metric_rollup_marks TO iotistic_ingest;
    GRANT SELECT (is_enabled) ON log_alert_rules TO iotistic_ingest;
    GRANT SELECT, INSERT, UPDATE ON device_metric_latest, device_contacts, device_clocks TO iotistic_ingest;
    GRANT SELECT ON receipt_stamped_devices TO iotistic_ingest;
    GRANT SELECT ON partition_policies, partition_leaves, partition_states, device_retention_classes TO iotistic_ingest;
    GRANT EXECUTE ON FUNCTION append_events_v1(text, text[], uuid[], jsonb[]) TO iotistic_ingest;
    GRANT SELECT, INSERT ON connection_transitions TO iotistic_ingest;
    GRANT INSERT ON search_status_changes TO iotistic_ingest;
    GRANT SELECT (uuid, connection_status, retired_at), UPDATE (connection_status, updated_at) ON devices TO iotistic_ingest;
  END IF;
END
$$;
