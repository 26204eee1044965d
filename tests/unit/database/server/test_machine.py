from pathlib import Path

from iotistic.database.server.machine import disk_free, measure
from iotistic.database.server.tuning import MB


def test_this_machine_has_memory_cores_and_disk(tmp_path: Path) -> None:
    found = measure(tmp_path)
    assert found.memory > 64 * MB
    assert found.cores >= 1
    assert 0 < found.disk_free <= disk_free(tmp_path) * 2
