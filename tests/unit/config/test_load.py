from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from iotistic.config import (
    Endpoint,
    Problem,
    SettingRow,
    Settings,
    SettingsInvalid,
    Surroundings,
    default_data_dir,
    load_settings,
)
from iotistic.secret import Secret

ROOT, SOMEONE = 0, 1000


def _load(environment: Mapping[str, str] | None = None, **options: str) -> Settings:
    return load_settings(environment or {}, dotenv=None, overrides=options)


def _problems(
    environment: Mapping[str, str], *, dotenv: Path | None = None, surroundings: Surroundings | None = None
) -> tuple[Problem, ...]:
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(environment, dotenv=dotenv, surroundings=surroundings)
    return caught.value.problems


def _database(environment: Mapping[str, str], **options: str) -> Endpoint:
    endpoint = _load(environment, **options).database
    assert endpoint is not None
    return endpoint


def _row(settings: Settings, variable: str) -> SettingRow:
    return next(row for row in settings.describe() if row.variable == variable)


def test_nothing_set_means_the_embedded_server_and_all_defaults() -> None:
    settings = load_settings({}, dotenv=None, effective_user=ROOT)
    assert settings == Settings(data_dir=Path("/var/lib/iotistic"))
    assert {row.source for row in settings.describe()} == {"default"}


def test_the_handbooks_variables_name_a_server() -> None:
    environment = {
        "DB_HOST": "localhost",
        "DB_PORT": "5433",
        "DB_NAME": "iot",
        "DB_USER": "app",
        "DB_PASSWORD": "p@ss/#%",
    }
    assert _database(environment) == Endpoint(
        hosts=(("localhost", 5433),), user="app", password=Secret("p@ss/#%"), sslmode="prefer"
    )
    assert _load(environment).names.platform == "iot"


def test_the_containers_variables_stand_in_for_ours() -> None:
    environment = {
        "DB_HOST": "localhost",
        "POSTGRES_DB": "iot",
        "POSTGRES_USER": "root",
        "POSTGRES_PASSWORD": "secret",
    }
    assert _database(environment) == Endpoint(
        hosts=(("localhost", 5432),), user="root", password=Secret("secret")
    )
    assert _row(_load(environment), "DB_NAME").source == "POSTGRES_DB (environment)"


def test_ours_count_before_the_containers() -> None:
    environment = {
        "DB_HOST": "localhost",
        "DB_USER": "app",
        "POSTGRES_USER": "root",
        "DB_PASSWORD": "a",
        "POSTGRES_PASSWORD": "b",
    }
    assert _database(environment) == Endpoint(hosts=(("localhost", 5432),), user="app", password=Secret("a"))


def test_the_superusers_password_is_not_tried_for_another_role() -> None:
    assert _database({"DB_HOST": "localhost", "DB_USER": "app", "POSTGRES_PASSWORD": "b"}).password is None
    assert _database(
        {"DB_HOST": "localhost", "DB_USER": "postgres", "POSTGRES_PASSWORD": "b"}
    ).password == Secret("b")


def test_several_hosts_share_a_port_or_have_one_each() -> None:
    assert _database({"DB_HOST": "127.0.0.1,::1"}).hosts == (("127.0.0.1", 5432), ("::1", 5432))
    assert _database({"DB_HOST": "a,b", "DB_PORT": "1,2"}).hosts == (("a", 1), ("b", 2))
    (problem,) = _problems({"DB_HOST": "a,b,c", "DB_PORT": "1,2"})
    assert problem.variable == "DB_PORT"


@pytest.mark.parametrize(
    ("host", "mode"),
    [
        ("localhost", "prefer"),
        ("/run/postgresql", "prefer"),
        ("db", "verify-full"),
        ("127.0.0.1,10.0.0.1", "verify-full"),
    ],
)
def test_tls_is_demanded_of_every_server_that_is_not_on_this_machine(host: str, mode: str) -> None:
    assert _database({"DB_HOST": host}).sslmode == mode
    assert _row(_load({"DB_HOST": host}), "DB_SSLMODE").value == mode


