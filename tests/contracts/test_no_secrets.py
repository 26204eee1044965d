"""No secret lies in the repository, and none in what the run of the suite wrote down (`tests.support.secret_watch`, and `tests.support.server` for servers)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from iotistic.data_folder import DataFolder
from iotistic.security.keys import KeyKind, generate_key
from tests.support.secret_scan import scan
from tests.support.secret_watch import hits_in_files, hits_in_sections
from tests.support.server import secrets_in_logs

ROOT = Path(__file__).parents[2]
KEY = generate_key(KeyKind.DEVICE)[1]

# Texts that look like secrets and are examples; a line that is no longer needed is an error.
EXAMPLES = {
    "docs/enrolment.md": {"key of ours"},  # of an installation that is gone; the form has to be shown
    "tests/unit/config/test_url.py": {"password in a URL"},
}


def tracked() -> list[Path]:
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def hits(path: Path) -> set[str]:
    try:
        return {hit.what for hit in scan(path.read_text(encoding="utf-8"))}
    except (UnicodeDecodeError, FileNotFoundError):  # a picture; deleted and not committed yet
        return set()


def test_the_repository_holds_no_secret() -> None:
    found = {str(path.relative_to(ROOT)): hits(path) for path in tracked()}
    assert {name: what for name, what in found.items() if what} == EXAMPLES


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (KEY.text.reveal(), "key of ours"),
        (f"-----BEGIN EC PRIVATE KEY-----\n{'MHcCAQEE' * 8}\n-----END", "private key"),
        ("AKIA" + "IOSFODNN7EXAMPLE", "access key of AWS"),
        ("ghp_" + "a" * 36, "token of GitHub"),
        ("xoxb-" + "1234567890", "token of Slack"),
        ("sk_live_" + "a" * 24, "key of Stripe"),
        ("postgresql://" + "app:correct-horse-battery@db/iotistic", "password in a URL"),
        ("SCRAM-SHA-256$" + "4096:" + "A" * 24 + "$" + "B" * 44 + ":" + "C" * 44, "verifier"),
    ],
    ids=lambda said: said if " of " in said else "text",  # the first text is another one in each process
)
def test_each_kind_is_found_where_it_stands(text: str, what: str) -> None:
    found = list(scan(f"first line\nsecond {text} line\n"))
    assert [(hit.line, hit.what) for hit in found] == [(2, what)]


def test_a_key_with_a_wrong_checksum_is_an_example() -> None:
    text = KEY.text.reveal()
    assert list(scan(text[:-1] + ("A" if text[-1] != "A" else "B"))) == []


@pytest.mark.parametrize(
    "text", ["postgresql://app:secret@db/x", "postgresql://$USER:${PASSWORD_OF_MINE}@db", "iot_dev_", ""]
)
def test_what_is_plainly_made_up_is_none(text: str) -> None:
    assert list(scan(text)) == []


def test_a_secret_in_a_log_is_told_by_file_and_line_and_not_repeated(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    secret = folder.secret("iotistic_app")
    folder.log.mkdir()
    (folder.log / "api.log").write_text(f"fine\nconnected with {secret.reveal()}\n{KEY.text.reveal()}\n")
    assert secrets_in_logs(folder) == ["api.log:3: key of ours", "api.log:2: secret of this installation"]
    (folder.log / "api.log").write_text("")  # the run itself is searched, too


def test_what_a_test_logs_is_watched_and_what_a_command_prints_when_asked_is_not() -> None:
    text = f"fine\ngot {KEY.text.reveal()}\n"
    watched = [("Captured log call", text), ("Captured stderr setup", text), ("Captured stdout call", text)]
    assert hits_in_sections(watched) == [
        "Captured log call:2: key of ours",
        "Captured stderr setup:2: key of ours",
    ]


def test_log_files_anywhere_under_a_folder_are_searched_for_its_secrets_too(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "home")
    secret = folder.secret("iotistic_app")
    folder.log.mkdir(parents=True)
    (folder.log / "agent").write_text(f"connected with {secret.reveal()}\n")
    (tmp_path / "serve.log").write_text(f"fine\n{KEY.text.reveal()}\n")
    (tmp_path / "answer.json").write_text(KEY.text.reveal())  # no log
    assert hits_in_files(tmp_path) == [
        "home/log/agent:1: secret of this installation",
        "serve.log:2: key of ours",
    ]
    (tmp_path / "serve.log").write_text("")  # the run itself is searched, too
    (folder.log / "agent").write_text("")


PLANTED = """
import logging
import sys
from pathlib import Path

from iotistic.security.keys import KeyKind, generate_key

KEY = generate_key(KeyKind.DEVICE)[1].text.reveal()


def test_that_logs_a_key() -> None:
    logging.getLogger("iotistic.http").warning("refused %s", KEY)


def test_that_says_one_on_stderr() -> None:
    sys.stderr.write(KEY)


def test_that_leaves_one_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "ingest.log").write_text(KEY)


def test_that_does_nothing_wrong() -> None:
    sys.stdout.write(KEY)
"""


def test_a_run_with_a_planted_secret_fails_and_tells_where(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests.support.secret_watch import pytest_runtest_makereport, pytest_sessionfinish\n"
    )
    (tmp_path / "test_planted.py").write_text(PLANTED)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        tmp_path / "base",
    ]
    run = subprocess.run(
        [*command, "-c", os.devnull, "--rootdir", tmp_path, tmp_path / "test_planted.py"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    (tmp_path / "base" / "test_that_leaves_one_in_a_file0" / "ingest.log").unlink()
    assert run.returncode == 1, run.stdout
    assert "4 passed, 2 errors" in run.stdout
    assert "Captured log call:1: key of ours" in run.stdout
    assert "Captured stderr call:1: key of ours" in run.stdout
    assert "test_that_leaves_one_in_a_file0/ingest.log:1: key of ours" in run.stdout
