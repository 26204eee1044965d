"""Every setting there is, once: parsing, `iotistic config show`, the reference page and .env.example are made from this."""

from datetime import timedelta
from pathlib import Path
from typing import Literal, cast, final

from iotistic.config.groups import CONNECTIONS, DATABASE, EMBEDDED, SERVICES, TLS
from iotistic.config.kinds import (
    DATABASE_NAME,
    DURATION,
    FREE_PORT,
    HOSTS,
    LIMIT,
    PATH,
    PORT,
    PORTS,
    ROLE,
    SECRET,
    TEXT,
    URL,
    choice,
    count,
    secret,
)
from iotistic.config.model import StartupMigrations
from iotistic.config.setting import Setting
from iotistic.secret import Secret

__all__ = ["SETTINGS", "TLS_MODES", "Catalogue"]

TLS_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")


@final
class Catalogue:
    """The settings by name, with the type of each."""

    db_host: Setting[tuple[str, ...]] = Setting(
        variable="DB_HOST",
        kind=HOSTS,
        default=None,
        group=DATABASE,
        unset="the embedded server",
        meaning="The PostgreSQL server to use. Set means: use that one and never start the embedded server. "
        "Several hosts with commas are tried in order until one accepts writes.",
        example="postgres",
    )
    db_port: Setting[tuple[int, ...]] = Setting(
        variable="DB_PORT",
        kind=PORTS,
        default="5432",
        group=DATABASE,
        meaning="The port of DB_HOST. Several hosts may have one each, with commas.",
    )
    db_name: Setting[str] = Setting(
        variable="DB_NAME",
        kind=DATABASE_NAME,
        default="iotistic",
        group=DATABASE,
        fallback="POSTGRES_DB",
        meaning="The platform's database.",
    )
    billing_db_name: Setting[str] = Setting(
        variable="IOTISTIC_BILLING_DB_NAME",
        kind=DATABASE_NAME,
        default="billing",
        group=DATABASE,
        meaning="The billing database on the same server.",
    )
    vpn_db_name: Setting[str] = Setting(
        variable="IOTISTIC_VPN_DB_NAME",
        kind=DATABASE_NAME,
        default="vpn",
        group=DATABASE,
        meaning="The VPN database on the same server.",
    )
    db_user: Setting[str] = Setting(
        variable="DB_USER",
        kind=ROLE,
        default="postgres",
        group=DATABASE,
        fallback="POSTGRES_USER",
        meaning="The role to connect to DB_HOST as.",
    )
    db_password: Setting[Secret] = Setting(
        variable="DB_PASSWORD",
        kind=SECRET,
        default=None,
        group=DATABASE,
        fallback="POSTGRES_PASSWORD",
        unset="~/.pgpass, a client certificate or peer authentication",
        meaning="The password of DB_USER, as it is: nothing in it needs escaping.",
        example="postgres",
    )
    database_url: Setting[Secret] = Setting(
        variable="DATABASE_URL",
        kind=URL,
        default=None,
        group=DATABASE,
        in_env_file="no",
        meaning="Host, port, role, password, database and TLS in one. A DB_ variable that says otherwise is an error; one "
        "that the URL leaves open is taken. Escape @ : / ? # % in a password.",
        example="postgresql://postgres:secret@db.example.com:5432/iotistic?sslmode=verify-full",
    )
    migration_url: Setting[Secret] = Setting(
        variable="IOTISTIC_MIGRATION_URL",
        kind=URL,
        default=None,
        group=DATABASE,
        in_env_file="no",
        unset="the same as everything else",
        meaning="Where migrations, partition work and the housekeeper connect to, when the rest goes through a pooler (PgBouncer) or "
        "signs in as a role that may not change the schema. It is the same server, without a pooler between.",
        example="postgresql://owner:secret@db.example.com:5432/iotistic?sslmode=verify-full",
    )
    postgres_db: Setting[str] = Setting(
        variable="POSTGRES_DB",
        kind=DATABASE_NAME,
        default=None,
        group=DATABASE,
        in_env_file="set",
        meaning="The database that the PostgreSQL container makes on its first start; counts as DB_NAME when that is not set.",
        example="iotistic",
    )
    postgres_user: Setting[str] = Setting(
        variable="POSTGRES_USER",
        kind=ROLE,
        default=None,
        group=DATABASE,
        in_env_file="set",
        meaning="The superuser that the PostgreSQL container makes on its first start; counts as DB_USER when that is not set.",
        example="postgres",
    )
    postgres_password: Setting[Secret] = Setting(
        variable="POSTGRES_PASSWORD",
        kind=SECRET,
        default=None,
        group=DATABASE,
        in_env_file="set",
        meaning="The superuser's password, given to it on the container's first start and never again; counts as DB_PASSWORD "
        "when that is not set.",
        example="postgres",
    )
    db_port_ext: Setting[int] = Setting(
        variable="DB_PORT_EXT",
        kind=PORT,
        default="5432",
        group=DATABASE,
        in_env_file="set",
        meaning="The port of this host that the PostgreSQL container is published on, for programs outside of Docker.",
    )
    db_sslmode: Setting[str] = Setting(
        variable="DB_SSLMODE",
        kind=choice(*TLS_MODES),
        default=None,
        group=TLS,
        unset="prefer on loopback and sockets, verify-full elsewhere",
        meaning="How much TLS is demanded. verify-full alone proves that the server is the one named; require encrypts and "
        "trusts anybody; disable is for a network that only the two share, such as one of Docker Compose.",
        example="verify-full",
    )
    db_sslrootcert: Setting[Path] = Setting(
        variable="DB_SSLROOTCERT",
        kind=PATH,
        default=None,
        group=TLS,
        unset="~/.postgresql/root.crt",
        meaning="The certificate authority that signed the server's certificate; `system` is this host's own list.",
        example="/etc/ssl/certs/rds-global-bundle.pem",
    )
    db_sslcert: Setting[Path] = Setting(
        variable="DB_SSLCERT",
        kind=PATH,
        default=None,
        group=TLS,
        unset="~/.postgresql/postgresql.crt",
        meaning="Our certificate, where the server asks for one.",
        example="/etc/iotistic/client.crt",
    )
    db_sslkey: Setting[Path] = Setting(
        variable="DB_SSLKEY",
        kind=PATH,
        default=None,
        group=TLS,
        unset="~/.postgresql/postgresql.key",
        meaning="The key of our certificate, readable by us alone.",
        example="/etc/iotistic/client.key",
    )
    data_dir: Setting[Path] = Setting(
        variable="IOTISTIC_DATA_DIR",
        kind=PATH,
        default=None,
        group=EMBEDDED,
        unset="/var/lib/iotistic for root, else iotistic in the user's data folder",
        meaning="The folder of this installation: the embedded server's data, secrets made on first use, logs, the local agent.",
        example="/srv/iotistic",
    )
    server_port: Setting[int] = Setting(
        variable="IOTISTIC_SERVER_PORT",
        kind=PORT,
        default=None,
        group=EMBEDDED,
        unset="a free one, kept from then on",
        meaning="The loopback port of the embedded server.",
        example="54320",
    )
    server_account: Setting[str] = Setting(
        variable="IOTISTIC_SERVER_ACCOUNT",
        kind=TEXT,
        default=None,
        group=EMBEDDED,
        unset="an unprivileged one is chosen",
        meaning="The account the embedded server runs as when root starts it: PostgreSQL refuses to run as root.",
        example="postgres",
    )
    pool_min: Setting[int] = Setting(
        variable="IOTISTIC_POOL_MIN",
        kind=count(0, 1000),
        default="1",
        group=CONNECTIONS,
        meaning="Connections that a service keeps open to a database when nothing happens.",
        example="2",
    )
    pool_max: Setting[int] = Setting(
        variable="IOTISTIC_POOL_MAX",
        kind=count(1, 1000),
        default="10",
        group=CONNECTIONS,
        meaning="The most connections that a service opens to a database. Times the services, it has to stay below the server's "
        "max_connections.",
    )
    pool_timeout: Setting[timedelta] = Setting(
        variable="IOTISTIC_POOL_TIMEOUT",
        kind=DURATION,
        default="10s",
        group=CONNECTIONS,
        meaning="How long a request waits for a free connection before it is told to come back.",
    )
    pool_max_idle: Setting[timedelta] = Setting(
        variable="IOTISTIC_POOL_MAX_IDLE",
        kind=DURATION,
        default="10min",
        group=CONNECTIONS,
        meaning="A connection above the minimum that was unused for so long is closed.",
    )
    pool_max_lifetime: Setting[timedelta] = Setting(
        variable="IOTISTIC_POOL_MAX_LIFETIME",
        kind=DURATION,
        default="1h",
        group=CONNECTIONS,
        meaning="A connection is replaced after this time, so that a moved server or a new certificate is noticed.",
    )
    key_rate: Setting[int] = Setting(
        variable="IOTISTIC_RATE_LIMIT_KEY",
        kind=count(0, 10_000_000),
        default="6000",
        group=CONNECTIONS,
        meaning="Requests a minute that one key may send to one API process, metrics and logs of devices not counted; 0 switches the limit off.",
    )
    stranger_rate: Setting[int] = Setting(
        variable="IOTISTIC_RATE_LIMIT_ADDRESS",
        kind=count(0, 10_000_000),
        default="600",
        group=CONNECTIONS,
        meaning="The same for requests of one address without a valid key: logins, enrolments, guesses. Behind a proxy, the address that it forwards.",
    )
    statement_timeout: Setting[timedelta] = Setting(
        variable="IOTISTIC_STATEMENT_TIMEOUT",
        kind=LIMIT,
        default="30s",
        group=CONNECTIONS,
        meaning="The longest that a single statement of a service may run.",
    )
    lock_timeout: Setting[timedelta] = Setting(
        variable="IOTISTIC_LOCK_TIMEOUT",
        kind=LIMIT,
        default="5s",
        group=CONNECTIONS,
        meaning="The longest that a statement may wait for one lock. Everybody else queues behind it meanwhile.",
    )
    idle_in_transaction_timeout: Setting[timedelta] = Setting(
        variable="IOTISTIC_IDLE_IN_TRANSACTION_TIMEOUT",
        kind=LIMIT,
        default="60s",
        group=CONNECTIONS,
        meaning="The longest that a transaction may sit and do nothing: it holds back vacuum for everybody.",
    )
    api_host: Setting[str] = Setting(
        variable="IOTISTIC_API_HOST",
        kind=TEXT,
        default="127.0.0.1",
        group=SERVICES,
        meaning="The address that the HTTP API listens on; 0.0.0.0 is every interface, for a container.",
        example="0.0.0.0",  # noqa: S104 - an example, and the default is loopback
    )
    api_port: Setting[int] = Setting(
        variable="IOTISTIC_API_PORT",
        kind=FREE_PORT,
        default="8080",
        group=SERVICES,
        meaning="The port that the HTTP API listens on; 0 takes a free one.",
    )
    startup_migrations: Setting[StartupMigrations] = Setting(
        variable="IOTISTIC_STARTUP_MIGRATIONS",
        kind=choice("run", "check", "off"),
        default="run",
        group=SERVICES,
        meaning="What a service does about pending migrations when it starts: run them, wait until somebody else has (check), "
        "or start regardless (off).",
        example="check",
    )
    pepper: Setting[Secret] = Setting(
        variable="IOTISTIC_PEPPER",
        kind=secret(32),
        default=None,
        group=SERVICES,
        unset="made on first use, in the data folder",
        meaning="The key that API keys are hashed under, 32 characters or more. Every replica needs the same; losing it makes "
        "every key worthless.",
    )
    claim_key: Setting[Secret] = Setting(
        variable="IOTISTIC_CLAIM_KEY",
        kind=SECRET,
        default=None,
        group=SERVICES,
        unset="given as a file (--claim-key-file)",
        meaning="The key that `iotistic agent` enrols this device with, needed the first time only.",
    )
    log_level: Setting[str] = Setting(
        variable="IOTISTIC_LOG_LEVEL",
        kind=choice("debug", "info", "warning", "error"),
        default="info",
        group=SERVICES,
        meaning="The least serious level that is logged.",
        example="debug",
    )
    log_format: Setting[Literal["text", "json"]] = Setting(
        variable="IOTISTIC_LOG_FORMAT",
        kind=choice("text", "json"),
        default="text",
        group=SERVICES,
        meaning="text for people, json (one object a line) for collectors.",
        example="json",
    )


SETTINGS = tuple(
    cast("Setting[object]", value) for value in vars(Catalogue).values() if isinstance(value, Setting)
)
"""All of them, in the order of the reference page."""
