"""The settings that say where the database server is and how it is spoken to; the first part of the catalogue."""

from pathlib import Path

from iotistic.config.groups import DATABASE, TLS
from iotistic.config.kinds import DATABASE_NAME, HOSTS, PATH, PORT, PORTS, ROLE, SECRET, URL, choice
from iotistic.config.model import DatabaseRoles
from iotistic.config.setting import Setting
from iotistic.secret import Secret

__all__ = ["TLS_MODES", "ServerCatalogue"]

TLS_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")


class ServerCatalogue:
    """The server of DB_HOST or DATABASE_URL, its databases, and TLS to it."""

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
    db_roles: Setting[DatabaseRoles] = Setting(
        variable="IOTISTIC_DB_ROLES",
        kind=choice("one", "each"),
        default="one",
        group=DATABASE,
        meaning="Who signs in at DB_HOST: everything as DB_USER (one), or each job as its own role (each), with the passwords that "
        "`iotistic db roles apply` left in the data folder.",
        example="each",
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
