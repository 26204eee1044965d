from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from iotistic.config import Endpoint, SessionLimits
from iotistic.database.conninfo import conninfo, url
from iotistic.secret import Secret

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


def endpoint(password: str = "secret", host: str = "127.0.0.1") -> Endpoint:
    return Endpoint(hosts=((host, 5432),), user="iotistic_app", password=Secret(password))


@given(password=text)
def test_any_password_arrives_as_it_is(password: str) -> None:
    assert (
        conninfo_to_dict(conninfo(endpoint(password), "iotistic", application_name="test"))["password"]
        == password
    )


@given(password=text)
def test_any_password_survives_a_url(password: str) -> None:
    assert unquote(urlsplit(url(endpoint(password), "iotistic")).password or "") == password


def test_limits_become_session_settings_in_milliseconds() -> None:
    limits = SessionLimits(
        statement_timeout=timedelta(seconds=30),
        lock_timeout=timedelta(milliseconds=500),
        idle_in_transaction_timeout=timedelta(minutes=1),
    )
    options = conninfo_to_dict(conninfo(endpoint(), "iotistic", application_name="test", limits=limits))[
        "options"
    ]
    assert (
        options
        == "-c statement_timeout=30000 -c lock_timeout=500 -c idle_in_transaction_session_timeout=60000"
    )


def test_several_hosts_are_tried_until_one_accepts_writes() -> None:
    several = Endpoint(hosts=(("a", 1), ("b", 2)), user="u")
    found = conninfo_to_dict(conninfo(several, "iotistic", application_name="test"))
    assert (found["host"], found["port"], found["target_session_attrs"]) == ("a,b", "1,2", "read-write")


def test_one_host_is_taken_as_it_is() -> None:
    assert "target_session_attrs" not in conninfo_to_dict(
        conninfo(endpoint(), "iotistic", application_name="test")
    )


def test_a_socket_folder_fits_into_a_url() -> None:
    assert (
        url(endpoint(host="/run/pg"), "iotistic")
        == "postgresql://iotistic_app:secret@%2Frun%2Fpg:5432/iotistic"
    )


def test_a_certificate_authority_travels_along() -> None:
    tls = Endpoint(hosts=(("db", 5432),), user="u", sslmode="verify-full", sslrootcert=Path("/ca.pem"))
    assert url(tls, "iotistic").endswith("?sslmode=verify-full&sslrootcert=%2Fca.pem")