def test_tls_may_be_lowered_by_name() -> None:
    assert _database({"DB_HOST": "db", "DB_SSLMODE": "disable"}).sslmode == "disable"


def test_certificate_files_have_to_exist_and_come_in_pairs(tmp_path: Path) -> None:
    file = tmp_path / "a.pem"
    file.touch()
    assert _database({"DB_HOST": "db", "DB_SSLROOTCERT": str(file)}).sslrootcert == file
    missing = _problems({"DB_HOST": "db", "DB_SSLROOTCERT": str(tmp_path / "b.pem")})
    alone = _problems({"DB_HOST": "db", "DB_SSLCERT": str(file)})
    assert [problem.variable for problem in (*missing, *alone)] == ["DB_SSLROOTCERT", "DB_SSLKEY"]


def test_the_hosts_own_authorities_are_a_word_and_need_verify_full() -> None:
    assert _database({"DB_HOST": "db", "DB_SSLROOTCERT": "system"}).sslrootcert == Path("system")
    (problem,) = _problems({"DB_HOST": "db", "DB_SSLROOTCERT": "system", "DB_SSLMODE": "require"})
    assert "verify-full" in problem.suggestion


def test_a_url_says_everything_and_variables_fill_what_it_leaves_open() -> None:
    endpoint = _database({"DATABASE_URL": "postgres://app@localhost:5433/iot", "DB_PASSWORD": "secret"})
    assert endpoint == Endpoint(hosts=(("localhost", 5433),), user="app", password=Secret("secret"))


def test_a_url_and_variables_that_contradict_it_are_a_problem() -> None:
    environment = {
        "DATABASE_URL": "postgres://app:one@localhost/iot",
        "DB_HOST": "other",
        "DB_PORT": "5433",
        "DB_PASSWORD": "two",
        "DB_USER": "app",
    }
    problems = _problems(environment)
    assert [(problem.variable, problem.value) for problem in problems] == [
        ("DB_PASSWORD", None),
        ("DB_HOST", "other"),
        ("DB_PORT", "5433"),
    ]


def test_a_url_given_as_an_option_counts_before_variables() -> None:
    environment = {"DB_HOST": "other", "DB_PASSWORD": "secret", "DB_PORT": "1"}
    assert _database(environment, DATABASE_URL="postgres://localhost/iot") == Endpoint(
        hosts=(("localhost", 5432),), user="postgres", password=Secret("secret")
    )


def test_a_url_given_for_another_role_does_not_get_this_ones_password() -> None:
    environment = {"DB_HOST": "other", "DB_USER": "app", "DB_PASSWORD": "secret"}
    assert _database(environment, DATABASE_URL="postgres://you@localhost/iot").password is None
    assert _database(environment, DATABASE_URL="postgres://app@localhost/iot").password == Secret("secret")


def test_a_url_given_for_another_role_keeps_its_own_password() -> None:
    environment = {"DB_HOST": "other", "DB_USER": "app", "DB_PASSWORD": "secret"}
    assert _database(environment, DATABASE_URL="postgres://you:yours@localhost/iot").password == Secret(
        "yours"
    )


