"""The splitter against psql, which has the only definition of where a statement ends: generated scripts, run both ways."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from iotistic.database.server import RunningServer
from iotistic.migrations.lexer import SourceInvalid, decode, normalise, split

EXAMPLES = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """A database of its own, psql, and a folder for scripts."""

    psql: str
    conninfo: dict[str, str | int | None]
    folder: Path

    def run_psql(self, script: bytes, *options: str, search_path: str) -> subprocess.CompletedProcess[str]:
        path = self.folder / "script.sql"
        path.write_bytes(script)
        values = {
            f"PG{name.upper()}": str(value) for name, value in self.conninfo.items() if value is not None
        }
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PGCLIENTENCODING": "UTF8", **values}
        environment = {name.replace("PGDBNAME", "PGDATABASE"): value for name, value in environment.items()}
        environment["PGOPTIONS"] = f"-c search_path={search_path} -c client_min_messages=warning"
        command = [self.psql, "-X", "-q", *options, "-f", str(path)]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def connect(self) -> "psycopg.Connection[tuple[str]]":
        return psycopg.connect(**self.conninfo, autocommit=True)


@pytest.fixture(scope="module")
def bench(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    own = Path(server.binaries.bin_dir) / "psql"
    psql = str(own) if own.exists() else shutil.which("psql")
    if psql is None:
        pytest.skip("no psql on this machine")
    (host, port), user = server.endpoint.hosts[0], server.endpoint.user
    secret = server.endpoint.password.reveal() if server.endpoint.password else None
    admin: dict[str, str | int | None] = {
        "host": host,
        "port": port,
        "user": user,
        "password": secret,
        "dbname": "postgres",
    }
    name = f"lexer_{uuid4().hex[:12]}"
    with psycopg.connect(**admin, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE {name} TEMPLATE template0 ENCODING "UTF8"')
        yield Bench(psql=psql, conninfo={**admin, "dbname": name}, folder=tmp_path_factory.mktemp("scripts"))
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


# ---------------------------------------------------------------- scripts that mean something

awkward = st.text(alphabet="ab;'\"$\\-/*(){}.q1 \t\n\ré\u00a0—", max_size=14)


def plain(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def escaped(value: str) -> str:
    return "E'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@st.composite
def literals(draw: st.DrawFn, value: str) -> str:
    """One of the many ways to write a string."""
    form = draw(st.sampled_from(["plain", "escaped", "unicode", "dollar", "continued", "escaped on"]))
    cut = draw(st.integers(0, len(value)))
    between = draw(st.sampled_from(["\n", " -- it's ;\n", "\r\n\t", "\n-- $$\n -- '\n"]))
    if form == "escaped":
        return draw(st.sampled_from("eE")) + escaped(value)[1:]
    if form == "unicode":
        return "U&" + plain(value.replace("\\", "\\\\"))
    if form == "dollar" and "$q" not in value:
        return f"$q${value}$q$"
    if form == "continued":
        return plain(value[:cut]) + between + plain(value[cut:])
    if form == "escaped on":
        # psql, reading line by line, forgets that the string is an E-string; the server and we do not. So no \' there.
        return escaped(value[:cut]) + between + plain(value[cut:].replace("\\", "\\\\"))
    return plain(value)


def copied(value: str) -> str:
    for character, code in (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(character, code)
    return value


SAID = "CREATE OR REPLACE FUNCTION said() RETURNS text LANGUAGE sql"
STEPS = {
    "insert": "INSERT INTO seen (v) VALUES ({text});",
    "name": "INSERT INTO seen (v) SELECT {name} FROM (SELECT {text} AS {name}) AS {name};",
    "function": "{said} AS {body};INSERT INTO seen (v) SELECT said();",
    "atomic": "{said} BEGIN ATOMIC SELECT 'x;'; SELECT CASE WHEN (CASE WHEN true THEN true END) THEN {text} END; END;"
    "INSERT INTO seen (v) SELECT said();",
    "rule": "DROP TABLE IF EXISTS trap; CREATE TABLE trap (a int); CREATE RULE {name} AS ON INSERT TO trap DO INSTEAD "
    "(INSERT INTO seen (v) VALUES ({text}); INSERT INTO seen (v) VALUES (';')); INSERT INTO trap VALUES (1);",
    "copy": "COPY seen (v) FROM STDIN;\n{data}\n\\.\n",
    "do": "DO $do$BEGIN INSERT INTO seen (v) VALUES ({text}); END$do$;",
}


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A piece of script, and the texts it leaves in the table `seen`."""
    kind = draw(st.sampled_from(sorted(STEPS)))
    value = draw(awkward)
    text = draw(literals(value))
    step = STEPS[kind].format(
        text=text,
        said=SAID,
        body=draw(literals(f"SELECT {text}")),
        name='"' + draw(awkward.filter(bool)).replace('"', '""') + '"',
        data=copied(value),
    )
    return step, [value, ";"] if kind == "rule" else [value]


