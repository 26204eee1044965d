import pytest

from iotistic.config.problems import Rejected
from iotistic.config.url import masked, parse_database_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "postgresql://app:p%40ss@db.example.com:5433/iot",
            {"DB_USER": "app", "DB_PASSWORD": "p@ss", "DB_HOST": "db.example.com", "DB_PORT": "5433", "DB_NAME": "iot"},
        ),
        ("postgres://h", {"DB_HOST": "h", "DB_PORT": "5432"}),
        ("postgres://h/", {"DB_HOST": "h", "DB_PORT": "5432"}),
        ("postgres://[::1]:6/x", {"DB_HOST": "::1", "DB_PORT": "6", "DB_NAME": "x"}),
        ("postgres://a:1,b/x", {"DB_HOST": "a,b", "DB_PORT": "1,5432", "DB_NAME": "x"}),
        ("postgres://%2Frun%2Fpg/x", {"DB_HOST": "/run/pg", "DB_PORT": "5432", "DB_NAME": "x"}),
        ("postgres://?host=/run/pg&dbname=x", {"DB_HOST": "/run/pg", "DB_PORT": "5432", "DB_NAME": "x"}),
        ("postgres://u@h/x?password=a%26b", {"DB_USER": "u", "DB_PASSWORD": "a&b", "DB_HOST": "h", "DB_PORT": "5432", "DB_NAME": "x"}),
        ("postgres://u:a:b@h", {"DB_USER": "u", "DB_PASSWORD": "a:b", "DB_HOST": "h", "DB_PORT": "5432"}),
        (
            "postgres://h:5432/x?user=me@server&sslmode=require&sslrootcert=/ca.pem",
            {
                "DB_HOST": "h",
                "DB_PORT": "5432",
                "DB_NAME": "x",
                "DB_USER": "me@server",
                "DB_SSLMODE": "require",
                "DB_SSLROOTCERT": "/ca.pem",
            },
        ),
        ("postgres://h:5432?user=me@server", {"DB_HOST": "h", "DB_PORT": "5432", "DB_USER": "me@server"}),
    ],
)  # fmt: skip
def test_a_url_says_the_same_as_the_variables(text: str, expected: dict[str, str]) -> None:
    assert dict(parse_database_url(text).settings) == expected


@pytest.mark.parametrize(
    ("password", "suggestion"),
    [
        ("se@cret", "%40"),
        ("se/cret", "%2F"),
        ("se?cret", "%3F"),
        ("se#cret", "%23"),
        ("se%cret", "%25"),
        ("se%", "%25"),
    ],
)
def test_an_unescaped_character_in_the_password_is_recognised_and_the_password_not_told(
    password: str, suggestion: str
) -> None:
    text = f"postgresql://app:{password}@db:5432/iot?sslmode=require"
    with pytest.raises(Rejected) as caught:
        parse_database_url(text)
    words = f"{caught.value.reason} {caught.value.suggestion} {masked(text)}"
    assert suggestion in words
    assert "DB_PASSWORD" in words
    assert "cret" not in words


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mysql://u:p@h/x", "It does not start"),
        ("db.example.com", "It does not start"),
        ("postgresql:///x", "It names no host"),
        ("postgres://u:p@h:x/y", "no host:port"),
        ("postgres://::1/y", "no host:port"),
        ("postgres://h/x?ssl", "has no value"),
        ("postgres://h/x?sslmod=require", "no parameter sslmod"),
        ("postgres://h/%ff", "no UTF-8"),
        ("postgres://h/a%00b", "%00"),
    ],
)
def test_what_is_no_connection_url_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse_database_url(text)
    assert reason in caught.value.reason


def test_a_mistyped_parameter_gets_a_suggestion() -> None:
    with pytest.raises(Rejected) as caught:
        parse_database_url("postgres://h/x?sslmod=require")
    assert caught.value.suggestion == "Did you mean sslmode?"


def test_parameters_for_libpq_are_passed_on_and_ours_are_left_out() -> None:
    url = parse_database_url("postgres://h/x?channel_binding=require&application_name=mine&connect_timeout=3")
    assert url.parameters == (("channel_binding", "require"),)
    assert url.ignored == ("application_name", "connect_timeout")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://u:secret@h/x", "postgres://u:***@h/x"),
        ("postgres://u@h:5/x", "postgres://u@h:5/x"),
        ("postgres://h:5/x", "postgres://h:5/x"),
        ("postgres://u:secret", "postgres://u:***"),
        ("postgres://u:99999999@", "postgres://u:***@"),
        ("postgres://u:sec/ret@h/x", "postgres://u:***@h/x"),
        ("postgres://u:s@h@h/x", "postgres://u:***@h/x"),
        ("postgres://h/x?password=secret&sslmode=require", "postgres://h/x?password=***&sslmode=require"),
        ("postgres://h/x?sslpassword=secret", "postgres://h/x?sslpassword=***"),
        ("u:secret@h", "10 characters"),
    ],
)
def test_a_shown_url_has_no_password_even_when_malformed(text: str, shown: str) -> None:
    assert masked(text) == shown
