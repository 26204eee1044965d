"""Our reading of a URL is libpq's, wherever we accept it."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from iotistic.config import load_settings
from iotistic.config.url import parse_database_url

_LIBPQ = {
    "DB_HOST": "host", "DB_PORT": "port", "DB_NAME": "dbname", "DB_USER": "user", "DB_PASSWORD": "password",
    "DB_SSLMODE": "sslmode",
}  # fmt: skip

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
hosts = st.from_regex(r"[a-z][a-z0-9.-]{0,10}|\[::1\]|127\.0\.0\.1|%2Frun%2Fpg", fullmatch=True)
ports = st.integers(1, 65535)


@given(
    user=texts,
    password=st.none() | texts,
    places=st.lists(st.tuples(hosts, ports), min_size=1, max_size=3),
    database=texts,
    sslmode=st.none() | st.sampled_from(["disable", "require", "verify-full"]),
)
def test_libpq_reads_the_same_url_the_same_way(
    user: str, password: str | None, places: list[tuple[str, int]], database: str, sslmode: str | None
) -> None:
    secret = "" if password is None else f":{quote(password, safe='')}"
    where = ",".join(f"{host}:{port}" for host, port in places)
    query = "" if sslmode is None else f"?sslmode={sslmode}"
    url = f"postgresql://{quote(user, safe='')}{secret}@{where}/{quote(database, safe='')}{query}"
    ours = {_LIBPQ[name]: value for name, value in parse_database_url(url).settings}
    theirs = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    assert ours == theirs


@given(password=texts)
def test_a_password_in_a_variable_needs_no_escaping(password: str) -> None:
    settings = load_settings({"DB_HOST": "localhost", "DB_PASSWORD": password}, dotenv=None)
    assert settings.database is not None
    kept = settings.database.password.reveal() if settings.database.password else ""
    assert kept == (password if password.strip() else "")
