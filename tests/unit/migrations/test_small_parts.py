"""Patience, names of new files, selections: small decisions, both sides of each boundary."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from iotistic.migrations.entry import Entry
from iotistic.migrations.errors import MarkRefused
from iotistic.migrations.files import arrange
from iotistic.migrations.history import BILLING, PLATFORM, History, command_line
from iotistic.migrations.naming import NameRejected, new_file
from iotistic.migrations.patience import Patience
from iotistic.migrations.report import RunLimits
from iotistic.migrations.selection import select_entries, select_files

FILES = arrange([(name, b"") for name in ("001_a.sql", "002_b.sql", "010_c.sql", "R__v.sql")], service="s")


def test_pauses_double_from_a_fifth_of_a_second_to_ten() -> None:
    patience = Patience(RunLimits(), now=lambda: 0.0, jitter=lambda: 0.5)
    pauses = [patience.next_pause() for _ in range(8)]
    assert pauses == [timedelta(seconds=seconds) for seconds in (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10)]


def test_jitter_is_half_a_pause_either_way() -> None:
    least = Patience(RunLimits(), now=lambda: 0.0, jitter=lambda: 0.0).next_pause()
    most = Patience(RunLimits(), now=lambda: 0.0, jitter=lambda: 1.0).next_pause()
    assert (least, most) == (timedelta(seconds=0.1), timedelta(seconds=0.3))


def test_the_last_try_has_no_pause_after_it() -> None:
    patience = Patience(RunLimits(tries=2), now=lambda: 0.0)
    assert patience.next_pause() is not None
    assert patience.next_pause() is None
    assert patience.tries == 2


def test_time_runs_out_before_tries_do() -> None:
    moment = [0.0]
    patience = Patience(RunLimits(retry_for=timedelta(seconds=1)), now=lambda: moment[0], jitter=lambda: 0.5)
    moment[0] = 0.8
    assert patience.next_pause() == timedelta(seconds=0.2)
    moment[0] = 0.9
    assert patience.next_pause() is None


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["1"], ["001_a.sql"]),
        (["0002", "001"], ["001_a.sql", "002_b.sql"]),
        (["2-10"], ["002_b.sql", "010_c.sql"]),
        (["R__v.sql", "010_c"], ["010_c.sql", "R__v.sql"]),
    ],
)
def test_files_are_named_by_number_range_and_filename(words: list[str], names: list[str]) -> None:
    assert [file.filename for file in select_files(words, FILES)] == names


@pytest.mark.parametrize("word", ["3", "11-20", "003_d.sql", "a"])
def test_a_word_that_means_no_file_is_refused(word: str) -> None:
    with pytest.raises(MarkRefused, match=word):
        select_files([word], FILES)


def test_entries_need_no_file_and_unknown_words_are_told_apart_from_nonsense() -> None:
    entries = [Entry(filename="005_gone.sql", number=5)]
    assert select_entries(["005_gone.sql", "6"], entries) == (tuple(entries), ("6",))
    with pytest.raises(MarkRefused):
        select_entries(["gone"], entries)


def test_a_new_file_takes_the_next_number_in_the_same_width() -> None:
    assert new_file("Add device groups!", FILES)[0] == "011_add_device_groups.sql"
    assert new_file("x", ())[0] == "000_x.sql"
    assert new_file("x", arrange([("9_a.sql", b"")], service="s"))[0] == "10_x.sql"
    assert new_file("x", arrange([("0999_a.sql", b"")], service="s"))[0] == "1000_x.sql"


def test_a_new_file_may_be_numbered_by_time() -> None:
    moment = datetime(2026, 11, 23, 19, 54, 7, tzinfo=UTC)
    assert new_file("x", FILES, moment=moment)[0] == "20261123195407_x.sql"


@pytest.mark.parametrize("words", ["", "---", "é"])
def test_a_name_of_nothing_is_rejected(words: str) -> None:
    with pytest.raises(NameRejected):
        new_file(words, FILES)


def test_names_of_schema_and_table_are_quoted() -> None:
    history = History(service="s", folder=PLATFORM.folder, schema='we"ird', table="t")
    assert history.ledger == '"we""ird"."t"'
    assert history.events == '"we""ird"."t_events"'
    assert history.search_path == '"we""ird", public'


def test_commands_name_their_database_where_it_is_not_the_usual_one() -> None:
    assert command_line("platform", "unmark", "7") == "iotistic migrate unmark 7"
    assert command_line(BILLING.service) == "iotistic migrate --database billing"
    assert command_line("shop") == "iotistic migrate --dir ... --url ..."


def test_commands_name_it_before_the_dashes_that_end_their_options() -> None:
    assert command_line("platform", "unmark", "--", "7_x.sql") == "iotistic migrate unmark -- 7_x.sql"
    assert (
        command_line("vpn", "unmark", "--", "7_x.sql") == "iotistic migrate unmark --database vpn -- 7_x.sql"
    )


def test_the_nouns_do_not_load_the_driver() -> None:
    program = (
        "import sys, iotistic.migrations, iotistic.migrations.files, iotistic.migrations.tables, iotistic.migrations.texts;"
        " sys.exit(any(name.startswith('psycopg') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
