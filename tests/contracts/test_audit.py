"""Every table either writes its changes into the audit, or says here why it does not."""

import re

from psycopg import AsyncConnection

# Tables whose rows decide nothing about who comes in or what devices do, or which are a history themselves.
NOT_AUDITED = {
    "api_key_history": "a history, never changed",
    "api_key_history_heads": "where that history ends",
    "api_key_uses": "when a key was last used",
    "audit_log": "the audit itself",
    "device_clocks": "what ingest measured",
    "connection_transitions": "a history, never changed",
    "contact_watch": "how far a job has come",
    "device_contacts": "when a device was heard of",
    "device_host_facts": "what a device says of itself",
    "device_logs": "telemetry",
    "device_metric_days": "telemetry",
    "device_metric_hours": "telemetry",
    "device_metric_latest": "telemetry",
    "device_metric_quarters": "telemetry",
    "device_metrics": "telemetry",
    "device_search": "derived from devices, tags and fleets",
    "search_changes": "derived from device_search",
    "search_packings": "says when the pages were made",
    "search_status_changes": "a change of connection_status is no decision: it is an event",
    "search_page_devices": "derived from device_search",
    "search_page_tags": "derived from device_search",
    "search_pages": "derived from device_search",
    "device_shadows": "its versions are audited in device_state_history",
    "event_types": "part of the schema: migrations write it",
    "events": "a history, never changed",
    "enrolments": "counted in provisioning_keys, and what comes of one is a row of api_keys; both are audited",
    "idempotency_keys": "what was answered to changes, which are audited where they are made",
    "ingest_quarantine": "telemetry",
    "device_log_arrivals": "which transaction stored which lines: their own story",
    "ingest_receipts": "telemetry: what was answered",
    "metric_name_lists": "the names of telemetry",
    "metric_rollup_marks": "telemetry: a queue",
    "metric_rollup_progress": "telemetry: how far a job has come",
    "login_sources": "counted, not decided: who was refused is audited by the minute",
    "log_alert_counts": "telemetry: how far a count has come",
    "log_alert_marks": "telemetry: a queue",
    "log_alerts": "who acknowledged and who resolved is kept in the row",
    "job_attempts": "what devices say of their jobs",
    "job_executions": "progress of a job, which is audited itself",
    "job_template_versions": "written once, with its author; that there is one more is audited in job_templates",
    "metric_series": "the numbers of telemetry",
    "metric_sets": "the names of telemetry",
    "digital_twin_relationships": "a copy of what a model says",
    "mqtt_broker_stats": "telemetry of brokers",
    "mqtt_topic_metrics": "telemetry of brokers",
    "device_traffic_stats": "counted, not decided",
    "network_addresses": "derived from network_interfaces",
    "network_interface_history": "a history, never changed",
    "network_interfaces": "what a device says of itself",
    "backups": "follows what is on disk",
    "housekeeping_runs": "a history, never changed",
    "permissions": "part of the schema: migrations write it",
    "role_permissions": "part of the schema: migrations write it",
    "roles": "part of the schema: migrations write it",
    "partition_states": "what a job has done with a partition",
    "partition_policies": "part of the schema: migrations write it",
    "system_config_history": "a history, never changed",
    "provisioning_attempts": "a record of who tried, never changed",
}
SECRET = re.compile(r"secret|password|hash|token|private|\.value$")

TRIGGERS = """
SELECT c.relname::text, t.tgname::text, encode(t.tgargs, 'escape')
FROM pg_class AS c
INNER JOIN pg_trigger AS t ON t.tgrelid = c.oid AND NOT t.tgisinternal
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND t.tgname LIKE 'audit\\_%' AND t.tgenabled IN ('O', 'A')
  AND c.relname <> 'audit_log'
"""
TABLES = """
SELECT c.relname::text FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT LIKE 'schema\\_migrations%'
"""


async def test_every_table_is_audited_or_says_why_not(owner_connection: AsyncConnection) -> None:
    tables = {name for (name,) in await (await owner_connection.execute(TABLES)).fetchall()}
    audited = {name for name, _, _ in await (await owner_connection.execute(TRIGGERS)).fetchall()}
    silent = tables - audited - NOT_AUDITED.keys()
    assert not silent, (
        f"SELECT audit_table_v1(...) in the migration (docs/audit.md), or a reason in NOT_AUDITED: {silent}"
    )
    assert not audited & NOT_AUDITED.keys()
    assert NOT_AUDITED.keys() <= tables


async def test_an_audited_table_tells_all_three_kinds_of_change(owner_connection: AsyncConnection) -> None:
    kinds: dict[str, set[str]] = {}
    for table, trigger, arguments in await (await owner_connection.execute(TRIGGERS)).fetchall():
        if arguments:
            kinds.setdefault(table, set()).add(trigger)
    assert kinds
    for table, found in kinds.items():
        assert found == {"audit_insert", "audit_update", "audit_delete"}, table


async def test_what_may_be_a_secret_is_masked_or_not_shown(owner_connection: AsyncConnection) -> None:
    shown = {
        f"{table}.{column}"
        for table, _, arguments in await (await owner_connection.execute(TRIGGERS)).fetchall()
        if arguments
        for column in arguments.split("\\000")[2].strip("{}").split(",")
    }
    assert "devices.name" in shown
    assert {name for name in shown if SECRET.search(name)} == {
        "device_tags.value"
    }  # said by people, to be read
