"""docker-compose.yml, Dockerfile and the settings hold together.

There may be no Docker where this runs, so Compose's own part (variable replacement) is done here, by its rules.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from iotistic.cli.main import COMMANDS
from iotistic.config import Endpoint, Settings, Surroundings, load_settings
from iotistic.config.catalogue import SETTINGS
from iotistic.secret import Secret

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
KNOWN = {setting.variable for setting in SETTINGS}
VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::-(?P<default>(?:[^{}]|\{[^{}]*\})*))?\})")


def _replaced(text: str, variables: Mapping[str, str]) -> str:
    """As Compose does it: ${NAME:-default} with defaults that may hold variables themselves, and $$ for one $."""

    def value(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        return variables.get(match["name"]) or _replaced(match["default"] or "", variables)

    return VARIABLE.sub(value, text)


def _compose(**variables: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(_replaced(COMPOSE, variables))
    return loaded


def _api_settings(**variables: str) -> Settings:
    given = _compose(**variables)["services"]["api"]["environment"]
    environment = {name: "" if value is None else str(value) for name, value in given.items()}
    # Of the volume there is nothing here; that it is there is the matter of another test.
    assert environment["DB_SSLROOTCERT"].endswith("/ca.crt")
    environment["DB_SSLROOTCERT"] = __file__
    inside = Surroundings(in_container=True, resolves=lambda name: name in _compose()["services"])
    return load_settings(environment, dotenv=None, surroundings=inside)


# ---------------------------------------------------------------- docker-compose.yml


def test_the_container_is_the_handbooks() -> None:
    postgres = _compose()["services"]["postgres"]
    assert (postgres["container_name"], postgres["image"]) == ("iotistic-postgres", "postgres:16-alpine")
    handbook = {"POSTGRES_DB": "iotistic", "POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": "postgres"}
    assert handbook.items() <= postgres["environment"].items()
    assert (
        _compose(POSTGRES_PASSWORD="s3cret")["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"]
        == "s3cret"
    )


def test_ports_are_published_on_loopback_alone() -> None:
    assert _compose()["services"]["postgres"]["ports"] == ["127.0.0.1:5432:5432"]
    assert _compose(DB_PORT_EXT="5433")["services"]["postgres"]["ports"] == ["127.0.0.1:5433:5432"]
    assert _compose()["services"]["api"]["ports"] == ["127.0.0.1:8080:8080"]


def test_every_variable_it_takes_is_a_setting() -> None:
    names = {match["name"] for match in re.finditer(r"\$\{(?P<name>\w+)", COMPOSE)}
    assert names <= KNOWN


def test_every_variable_it_gives_the_api_is_a_setting() -> None:
    assert _compose()["services"]["api"]["environment"].keys() <= KNOWN


def test_the_api_gets_settings_that_hold_without_an_env_file() -> None:
    settings = _api_settings()
    assert settings.warnings == ()
    assert settings.database == Endpoint(
        hosts=(("postgres", 5432),),
        user="postgres",
        password=Secret("postgres"),
        sslmode="verify-full",
        sslrootcert=Path(__file__),
    )
    assert (settings.names.platform, settings.api.host, settings.api.port) == ("iotistic", "0.0.0.0", 8080)  # noqa: S104


def test_the_api_follows_the_container_and_not_what_is_meant_for_programs_outside() -> None:
    settings = _api_settings(
        DB_HOST="localhost", DB_PORT="5433", POSTGRES_USER="boss", POSTGRES_PASSWORD="s3cret", POSTGRES_DB="iot"
    )  # fmt: skip
    assert settings.database == Endpoint(
        hosts=(("postgres", 5432),),
        user="boss",
        password=Secret("s3cret"),
        sslmode="verify-full",
        sslrootcert=Path(__file__),
    )
    assert settings.names.platform == "iot"


def test_the_api_waits_for_a_database_that_answers_queries_over_tcp() -> None:
    services = _compose()["services"]
    assert services["postgres"]["depends_on"] == {
        "certificates": {"condition": "service_completed_successfully"}
    }
    assert services["api"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    test = " ".join(services["postgres"]["healthcheck"]["test"])
    assert "-h 127.0.0.1" in test
    assert "SELECT 1" in test
    assert "pg_isready" not in test


def test_the_password_is_in_nobodys_argv() -> None:
    """The shell in the container takes it from its environment, Compose does not put it into the command."""
    test = " ".join(_compose(POSTGRES_PASSWORD="s3cret")["services"]["postgres"]["healthcheck"]["test"])
    assert "s3cret" not in test
    assert 'PGPASSWORD="$POSTGRES_PASSWORD" psql' in test


def test_everything_that_is_named_under_the_certificates_is_mounted_from_where_they_are_made() -> None:
    services = _compose()["services"]
    made_at = _option(services["certificates"]["command"], "--to")
    mounts = {
        name: dict(reversed(volume.split(":")[:2]) for volume in service["volumes"])
        for name, service in services.items()
    }
    assert mounts["certificates"][made_at] == "certificates"
    assert mounts["api"][str(Path(services["api"]["environment"]["DB_SSLROOTCERT"]).parent)] == "certificates"
    settings = (ROOT / "postgres" / "postgresql.conf").read_text()
    for name in ("ssl_cert_file", "ssl_key_file"):
        (path,) = re.findall(rf"^{name} = '(.*)'$", settings, re.MULTILINE)
        assert mounts["postgres"][str(Path(path).parent)] == "certificates"
        assert Path(path).name in {"server.crt", "server.key"}
    assert "PGSSLROOTCERT=/etc/postgresql/tls/ca.crt" in " ".join(services["postgres"]["healthcheck"]["test"])


def test_the_key_of_the_authority_is_sealed_under_what_no_other_container_sees() -> None:
    services = _compose()["services"]
    data = services["certificates"]["environment"]["IOTISTIC_DATA_DIR"]
    (volume,) = [v.split(":")[0] for v in services["certificates"]["volumes"] if v.split(":")[1] == data]
    others = [v for name, s in services.items() if name != "certificates" for v in s["volumes"]]
    assert not [v for v in others if v.split(":")[0] == volume]


def _option(command: str, name: str) -> str:
    words = command.split()
    return words[words.index(name) + 1]


def test_every_file_it_mounts_is_there_and_read_by_the_server() -> None:
    postgres = _compose()["services"]["postgres"]
    mounts = dict(volume.split(":")[:2] for volume in postgres["volumes"] if volume.startswith("./"))
    assert all((ROOT / source).is_file() for source in mounts)
    configuration = {target for target in mounts.values() if target.startswith("/etc/postgresql/")}
    assert {option.partition("=")[2] for option in postgres["command"] if "_file=" in option} == configuration
    assert set(mounts.values()) - configuration == {"/docker-entrypoint-initdb.d/10-first-start.sql"}


def test_both_containers_mean_the_same_databases() -> None:
    services = _compose(IOTISTIC_BILLING_DB_NAME="money")["services"]
    for variable in ("IOTISTIC_BILLING_DB_NAME", "IOTISTIC_VPN_DB_NAME"):
        assert services["postgres"]["environment"][variable] == services["api"]["environment"][variable]
    assert services["api"]["environment"]["IOTISTIC_BILLING_DB_NAME"] == "money"


def test_every_named_volume_is_declared() -> None:
    compose = _compose()
    named = {
        v.partition(":")[0]
        for s in compose["services"].values()
        for v in s["volumes"]
        if not v.startswith(".")
    }
    assert named == set(compose["volumes"])


# ---------------------------------------------------------------- Dockerfile


def test_the_image_runs_a_command_that_exists_and_as_no_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    (command,) = re.findall(r'^CMD \["(\w+)"\]$', dockerfile, re.MULTILINE)
    assert command in COMMANDS
    assert re.findall(r"^USER (\w+)$", dockerfile, re.MULTILINE) == ["iotistic"]


def test_the_image_is_built_from_files_that_are_there_and_let_in() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = {
        name.removeprefix("./")
        for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE)
        for name in line.split()[:-1]
    }
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)