def test_option_counts_before_environment_before_file_before_default(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("IOTISTIC_API_PORT=1\nIOTISTIC_POOL_MAX=2\nIOTISTIC_LOG_LEVEL=debug\nPATH=ignored\n")
    environment = {"IOTISTIC_API_PORT": "3", "IOTISTIC_POOL_MAX": "4", "PATH": "/bin"}
    settings = load_settings(environment, dotenv=dotenv, overrides={"IOTISTIC_API_PORT": "5"})
    assert (settings.api.port, settings.pool.max_size, settings.log.level) == (5, 4, "debug")
    sources = [
        _row(settings, f"IOTISTIC_{name}").source
        for name in ("API_PORT", "POOL_MAX", "LOG_LEVEL", "LOG_FORMAT")
    ]
    assert sources == ["option", "environment", ".env", "default"]


def test_an_empty_variable_unsets_what_the_file_says(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("DB_HOST=db\n")
    assert load_settings({"DB_HOST": ""}, dotenv=dotenv).database is None


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "db_password"
    file.write_text("with space \n")
    environment = {"DB_HOST": "localhost", "DB_PASSWORD_FILE": str(file)}
    assert _database(environment).password == Secret("with space ")
    assert _row(_load(environment), "DB_PASSWORD") == SettingRow(
        variable="DB_PASSWORD", value="***", source="DB_PASSWORD_FILE (environment)"
    )


def test_a_url_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgres://app:secret@localhost/iot\n")
    assert _database({"DATABASE_URL_FILE": str(file)}).user == "app"


@pytest.mark.parametrize("content", [None, ""], ids=["missing", "empty"])
def test_a_secret_file_without_a_secret_is_a_problem(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
    (problem,) = _problems({"DB_PASSWORD_FILE": str(file)})
    assert problem.variable == "DB_PASSWORD_FILE"
    assert problem.value == str(file)


def test_a_secret_and_its_file_together_are_a_problem_unless_one_is_stronger(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file")
    (problem,) = _problems({"DB_PASSWORD": "x", "DB_PASSWORD_FILE": str(file)})
    assert problem.variable == "DB_PASSWORD"
    dotenv = tmp_path / ".env"
    dotenv.write_text("DB_PASSWORD=weaker\n")
    settings = load_settings({"DB_HOST": "localhost", "DB_PASSWORD_FILE": str(file)}, dotenv=dotenv)
    assert settings.database is not None
    assert settings.database.password == Secret("from the file")


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("what is this\nIOTISTIC_LOG_FORMAT=xml\n")
    environment = {
        "DB_HOST": "postgres",
        "DB_PORT": "70000",
        "DB_PASWORD": "hunter2",
        "IOTISTIC_POOL_MIN": "20",
        "IOTISTIC_STATEMENT_TIMEOUT": "30",
        "IOTISTIC_PEPPER": "short",
    }
    outside = Surroundings(in_container=False, resolves=lambda _: False)
    problems = _problems(environment, dotenv=dotenv, surroundings=outside)
    assert {problem.variable for problem in problems} == {
        ".env:1", "DB_HOST", "DB_PASWORD", "DB_PORT", "IOTISTIC_LOG_FORMAT", "IOTISTIC_PEPPER", "IOTISTIC_POOL_MIN",
        "IOTISTIC_STATEMENT_TIMEOUT",
    }  # fmt: skip


def test_the_error_tells_variable_value_reason_and_suggestion_and_no_secret() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        _load({"IOTISTIC_PEPPER": "hunter2", "IOTISTIC_LOG_LEVEL": "loud"})
    text = str(caught.value)
    assert "2 settings are wrong" in text
    assert (
        "IOTISTIC_LOG_LEVEL=loud: This is none of the choices. Choose debug, info, warning or error." in text
    )
    assert "IOTISTIC_PEPPER=(7 characters)" in text
    assert "hunter2" not in text
    assert caught.value.code == "settings_invalid"


def test_what_is_in_force_can_be_shown_although_something_is_wrong() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        _load({"IOTISTIC_LOG_LEVEL": "loud", "IOTISTIC_API_PORT": "1"})
    assert SettingRow(variable="IOTISTIC_API_PORT", value="1", source="environment") in caught.value.rows


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("DB_PASWORD", "Did you mean DB_PASSWORD?"),
        ("DB_HOSTS", "Did you mean DB_HOST?"),
        ("DB_PASSWORD_FIL", "Did you mean DB_PASSWORD_FILE?"),
        ("IOTISTIC_LOGLEVEL", "Did you mean IOTISTIC_LOG_LEVEL?"),
    ],
)
def test_a_misspelt_variable_is_a_problem_with_a_guess(name: str, suggestion: str) -> None:
    (problem,) = _problems({name: "x"})
    assert (problem.variable, problem.suggestion) == (name, suggestion)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("DB_DRIVER", ""),
        ("DB_USERNAME", "Did you mean DB_USER? "),
        ("DB_PASS", "Did you mean DB_PASSWORD? "),
        ("IOTISTIC_THEME", ""),
    ],
)
def test_a_variable_that_may_be_another_programs_is_a_warning(name: str, suggestion: str) -> None:
    (warning,) = _load({name: "x"}).warnings
    assert (warning.variable, warning.suggestion) == (
        name,
        f"{suggestion}`iotistic config show` lists them all.",
    )


