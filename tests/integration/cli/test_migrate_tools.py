"""`iotistic migrate verify|dump|lint|import|tenants` as a person types them: words, JSON and exit codes."""

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import pytest_asyncio

import iotistic.migrations
from iotistic.database.server import RunningServer
from iotistic.migrations import History, apply
from tests.support.histories import Place, a_place, history_of, write
from tests.support.terminal import typed

FILES = {
    "001_parts.sql": "CREATE TABLE parts (id int PRIMARY KEY, label text);",
    "002_more.sql": "CREATE TABLE more (id int);",
}
SCHEMA = json.loads((Path(iotistic.migrations.__file__).parent / "output.schema.json").read_text())


@pytest_asyncio.fixture
async def place(server: RunningServer) -> AsyncIterator[Place]:
    async with a_place(server.endpoint) as place:
        yield place


@pytest.fixture
def history(tmp_path: Path) -> History:
    return history_of(tmp_path / "shop", FILES)


def url(place: Place) -> str:
    (host, port), secret = place.endpoint.hosts[0], place.endpoint.password
    login = f"{place.endpoint.user}:{secret.reveal()}" if secret else place.endpoint.user
    return f"postgresql://{login}@{host}:{port}/{place.name}"


def migrate(history: History, *words: str) -> subprocess.CompletedProcess[str]:
    folder = Path(str(history.folder))
    return typed("migrate", *words, folder=folder, IOTISTIC_DATA_DIR=str(folder.parent / "data"))


def published(ran: subprocess.CompletedProcess[str]) -> Any:  # noqa: ANN401 - JSON
    """What was printed, after it was held to the schema that is published."""
    document = json.loads(ran.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


class TestVerifyAndDump:
    async def test_a_database_as_its_files_make_it_is_the_same(self, place: Place, history: History) -> None:
        await apply(place.endpoint, place.name, history)
        where = ("--dir", str(history.folder), "--url", url(place))
        verified = migrate(history, "verify", *where)
        assert (verified.returncode, verified.stdout) == (0, "")
        assert f"{place.name} is what its files make (2 files replayed)" in verified.stderr
        live, replay = migrate(history, "dump", *where), migrate(history, "dump", "--replay", *where)
        assert live.stdout == replay.stdout
        assert live.stdout.startswith("CREATE TABLE public.more (\n  id integer\n);\n")
        dumped = published(migrate(history, "dump", "--json", *where))
        facts = {"service": "shop", "database": place.name, "replayed": False, "schema": live.stdout}
        assert dumped == {"dumps": [facts]}

    async def test_differences_are_told_and_are_exit_code_three(self, place: Place, history: History) -> None:
        await apply(place.endpoint, place.name, history)
        await place.run("ALTER TABLE parts ADD COLUMN hotfix int")
        where = ("--dir", str(history.folder), "--url", url(place))
        verified = migrate(history, "verify", *where)
        assert (verified.returncode, verified.stdout) == (3, "unexpected: column public.parts.hotfix\n")
        [found] = published(migrate(history, "verify", "--json", *where))["verifications"]
        assert (found["same"], found["differences"]) == (
            False,
            [{"kind": "unexpected", "object": "column", "name": "public.parts.hotfix", "facts": []}],
        )

    def test_only_what_ships_has_a_snapshot(self, history: History) -> None:
        refused = migrate(history, "dump", "--write", "--dir", str(history.folder))
        assert (refused.returncode, "--write" in refused.stderr) == (1, True)


class TestLint:
    DANGEROUS = "ALTER TABLE parts ALTER COLUMN label SET NOT NULL;"

    def test_nothing_found_is_exit_code_zero(self, history: History) -> None:
        linted = migrate(history, "lint", "--dir", str(history.folder))
        assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "nothing found in 2 files\n")

    def test_a_finding_names_line_lock_reason_and_rewrite_and_is_exit_code_eight(
        self, history: History
    ) -> None:
        write(Path(str(history.folder)), {"003_strict.sql": f"-- Why.\n{self.DANGEROUS}"})
        linted = migrate(history, "lint", "--dir", str(history.folder))
        assert linted.returncode == 8
        lines = linted.stdout.splitlines()
        assert lines[0] == "003_strict.sql:2:19: set-not-null (ACCESS EXCLUSIVE lock: reads and writes wait)"
        assert lines[1:3] == [
            f"  | {self.DANGEROUS}",
            "  Scans all of parts while nobody can read or write it.",
        ]
        assert lines[3].startswith("  instead: ALTER TABLE parts ADD CONSTRAINT parts_label_check")
        assert lines[-1] == "-- migrate: allow RULE: REASON"
        assert migrate(history, "lint", "--warn", "--dir", str(history.folder)).returncode == 0

    def test_json_has_the_same_facts(self, history: History) -> None:
        write(Path(str(history.folder)), {"003_strict.sql": self.DANGEROUS})
        linted = migrate(history, "lint", "--json", "--dir", str(history.folder))
        [finding] = published(linted)["findings"]
        assert set(finding) == {"file", "line", "column", "rule", "lock", "table", "why", "rewrite"}
        assert (finding["file"], finding["line"], finding["lock"], finding["table"]) == (
            "003_strict.sql",
            1,
            "ACCESS EXCLUSIVE",
            "parts",
        )

    async def test_a_small_table_in_the_database_is_quiet(self, place: Place, history: History) -> None:
        await apply(place.endpoint, place.name, history)
        write(Path(str(history.folder)), {"003_strict.sql": self.DANGEROUS})
        assert migrate(history, "lint", "--db", url(place), "--dir", str(history.folder)).returncode == 0

    def test_our_own_migrations_pass(self, history: History) -> None:
        linted = migrate(history, "lint", "--database", "all")
        assert (linted.returncode, linted.stdout) == (0, "")

    def test_the_rules_are_listed(self, history: History) -> None:
        listed = migrate(history, "lint", "--rules")
        assert "set-not-null" in listed.stdout
        assert "rules" in published(migrate(history, "lint", "--rules", "--json"))


