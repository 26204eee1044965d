import os
import stat
from pathlib import Path

import pytest

from iotistic.agent.state_folder import AgentRunning, StateFolder, write_atomically
from iotistic.errors import Unavailable


def test_one_agent_at_a_time(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "a" / "b")
    with folder.hold():
        assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700
        with pytest.raises(AgentRunning, match=rf"pid {os.getpid()}"), StateFolder(folder.root).hold():
            pass
    with folder.hold():
        pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(Unavailable, match="cannot be used") as caught,
        StateFolder(tmp_path / "file" / "below").hold(),
    ):
        pass
    assert "--state-dir" in (caught.value.hint or "")


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"one")
    write_atomically(path, b"two", durable=False)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_old_content(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.mkdir()
    (target / "kept").write_text("")
    with pytest.raises(OSError, match=r"."):
        write_atomically(target, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