def test_variables_that_kubernetes_makes_of_services_are_no_settings() -> None:
    environment = {
        "IOTISTIC_API_PORT": "tcp://10.0.0.1:80",
        "IOTISTIC_API_PORT_80_TCP": "tcp://10.0.0.1:80",
        "IOTISTIC_API_PORT_80_TCP_ADDR": "10.0.0.1",
        "IOTISTIC_API_SERVICE_HOST": "10.0.0.1",
        "IOTISTIC_API_SERVICE_PORT_HTTP": "80",
        "DB_PORT": "tcp://10.0.0.2:5432",
    }
    settings = _load(environment)
    assert settings.api.port == 8080
    assert [warning.variable for warning in settings.warnings] == ["IOTISTIC_API_PORT", "DB_PORT"]


@pytest.mark.parametrize("variable", ["DB_PORT", "DB_USER", "DB_PASSWORD", "DB_SSLMODE"])
def test_a_server_without_a_host_is_a_warning(variable: str) -> None:
    value = {"DB_PORT": "5433", "DB_SSLMODE": "require"}.get(variable, "x")
    settings = _load({variable: value})
    assert settings.database is None
    assert [warning.variable for warning in settings.warnings] == [variable]


def test_the_containers_own_variables_are_no_sign_of_a_forgotten_host() -> None:
    assert (
        _load({"POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": "x", "POSTGRES_DB": "iotistic"}).warnings
        == ()
    )


def test_a_service_name_outside_of_docker_is_a_problem_of_what_named_it() -> None:
    outside = Surroundings(in_container=False, resolves=lambda _: False)
    (problem,) = _problems(
        {"DATABASE_URL": "postgres://u:p@postgres/x", "DB_PORT_EXT": "5433"}, surroundings=outside
    )
    assert problem.variable == "DATABASE_URL"
    assert "DB_PORT=5433" in problem.suggestion


def test_localhost_in_a_container_is_a_warning() -> None:
    inside = Surroundings(in_container=True, resolves=lambda _: True)
    settings = load_settings({"DB_HOST": "localhost"}, dotenv=None, surroundings=inside)
    assert [warning.variable for warning in settings.warnings] == ["DB_HOST"]


def test_the_three_databases_have_different_names() -> None:
    (problem,) = _problems({"IOTISTIC_VPN_DB_NAME": "iotistic"})
    assert problem.variable == "IOTISTIC_VPN_DB_NAME"
    (problem,) = _problems({"POSTGRES_DB": "billing"})
    assert problem.variable == "IOTISTIC_BILLING_DB_NAME"


def test_a_wrong_name_given_to_the_container_is_told_once() -> None:
    (problem,) = _problems({"POSTGRES_DB": "x" * 64})
    assert problem.variable == "POSTGRES_DB"


def test_a_pool_of_one_is_fine_and_a_minimum_above_the_maximum_is_not() -> None:
    assert _load({"IOTISTIC_POOL_MIN": "1", "IOTISTIC_POOL_MAX": "1"}).pool.max_size == 1
    (problem,) = _problems({"IOTISTIC_POOL_MIN": "2", "IOTISTIC_POOL_MAX": "1"})
    assert problem.variable == "IOTISTIC_POOL_MIN"


def test_limits_are_durations_and_zero_is_none() -> None:
    limits = _load({"IOTISTIC_STATEMENT_TIMEOUT": "5min", "IOTISTIC_LOCK_TIMEOUT": "0"}).limits
    assert (limits.statement_timeout, limits.lock_timeout) == (timedelta(minutes=5), timedelta(0))


def test_parts_of_a_url_are_judged_each_for_itself() -> None:
    problems = _problems({"DATABASE_URL": "postgres://u:secret@h:70000/x?sslmode=on"})
    assert {problem.variable for problem in problems} == {"DATABASE_URL"}
    assert sorted(problem.reason.partition(" ")[0] for problem in problems) == ["DB_PORT", "DB_SSLMODE"]