# psql cuts the line after an empty statement that follows a COPY block too early; hence the SELECT before those.
noise_between = st.sampled_from(
    ["", "\n", "\r\n", " -- it's;\n", "/* ; /* ' */ $$ \" */", "SELECT 1;;", "\n--\n", "\t/*-- */"]
)


@st.composite
def scripts(draw: st.DrawFn) -> tuple[str, list[str]]:
    parts: list[str] = [draw(st.sampled_from(["", "\ufeff"]))]
    expected: list[str] = []
    for text, values in draw(st.lists(steps(), min_size=1, max_size=6)):
        parts += [draw(noise_between), text]
        expected += values
    return "".join(parts), expected


def run_split(bench: Bench, text: str, schema: str) -> None:
    with bench.connect() as connection:
        connection.execute(f"SET search_path = {schema}")
        for statement in split(text):
            if statement.copy_data is None:
                connection.execute(statement.text)
            else:
                with connection.cursor().copy(statement.text) as copy:
                    copy.write(statement.copy_data)


def prepare(bench: Bench) -> None:
    with bench.connect() as connection:
        connection.execute("SET client_min_messages = warning")
        for schema in ("by_psql", "by_split", "by_normal"):
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
            connection.execute(f"CREATE TABLE {schema}.seen (id int GENERATED ALWAYS AS IDENTITY, v text)")


def seen(bench: Bench, schema: str) -> list[str]:
    with bench.connect() as connection:
        return [row[0] for row in connection.execute(f"SELECT v FROM {schema}.seen ORDER BY id").fetchall()]


@EXAMPLES
@given(script=scripts())
def test_a_script_run_statement_by_statement_does_what_psql_does(
    bench: Bench, script: tuple[str, list[str]]
) -> None:
    text, expected = script
    prepare(bench)
    ran = bench.run_psql(text.encode(), "-v", "ON_ERROR_STOP=1", search_path="by_psql")
    assert ran.returncode == 0, ran.stderr
    run_split(bench, decode(text.encode()), "by_split")
    assert seen(bench, "by_psql") == expected
    assert seen(bench, "by_split") == expected


@EXAMPLES
@given(script=scripts())
def test_the_normalised_text_does_what_the_text_does(bench: Bench, script: tuple[str, list[str]]) -> None:
    text, expected = script
    prepare(bench)
    run_split(bench, normalise(text), "by_normal")
    # The one licence taken: line endings inside dollar quotes and COPY lines are line feeds.
    assert [value.replace("\r\n", "\n").replace("\r", "\n") for value in seen(bench, "by_normal")] == [
        value.replace("\r\n", "\n").replace("\r", "\n") for value in expected
    ]


# ---------------------------------------------------------------- scripts that mean nothing

fragments = st.sampled_from(
    [
        *[
            "'",
            "''",
            '"',
            '""',
            "$$",
            "$a$",
            "$a",
            "$1",
            "a$b",
            "a$$",
            "1$$",
            "$",
            "E'",
            "e'",
            "xe'",
            "U&'",
            "N'",
            "B'",
            'U&"',
        ],
        *[
            "\\' ",
            "'a'",
            "E'\\''",
            "'\\'",
            "--",
            "---",
            "/*",
            "*/",
            "/**/",
            "//*",
            "/*/",
            "+-",
            "-",
            "/",
            "*",
            "é",
            "\u00a0",
            "1",
            "1e",
        ],
        *[";", ";", ";", "(", ")", "()", "[", "]", "{", "#", "~", "@"],
        *["\n", "\n", "\r\n", "\r", " ", "\t", "\f"],
        *[
            "CREATE FUNCTION",
            "CREATE OR REPLACE PROCEDURE f",
            "create",
            "or",
            "replace",
            "function",
            "BEGIN ATOMIC",
            "CASE",
            "END",
            "select",
        ],
    ]
)
_LOGGED = re.compile(r"^(?:/\*{8}|\*{9}) QUERY \*{9}[*/]*\n(.*?)\n[/*]\*{24}[*/]$", re.DOTALL | re.MULTILINE)


@settings(EXAMPLES, max_examples=120)
@given(parts=st.lists(fragments, min_size=1, max_size=25))
def test_psql_cuts_noise_where_we_cut_it(bench: Bench, parts: list[str]) -> None:
    text = "".join(parts)
    assume(
        "'\\'" not in parts or not re.search("[eE]'", text)
    )  # psql loses the E of a literal that goes on, see above
    try:
        ours = [normalise(statement.text + "\n") for statement in split(text)]
    except SourceInvalid:
        return  # an open quote or a backslash: psql would wait for more, or obey
    log = bench.folder / "log"
    log.unlink(missing_ok=True)
    bench.run_psql(text.encode(), "-L", str(log), search_path="public")
    logged = log.read_bytes().decode() if log.exists() else ""
    theirs = [normalise(query) for query in _LOGGED.findall(logged)]
    assert [query for query in theirs if query] == ours
