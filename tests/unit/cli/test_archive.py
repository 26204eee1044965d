"""`iotistic archive` as somebody types it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from iotistic.cli.archive import ArchiveMissing, app


@pytest.mark.parametrize("words", [["list"], ["verify"], ["query", "SELECT 1"]])
def test_a_folder_that_is_not_there_is_no_empty_archive(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(ArchiveMissing, match="nowhere"):
        CliRunner().invoke(app, [*words, "--folder", str(tmp_path / "nowhere")], catch_exceptions=False)
