"""Every setting there is, once: parsing, `iotistic config show`, the reference page and .env.example are made from this."""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, cast, final

from iotistic.config.groups import BACKUPS, CONNECTIONS, EMBEDDED, SERVICES
from iotistic.config.kinds import (
    DURATION,
    FREE_PORT,
    LIMIT,
    NETWORKS,
    PATH,
    PEPPERS,
    PORT,
    ROLES,
    SEALING_KEY,
    SECRET,
    SERVER_URL,
    STORAGE,
    TEXT,
    choice,
    count,
    secret,
)
from iotistic.config.model import StartupLint, StartupMigrations
from iotistic.config.server_catalogue import ServerCatalogue
from iotistic.config.setting import Setting
from iotistic.secret import Secret

__all__ = ["SETTINGS", "Catalogue"]


@final
class Catalogue(ServerCatalogue):
    """The settings by name, with the type of each."""

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
    account_rate: Setting[int] = Setting(
        variable="IOTISTIC_RATE_LIMIT_ACCOUNT",
        kind=count(0, 10_000_000),
        default="12000",
        group=CONNECTIONS,
        meaning="The same for all keys and sessions of one person or service together.",
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
    trusted_proxies: Setting[tuple[IPv4Network | IPv6Network, ...]] = Setting(
        variable="IOTISTIC_TRUSTED_PROXIES",
        kind=NETWORKS,
        default="127.0.0.0/8,::1/128",
        group=SERVICES,
        meaning="Where proxies stand whose X-Forwarded-For and X-Forwarded-Proto are believed; of all others they are ignored. none: of nobody. "
        "Limits by address, networks of keys and the audit go by the right-most hop that is not among them.",
        example="10.0.0.0/8",
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
    startup_lint: Setting[StartupLint] = Setting(
        variable="IOTISTIC_STARTUP_LINT",
        kind=choice("off", "warn", "refuse"),
        default="warn",
        group=SERVICES,
        meaning="What a service that runs migrations does about a pending file that would stop a database in use, and does not waive "
        "it: not look, tell it (warn), or run nothing and not start (refuse).",
        example="refuse",
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
    sealing_key: Setting[Secret] = Setting(
        variable="IOTISTIC_SEALING_KEY",
        kind=SEALING_KEY,
        default=None,
        group=SERVICES,
        unset="made on first use, in the data folder",
        meaning="The key that secrets in the database are sealed under, as `iotistic secrets new-key` prints it. Several with commas: the "
        "first seals, all open. Every replica needs the same; without it what was sealed is lost.",
    )
    pepper_version: Setting[int] = Setting(
        variable="IOTISTIC_PEPPER_VERSION",
        kind=count(1, 9999),
        default="1",
        group=SERVICES,
        meaning="Which pepper IOTISTIC_PEPPER is. Count up with every new one: keys move to it when they are next used. A new one that is not "
        "given is made in the data folder.",
    )
    old_peppers: Setting[Mapping[int, Secret]] = Setting(
        variable="IOTISTIC_OLD_PEPPERS",
        kind=PEPPERS,
        default=None,
        group=SERVICES,
        unset="those in the data folder",
        meaning="Peppers of before, which keys that were not used since are still hashed under: 1:PEPPER,2:PEPPER. `iotistic keys report` says "
        "when none is needed any more.",
    )
    password_cost: Setting[int] = Setting(
        variable="IOTISTIC_PASSWORD_COST",
        kind=count(10, 15),
        default="12",
        group=SERVICES,
        meaning="The cost of bcrypt for people's passwords: one more doubles the time of a login. Hashes of another cost are made anew at the next login.",
    )
    second_factor_roles: Setting[tuple[str, ...]] = Setting(
        variable="IOTISTIC_SECOND_FACTOR_ROLES",
        kind=ROLES,
        default=None,
        group=SERVICES,
        unset="it is for everybody to choose",
        meaning="Roles whose bearers need a second factor, on whatever they have the role: until then they may do nothing but get one.",
        example="owner,admin",
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
    backup_every: Setting[timedelta] = Setting(
        variable="IOTISTIC_BACKUP_EVERY",
        kind=DURATION,
        default=None,
        group=BACKUPS,
        unset="no backups by themselves",
        meaning="How old the newest full backup of a database may grow before the housekeeper takes another and lets go of what "
        "is no longer needed.",
        example="1d",
    )
    backup_drill_every: Setting[timedelta] = Setting(
        variable="IOTISTIC_BACKUP_DRILL_EVERY",
        kind=DURATION,
        default="7d",
        group=BACKUPS,
        meaning="How long ago the last backup of a database may have been proved before the housekeeper restores its newest "
        "one into a scratch server. Only where backups are taken by themselves.",
    )
    backup_dir: Setting[Path] = Setting(
        variable="IOTISTIC_BACKUP_DIR",
        kind=PATH,
        default=None,
        group=BACKUPS,
        unset="backups in the data folder",
        meaning="Where backups lie. Better on another disk than the database, best on another machine.",
        example="/mnt/backups/iotistic",
    )
    backup_storage: Setting[str] = Setting(
        variable="IOTISTIC_BACKUP_STORAGE",
        kind=STORAGE,
        default=None,
        group=BACKUPS,
        unset="backups are copied nowhere",
        meaning="Where every dump is copied to once it is whole: s3://BUCKET/PREFIX (the extra `s3`; credentials as AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE) or a folder on another machine's disk.",
        example="s3://iotistic-backups/production",
    )
    backup_s3_endpoint: Setting[str] = Setting(
        variable="IOTISTIC_BACKUP_S3_ENDPOINT",
        kind=SERVER_URL,
        default=None,
        group=BACKUPS,
        unset="Amazon's own",
        meaning="The server that has the bucket, where it is not Amazon's. The region is AWS_REGION's.",
        example="https://s3.example.com",
    )
    backup_key: Setting[Secret] = Setting(
        variable="IOTISTIC_BACKUP_KEY",
        kind=SEALING_KEY,
        default=None,
        group=BACKUPS,
        unset="backups are not sealed",
        meaning="The key that backups are sealed under, as `iotistic secrets new-key` prints it: another one than IOTISTIC_SEALING_KEY, and "
        "kept where no backup lies. Several with commas: the first seals, all open. Without it what was sealed is lost.",
    )
    pgbackrest_stanza: Setting[str] = Setting(
        variable="IOTISTIC_PGBACKREST_STANZA",
        kind=TEXT,
        default=None,
        group=BACKUPS,
        unset="base backups of our own",
        meaning="What pgBackRest calls this server. With it, `iotistic backup create --physical`, `backup bases` and `restore --to-time` go "
        "through pgBackRest, which has to be installed and configured.",
        example="main",
    )
    pgbackrest_config: Setting[Path] = Setting(
        variable="IOTISTIC_PGBACKREST_CONFIG",
        kind=PATH,
        default=None,
        group=BACKUPS,
        unset="where pgBackRest looks by itself",
        meaning="pgBackRest's configuration file.",
        example="/etc/pgbackrest.conf",
    )


SETTINGS = tuple(
    cast("Setting[object]", value)
    for part in (ServerCatalogue, Catalogue)
    for value in vars(part).values()
    if isinstance(value, Setting)
)
"""All of them, in the order of the reference page."""
