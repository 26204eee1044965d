from pathlib import Path

from iotistic.database.server.log import STARTUP, LogWatch


def test_only_what_was_written_since_counts(tmp_path: Path) -> None:
    log = tmp_path / "postgresql-Mon.log"
    log.write_text("old\n")
    watch = LogWatch.begin(tmp_path)
    assert (watch.grown(), watch.lines()) == (0, [])
    with log.open("a") as file:
        file.write("new\n")
    assert (watch.grown(), watch.lines()) == (4, ["new"])


def test_a_file_begun_anew_counts_whole(tmp_path: Path) -> None:
    log = tmp_path / "postgresql-Mon.log"
    log.write_text("last week's long story\n")
    watch = LogWatch.begin(tmp_path)
    log.write_text("today\n")
    assert watch.lines() == ["today"]


def test_what_the_server_says_before_its_collector_runs_comes_last(tmp_path: Path) -> None:
    watch = LogWatch.begin(tmp_path)
    (tmp_path / STARTUP).write_text("FATAL: the reason\n")
    (tmp_path / "postgresql-Mon.log").write_text("LOG: starting\n")
    assert watch.tail() == "LOG: starting\nFATAL: the reason"


def test_the_tail_is_short_and_leaves_out_where_the_log_is(tmp_path: Path) -> None:
    watch = LogWatch.begin(tmp_path)
    lines = [f"line {number}" for number in range(20)]
    (tmp_path / STARTUP).write_text(
        "LOG:  redirecting log output to logging collector process\n" + "\n".join(lines)
    )
    assert watch.tail(3) == "line 17\nline 18\nline 19"


def test_silence_is_said(tmp_path: Path) -> None:
    assert LogWatch.begin(tmp_path).tail() == "(the server wrote nothing)"
