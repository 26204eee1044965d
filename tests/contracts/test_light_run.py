"""The light path and the full program do the same: the same statements in the same order, and only what lint is silent about."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from iotistic.cli.light import ledger
from iotistic.cli.light.files import File, files_in, fingerprint_of, pending_in_order
from iotistic.cli.light.plain import plain_statements
from iotistic.cli.light.request import Request
from iotistic.config import Endpoint
from iotistic.database.conninfo import conninfo
from iotistic.database.locks import LockKey, key_of
from iotistic.migrations import SERVICES, History, RunLimits, lock
from iotistic.migrations.batch import compose
from iotistic.migrations.connecting import Target, _settings
from iotistic.migrations.entry import Entry
from iotistic.migrations.errors import HistoryRefused
from iotistic.migrations.files import arrange, look_into, parse_name
from iotistic.migrations.lint import lint
from iotistic.migrations.plan import make_plan
from iotistic.migrations.records import Signature
from iotistic.migrations.script import Script, read_script
from iotistic.migrations.tables import COLUMNS, columns_of_ledger, read_fingerprint

FILES = {
    "001_parts.sql": "-- Parts.\nCREATE TABLE parts (id int);\nINSERT INTO parts VALUES (1), (2);\n",
    "0002_it's.sql": "",
    "003_function.sql": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;",
    "010_alter.sql": "ALTER TABLE parts ADD COLUMN name text;\nCREATE INDEX parts_name_idx ON parts (name);",
    "R__views.sql": "CREATE OR REPLACE VIEW v AS SELECT 'a;b' AS a;",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        if "'" not in name:
            (tmp_path / name).write_text(text)
    return tmp_path


def request_for(**options: str) -> Request:
    request = Request()
    for name, value in options.items():
        setattr(request, name, value)
    return request


def history_for(request: Request, folder: Path, service: str = "shop") -> History:
    return History(service=service, folder=folder, schema=request.schema, table=request.table)


@pytest.mark.parametrize("place", [{}, {"schema": "Odd schema", "table": 'ta"ble'}])
class TestStatements:
    def test_every_statement_of_a_run_is_the_full_programs(self, folder: Path, place: dict[str, str]) -> None:
        request = request_for(**place)
        history = history_for(request, folder)
        pending = pending_in_order(files_in(str(folder)), {})
        assert pending is not None
        light, recorder = [], ledger.Recorder(request, "shop")
        for file in pending:
            plain = plain_statements(file.content, fresh=True)
            assert plain is not None, file.name
            light += recorder.commands_for(file, *plain, last=file is pending[-1])
        steps = make_plan("shop", look_into(folder, service="shop").files(), ()).steps
        full = compose(history, steps, signature=Signature.of("iotistic migrate"), role=None)
        assert light == [(command.sql, command.parameters) for command in full.commands]

    def test_what_is_asked_of_the_history_is_the_same(self, folder: Path, place: dict[str, str]) -> None:
        request = request_for(**place)
        history = history_for(request, folder)
        assert ledger.fingerprint_query(request) == (read_fingerprint(history), ())
        assert ledger.columns_query(request) == (columns_of_ledger(history), ())
        statement, parameters = ledger.lock_query(request, "shop", 17)
        keys = (str(key_of(history.lock_name)), str(LockKey.OPERATIONS.number))
        assert (statement, parameters) == (lock._TRY, (keys[0], "17", "f", keys[1]))
        assert ledger.unlock_query(request, "shop") == (lock._UNLOCK, keys)

    def test_the_session_has_the_same_settings(self, folder: Path, place: dict[str, str]) -> None:
        request = request_for(**place)
        endpoint = Endpoint(hosts=(("h", 1),), user="u", password=None)
        target = Target(
            endpoint=endpoint, database="d", history=history_for(request, folder), limits=RunLimits()
        )
        full = conninfo(endpoint, "d", application_name="migrate:shop", settings=_settings(target))
        options = ledger.session_settings(request, "shop")["options"]
        escaped = options.replace("\\", "\\\\").replace("'", "\\'")
        assert f"options='{escaped}'" in full


def test_every_column_that_is_written_is_a_column_of_the_table() -> None:
    assert set(COLUMNS) >= ledger.COLUMNS


def test_files_add_up_to_the_same_fingerprint(folder: Path) -> None:
    assert fingerprint_of(files_in(str(folder))) == look_into(folder, service="x").fingerprint


@pytest.mark.parametrize(
    "name",
    [
        *(
            "001_a.sql",
            "1_a.sql",
            "R__a.sql",
            "R__a-b.c.sql",
            "20260101120000_x.sql",
            "001_A_b.sql",
            "001__a.sql",
        ),
        *(
            "a.sql",
            "_a.sql",
            "001.sql",
            "001_.sql",
            "R_a.sql",
            "R__.sql",
            "r__a.sql",
            "001_ä.sql",
            "001_a b.sql",
            "001_a.SQL",
            "\u0661_a.sql",
        ),
        *("001_.a.sql", "001_-a.sql", "R___a.sql", "1234567890123456789_a.sql", "001-a.sql", "x001_a.sql"),
    ],
)
def test_the_same_names_are_migrations(name: str) -> None:
    parsed = parse_name(name)
    file = File(name, b"", "x")
    pending = pending_in_order([file], {})
    assert (pending is not None) == (parsed is not None)
    if parsed is not None:
        assert (file.number, file.title) == parsed


@dataclass(frozen=True)
class Case:
    files: tuple[str, ...]
    recorded: dict[str, str | None]


@pytest.mark.parametrize(
    "case",
    [
        Case(("002_b.sql", "010_c.sql", "1_a.sql", "R__b.sql", "R__a.sql"), {}),
        Case(("1_a.sql", "2_b.sql", "R__a.sql"), {"1_a.sql": "="}),
        Case(("1_a.sql", "2_b.sql"), {"2_b.sql": "="}),
        Case(("1_a.sql", "2_b.sql"), {"1_a.sql": "other"}),
        Case(("1_a.sql", "2_b.sql"), {"1_a.sql": None}),
        Case(("2_b.sql",), {"1_a.sql": "="}),
        Case(("1_a.sql", "01_b.sql"), {}),
    ],
)
def test_the_order_is_the_full_programs_and_every_doubt_is_left_to_it(case: Case) -> None:
    files = [File(name, b"SELECT 1", "same") for name in sorted(case.files)]
    recorded = {name: "same" if checksum == "=" else checksum for name, checksum in case.recorded.items()}
    light = pending_in_order(files, recorded)
    if light is None:
        return
    ours = arrange([(name, b"SELECT 1") for name in case.files], service="x")
    checksums = {file.filename: file.checksum for file in ours}
    entries = [
        Entry(filename=name, number=int(name.partition("_")[0]), checksum=checksums[name])
        for name in recorded
    ]
    plan = make_plan("x", ours, entries)
    assert [file.name for file in light] == [step.script.file.filename for step in plan.steps]


def test_doubtful_histories_are_left_to_the_full_program() -> None:
    files = [File(name, b"", "same") for name in ("1_a.sql", "2_b.sql")]
    assert pending_in_order(files, {"2_b.sql": "same"}) is None  # late
    assert pending_in_order(files, {"1_a.sql": "other"}) is None  # edited
    assert pending_in_order(files, {"1_a.sql": None}) is None  # unfinished
    assert pending_in_order(files, {"0_gone.sql": "same"}) is None  # missing
    with pytest.raises(HistoryRefused):
        arrange([("1_a.sql", b""), ("01_b.sql", b"")], service="x")
    assert pending_in_order([File("1_a.sql", b"", "x"), File("01_b.sql", b"", "y")], {}) is None


NOT_PLAIN = [
    "", "-- nothing", "SELECT '", "\\connect x",
    "-- migrate: no-transaction\nSELECT 1", "BEGIN; SELECT 1; COMMIT", "SAVEPOINT a",
    "COPY parts FROM STDIN;\n1\n\\.\n", "COPY (SELECT 1) TO STDOUT", "CREATE INDEX CONCURRENTLY i ON parts (id)", "VACUUM", "SET ROLE x",
    "DROP TABLE parts", "ALTER TABLE parts DROP COLUMN id", "ALTER TABLE parts RENAME TO x", "TRUNCATE parts", "LOCK TABLE parts",
    "ALTER TABLE parts ADD COLUMN b int NOT NULL", "CREATE TABLE p PARTITION OF parts DEFAULT", "ALTER TYPE m RENAME VALUE 'a' TO 'b'",
    "CREATE ROLE x PASSWORD 'y'", "SELECT 'postgres://a:b@c'", "ALTER TABLE parts SET UNLOGGED", "GRANT x TO y; SET SESSION AUTHORIZATION x",
    "CREATE DATABASE x", "REINDEX TABLE parts", "CLUSTER parts",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_what_needs_thought_is_not_plain(text: str) -> None:
    assert plain_statements(text.encode(), fresh=True) is None


@pytest.mark.parametrize(
    "text",
    [
        "CREATE INDEX i ON parts (id)",
        "ALTER TABLE parts ADD COLUMN b int",
        "UPDATE parts SET id = 1",
        "DELETE FROM parts",
    ],
)
def test_what_depends_on_the_size_of_tables_is_plain_only_while_they_are_empty(text: str) -> None:
    assert plain_statements(text.encode(), fresh=True) is not None
    assert plain_statements(text.encode(), fresh=False) is None


CORPUS = [text for text in FILES.values() if text] + [
    "CREATE TABLE a (b int NOT NULL); CREATE UNIQUE INDEX i ON a (b); ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0); COMMENT ON TABLE a IS 'x'",
    "ALTER TABLE a ADD CONSTRAINT c UNIQUE (b); ALTER TABLE a ALTER COLUMN b SET NOT NULL; UPDATE a SET b = 1; DELETE FROM a",
    "CREATE TYPE t AS ENUM ('a'); CREATE SEQUENCE s; GRANT SELECT ON a TO PUBLIC; CREATE TRIGGER t BEFORE INSERT ON a EXECUTE FUNCTION f()",
]  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_our_own_files_are_no_exception(service: str) -> None:
    _hold_to_lint([file.content for file in look_into(SERVICES[service].folder, service=service).files()])


def test_lint_has_nothing_to_say_about_plain_files() -> None:
    _hold_to_lint([text.encode() for text in [*CORPUS, *NOT_PLAIN]])


def _hold_to_lint(contents: list[bytes]) -> None:
    """A plain file is one that the full program runs in one transaction and neither refuses nor warns about."""
    for content in contents:
        for fresh in (True, False):
            if plain_statements(content, fresh=fresh) is None:
                continue
            [file] = arrange([("001_x.sql", content)], service="x")
            script = read_script(file)
            assert isinstance(script, Script), content
            assert script.directives.transaction
            assert not script.notices
            assert len(script.statements) == len(plain_statements(content, fresh=fresh)[0])  # type: ignore[index]
            assert lint([script], sizes={} if fresh else None) == (), content