class TestImport:
    async def test_the_plan_is_shown_and_written_only_when_told(self, place: Place, history: History) -> None:
        await place.run(
            "CREATE TABLE knex_migrations (id serial, name text, batch int, migration_time timestamptz)"
        )
        await place.run("INSERT INTO knex_migrations (name) VALUES ('20200101_parts.js')")
        where = ("--dir", str(history.folder), "--url", url(place))
        shown = migrate(history, "import", "--dry-run", *where)
        assert shown.returncode == 0
        assert shown.stdout == "001_parts.sql  is  20200101_parts.js\n002_more.sql  stays pending\n"
        assert shown.stderr.endswith("nothing was written\n")
        unasked = migrate(history, "import", *where)
        assert (unasked.returncode, "--yes" in unasked.stderr) == (1, True)
        done = migrate(history, "import", "--yes", "--json", *where)
        found = published(done)
        assert (found["done"], found["import"]["tool"], found["import"]["matches"][0]["file"]) == (
            True,
            "knex",
            "001_parts.sql",
        )
        assert await place.rows("SELECT filename, kind FROM schema_migrations") == [
            ("001_parts.sql", "imported")
        ]

    async def test_no_history_is_said_plainly(self, place: Place, history: History) -> None:
        missing = migrate(
            history, "import", "--from", "flyway", "--dir", str(history.folder), "--url", url(place)
        )
        assert (missing.returncode, "No history of another tool" in missing.stderr) == (1, True)


class TestTenants:
    async def test_a_run_is_resumed_until_it_is_complete(
        self, server: RunningServer, place: Place, history: History, tmp_path: Path
    ) -> None:
        async with a_place(server.endpoint) as other:
            listed = tmp_path / "tenants"
            listed.write_text(f"# everybody\nacme {place.name}\nbolt nowhere\ncog {other.name}\n")
            options = (
                "--dir",
                str(history.folder),
                "--url",
                url(place),
                "--journals",
                str(tmp_path / "journals"),
            )
            ran = migrate(history, "tenants", "run", "--list", str(listed), *options)
            assert ran.returncode == 7
            assert ran.stdout.startswith("bolt (nowhere) failed in ")
            assert "2 applied, 1 failed of 3" in ran.stderr
            assert "Next: iotistic migrate tenants resume " in ran.stderr
            status = migrate(history, "tenants", "status", "--json", "--journals", str(tmp_path / "journals"))
            found = published(status)
            assert (status.returncode, found["complete"], found["counts"]) == (
                7,
                False,
                {"applied": 2, "failed": 1},
            )
            assert "secret" not in status.stdout
            await place.run("CREATE DATABASE nowhere TEMPLATE template0")
            try:
                resumed = migrate(history, "tenants", "resume", "--json", *options)
            finally:
                await place.run("DROP DATABASE nowhere WITH (FORCE)")
            found = published(resumed)
            assert (resumed.returncode, found["complete"], found["run"]) == (0, True, found["run"])
            assert [tenant["state"] for tenant in found["tenants"]] == ["applied", "applied", "applied"]

    def test_one_source_is_needed(self, history: History) -> None:
        refused = migrate(
            history, "tenants", "run", "--dir", str(history.folder), "--url", "postgresql://a@localhost/b"
        )
        assert (refused.returncode, "--list" in refused.stderr) == (1, True)

    def test_a_run_that_is_not_there_is_said_plainly(self, history: History, tmp_path: Path) -> None:
        missing = migrate(history, "tenants", "status", "--journals", str(tmp_path / "none"))
        assert (missing.returncode, "no journal" in missing.stderr) == (1, True)
