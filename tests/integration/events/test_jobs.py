"""How a job goes is told, as a whole and on each device."""

from iotistic.database.pool import Connection
from iotistic.devices import DeviceService
from iotistic.events import EventFilter, EventService


async def test_the_turns_of_a_job_and_of_its_devices_are_told(connection: Connection) -> None:
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    cursor = await connection.execute(
        "INSERT INTO jobs (name, document, target, is_continuous, rollout, created_by)"
        """ VALUES ('restart', '{"steps": []}', '{}', false, '{}', 'anna') RETURNING id"""
    )
    row = await cursor.fetchone()
    assert row is not None
    job = row[0]
    await connection.execute(
        "INSERT INTO job_executions (job_id, device_uuid) VALUES (%s, %s)", (job, device.uuid)
    )
    for change in (
        "status = 'released', due_at = now()",
        "status = 'in_progress', attempt = 1, deadline_at = now()",
        "status = 'succeeded', due_at = NULL, deadline_at = NULL, finished_at = now()",
    ):
        await connection.execute(f"UPDATE job_executions SET {change} WHERE job_id = %s", (job,))  # type: ignore[arg-type]
    await connection.execute("UPDATE jobs SET status = 'paused' WHERE id = %s", (job,))
    await connection.execute("UPDATE jobs SET status_reason = 'lunch' WHERE id = %s", (job,))
    events = EventService(connection)
    found = await events.list_events(EventFilter(aggregate="job", aggregate_id=str(job)))
    assert [(event.type, event.data) for event in reversed(found)] == [
        ("job.created", {}),
        ("job.device_changed", {"was": "released", "status": "in_progress", "attempt": 1}),
        ("job.device_changed", {"was": "in_progress", "status": "succeeded", "attempt": 1}),
        ("job.changed", {"was": "running", "status": "paused"}),
    ]
    of_device = await events.list_events(EventFilter(device_uuid=device.uuid))
    assert [event.type for event in of_device] == [
        "job.device_changed",
        "job.device_changed",
        "device.registered",
    ]
