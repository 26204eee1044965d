"""What the light path takes for settings is what the settings say: it may know less than they do, never something else."""

from pathlib import Path

import pytest

from iotistic.cli.light.place import parameters_of
from iotistic.cli.light.request import request_of
from iotistic.cli.migrate.where import Database, places
from iotistic.data_folder import DataFolder

LOCAL = "postgresql://me:secret@127.0.0.1:5433/other"

KNOWN = [
    (["--url", LOCAL], {}),
    (["--url", LOCAL, "--database", "billing"], {}),
    (["--url", "postgres://me@localhost"], {}),
    (["--url", "postgres://me@localhost", "--database", "vpn"], {}),
    (["--url", "postgresql://me:secret@db.example.com:5433/other?sslmode=disable"], {}),
    ([], {"DATABASE_URL": LOCAL}),
    (["--database", "billing"], {"DATABASE_URL": LOCAL}),
    ([], {"DB_HOST": "127.0.0.1"}),
    ([], {"DB_HOST": "localhost", "DB_PORT": "5433", "DB_USER": "me", "DB_PASSWORD": "a b%", "DB_NAME": "other", "DB_PORT_EXT": "1"}),
    (["--database", "vpn"], {"DB_HOST": "127.0.0.1", "DB_NAME": "other"}),
    ([], {"DB_HOST": "postgres", "DB_SSLMODE": "disable"}),
]  # fmt: skip

UNKNOWN = [
    (["--url", "postgresql://me:secret@db.example.com/other"], {}),  # verify-full by default
    (["--url", "postgresql://me:a%40b@127.0.0.1/other"], {}),
    (["--url", "postgresql://me@[::1]/other"], {}),
    (["--url", "postgresql://me@a,b/other"], {}),
    (["--url", "postgresql://127.0.0.1/other"], {}),
    (["--url", "postgresql://me@127.0.0.1/other?sslmode=require"], {}),
    (["--url", "postgresql://me@127.0.0.1/other?options=-c"], {}),
    (["--url", "postgresql://me:a/b@127.0.0.1/other"], {}),
    (["--url", "mysql://me@127.0.0.1/other"], {}),
    (["--url", LOCAL], {"DB_PASSWORD": "other"}),
    ([], {"DATABASE_URL": LOCAL, "DB_USER": "other"}),
    ([], {"DB_HOST": "127.0.0.1", "POSTGRES_PASSWORD": "x"}),
    ([], {"DB_HOST": "127.0.0.1", "DB_PASSWORD_FILE": "/run/x"}),
    ([], {"DB_HOST": "db.example.com"}),
    ([], {"DB_HOST": "127.0.0.1", "DB_SSLMODE": "verify-full"}),
    ([], {"DB_HOST": "127.0.0.1,127.0.0.2"}),
    ([], {"DB_HOST": "127.0.0.1", "DB_PORT": "many"}),
    ([], {"DB_PORT": "5433"}),
    ([], {"IOTISTIC_DATADIR": "/typo"}),
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def light(words: list[str], environment: dict[str, str]) -> dict[str, str] | None:
    request = request_of(words)
    assert request is not None
    return parameters_of(request, environment)


@pytest.mark.parametrize(("words", "environment"), KNOWN)
def test_what_the_light_path_knows_is_what_the_settings_say(
    words: list[str], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = light(words, environment)
    assert found is not None
    monkeypatch.setattr("os.environ", environment)
    request = request_of(words)
    assert request is not None
    [place] = places(
        Database(request.database),
        folder=None,
        service=None,
        schema="public",
        table="schema_migrations",
        url=request.url,
        data_dir=None,
    )
    password = place.endpoint.password.reveal() if place.endpoint.password else None
    [(host, port)] = place.endpoint.hosts
    assert (found["host"], found["port"], found["user"], found.get("password")) == (
        host,
        str(port),
        place.endpoint.user,
        password,
    )
    assert (found["dbname"], found["sslmode"]) == (place.database, place.endpoint.sslmode)


@pytest.mark.parametrize(("words", "environment"), UNKNOWN)
def test_what_takes_more_than_a_glance_is_left_to_the_settings(
    words: list[str], environment: dict[str, str]
) -> None:
    assert light(words, environment) is None


def test_a_dotenv_is_left_to_the_settings(elsewhere: Path) -> None:
    (elsewhere / ".env").write_text("DB_HOST=elsewhere\n")
    assert light(["--url", LOCAL], {}) is None


class TestEmbedded:
    PID_FILE = "123\n/data\n1700000000\n5499\n/run\n127.0.0.1\n  1 2\nready   \n"

    @pytest.fixture
    def folder(self, tmp_path: Path) -> DataFolder:
        folder = DataFolder(tmp_path / "installation")
        folder.postgres.mkdir(parents=True)
        (folder.postgres / "postmaster.pid").write_text(self.PID_FILE)
        folder.secret("iotistic_migrator")
        return folder

    def test_the_running_server_is_found(self, folder: DataFolder) -> None:
        found = light(["--data-dir", str(folder.root)], {})
        secret = folder.find_secret("iotistic_migrator")
        assert secret is not None
        assert found == {
            "host": "127.0.0.1",
            "port": "5499",
            "user": "iotistic_migrator",
            "password": secret.reveal(),
            "dbname": "iotistic",
            "sslmode": "disable",
        }
        assert light([], {"IOTISTIC_DATA_DIR": str(folder.root)}) == found

    def test_a_server_that_is_not_ready_is_left_to_the_full_program(self, folder: DataFolder) -> None:
        (folder.postgres / "postmaster.pid").write_text(self.PID_FILE.replace("ready", "starting"))
        assert light(["--data-dir", str(folder.root)], {}) is None

    def test_no_server_is_left_to_the_full_program(self, tmp_path: Path) -> None:
        assert light(["--data-dir", str(tmp_path)], {}) is None
