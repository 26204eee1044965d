from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from iotistic.database.pool import Connection, connect
from iotistic.telemetry import Ingest
from tests.integration.telemetry.conftest import Station


async def test_the_ingest_role_can_do_all_that_ingest_needs(station: Station) -> None:
    async def direct() -> Connection:
        return await connect(
            station.database.endpoint("ingest"),
            station.database.name,
            application_name="test",
            autocommit=True,
        )

    ingest = Ingest(direct)
    await ingest.start()
    reports = [{"timestamp": moment, "metrics": {"a": 1}} for moment in (datetime.now(UTC), 5)]
    body = msgspec.json.encode({"reports": reports})
    device = uuid4()
    first = await ingest.submit_metrics(device, body)
    second = await ingest.submit_metrics(device, body)
    await ingest.stop()
    assert (first.accepted, first.quarantined, second.duplicate) == (1, 1, 1)
