from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from iotistic.database.server.settings_file import (
    NAME,
    parse_settings,
    remembered_port,
    render_settings,
    with_include,
    write_settings,
)
from tests.support.accounts import current_account

values = st.text(
    st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs", "Zl", "Zp", "Cc"]), max_size=30
)


@given(value=values)
def test_any_value_survives_the_file(value: str) -> None:
    assert parse_settings(render_settings({"log_directory": value, "port": "15432"})) == {
        "log_directory": value,
        "port": "15432",
    }


def test_what_initdb_chose_gives_way_and_the_rest_stays() -> None:
    text = with_include(
        "#port = 5432\nmax_connections = 100\t# (change requires restart)\nDateStyle = 'iso, mdy'\nlc_messages = 'C'\n",
        {"max_connections", "datestyle"},
    )
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines == [f"include '{NAME}'", "lc_messages = 'C'"]


def test_the_include_comes_first_so_that_the_operators_lines_win() -> None:
    text = with_include("lc_messages = 'C'\n", set())
    assert text.index("include") < text.index("lc_messages")


def test_the_port_of_the_last_start_is_remembered(tmp_path: Path) -> None:
    assert remembered_port(tmp_path) is None
    write_settings(tmp_path, render_settings({"port": "15433"}), current_account())
    assert remembered_port(tmp_path) == 15433
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_a_file_without_a_port_remembers_none(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    assert remembered_port(tmp_path) is None


def test_a_link_planted_as_draft_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    data = tmp_path / "data"
    data.mkdir()
    (data / f"{NAME}.new").symlink_to(victim)
    write_settings(data, "port = '1'\n", current_account())
    assert victim.read_text() == "precious"
    assert (data / NAME).read_text() == "port = '1'\n"