def test_no_secret_is_ever_shown() -> None:
    environment = {
        "DATABASE_URL": "postgres://u:hunter2@localhost/x",
        "POSTGRES_PASSWORD": "hunter2://x",
        "IOTISTIC_PEPPER": "hunter2" * 8,
    }
    settings = _load(environment)
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.describe())


@pytest.mark.parametrize(
    ("environment", "user", "expected"),
    [
        ({}, ROOT, "/var/lib/iotistic"),
        ({"XDG_DATA_HOME": "/xdg"}, ROOT, "/var/lib/iotistic"),
        ({"XDG_DATA_HOME": "/xdg"}, SOMEONE, "/xdg/iotistic"),
        ({"IOTISTIC_DATA_DIR": "/srv/iot"}, ROOT, "/srv/iot"),
        ({"IOTISTIC_DATA_DIR": "/srv/iot", "XDG_DATA_HOME": "/xdg"}, SOMEONE, "/srv/iot"),
    ],
)
def test_the_data_folder_is_named_or_the_systems_or_the_users(
    environment: dict[str, str], user: int, expected: str
) -> None:
    assert default_data_dir(environment, user) == Path(expected)
    assert load_settings(environment, dotenv=None, effective_user=user).data_dir == Path(expected)


def test_a_user_without_xdg_gets_a_folder_in_the_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_data_dir({}, SOMEONE).is_relative_to(tmp_path)


def test_white_space_around_a_value_is_nothing_and_around_a_secret_a_warning() -> None:
    settings = _load({"DB_HOST": " localhost ", "DB_PORT": "5433\n", "DB_PASSWORD": "secret\n"})
    assert settings.database == Endpoint(
        hosts=(("localhost", 5433),), user="postgres", password=Secret("secret\n")
    )
    assert [warning.variable for warning in settings.warnings] == ["DB_PASSWORD"]


POOLED = {"DATABASE_URL": "postgresql://app:secret@pooler.example:6432/iotistic"}


def test_migrations_may_have_a_url_of_their_own() -> None:
    settings = _load(POOLED | {"IOTISTIC_MIGRATION_URL": "postgresql://owner:other@db.example"})
    assert settings.direct == Endpoint(
        hosts=(("db.example", 5432),), user="owner", password=Secret("other"), sslmode="verify-full"
    )
    assert settings.database is not None
    assert (settings.database.hosts, settings.database.user) == ((("pooler.example", 6432),), "app")
    assert _load(POOLED).direct is None


def test_a_url_for_migrations_without_a_role_keeps_the_others() -> None:
    direct = _load(POOLED | {"IOTISTIC_MIGRATION_URL": "postgresql://db.example/iotistic"}).direct
    assert direct is not None
    assert (direct.user, direct.password) == ("app", Secret("secret"))


def test_a_url_given_as_an_option_is_for_migrations_too() -> None:
    settings = _load(
        {"IOTISTIC_MIGRATION_URL": "postgresql://db.example"},
        DATABASE_URL="postgresql://me@other.example/iotistic",
    )
    assert settings.direct is None


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("postgresql://db.example/billing", "another database"),
        ("mysql://db.example", "postgresql://"),
        ("postgresql://db.example:0", "port"),
    ],
)
def test_a_url_for_migrations_that_cannot_be_meant_is_a_problem(url: str, word: str) -> None:
    [problem] = _problems(POOLED | {"IOTISTIC_MIGRATION_URL": url})
    assert problem.variable == "IOTISTIC_MIGRATION_URL"
    assert word in problem.reason + problem.suggestion


def test_a_url_for_migrations_of_the_embedded_server_is_a_mistake_that_is_told() -> None:
    settings = _load({"IOTISTIC_MIGRATION_URL": "postgresql://db.example"})
    assert settings.direct is None
    assert [warning.variable for warning in settings.warnings] == ["IOTISTIC_MIGRATION_URL"]
