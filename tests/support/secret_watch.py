"""The whole run is searched for secrets: what each test logged, here and to stderr, and every log file that it left under pytest's folder.

The folders of servers that `tests.support.server` throws away are searched there, before they are gone.
"""

from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

import pytest

from iotistic.data_folder import DataFolder
from iotistic.secret import Secret
from tests.support.secret_scan import scan

__all__ = ["hits_in_files", "hits_in_sections", "pytest_runtest_makereport", "pytest_sessionfinish"]

# Tests make roles by statements of their own, which a slow machine logs.
_OF_TESTS = "verifier"
_WATCHED = (
    "Captured log",
    "Captured stderr",
)  # stdout is data: `iotistic keys issue` prints a key there because it was asked to


def hits_in_sections(sections: Iterable[tuple[str, str]]) -> list[str]:
    """What a test wrote down and should not have: where, line and kind, never the secret."""
    return [
        f"{name}:{hit.line}: {hit.what}"
        for name, text in sections
        if name.startswith(_WATCHED)
        for hit in scan(text)
        if hit.what != _OF_TESTS
    ]


def hits_in_files(base: Path) -> list[str]:
    """The same of the log files under a folder; the secrets of data folders there are known."""
    known = list(_known(base))
    return [
        f"{path.relative_to(base)}:{hit.line}: {hit.what}"
        for path in sorted(base.rglob("*"))
        if _is_log(path)
        for hit in scan(path.read_text(errors="replace"), known=known)
        if hit.what != _OF_TESTS
    ]


def _is_log(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and (path.suffix == ".log" or path.parent.name == "log")


def _known(base: Path) -> Iterator[Secret]:
    for folder in base.rglob("secrets"):
        for path in DataFolder(folder.parent).secrets.glob("*") if folder.is_dir() else ():
            text = path.read_text(errors="replace").strip()
            if len(text) >= 16 and not path.name.endswith("-login"):
                yield Secret(text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fails a test that wrote a secret down."""
    report = yield
    told = hits_in_sections(report.sections) if report.when == "teardown" else []
    if told:
        report.outcome = "failed"
        report.longrepr = "\n".join(["a secret was written down:", *told])
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails a run that left a secret in a log file. Of several workers the one that began them looks, when all are done."""
    if hasattr(session.config, "workerinput"):
        return
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    told = hits_in_files(factory.getbasetemp())
    if told:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line("\n".join(["", "secrets in log files:", *told]), red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
