"""What the settings are, once read and found right: frozen values, one group per concern."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from iotistic.config.problems import Problem
from iotistic.config.rows import SettingRow
from iotistic.secret import Secret

__all__ = [
    "ApiSettings",
    "BackupSettings",
    "DatabaseNames",
    "DatabaseRoles",
    "Endpoint",
    "LogSettings",
    "PoolSettings",
    "SessionLimits",
    "Settings",
    "StartupLint",
    "StartupMigrations",
]

DatabaseRoles = Literal["one", "each"]
StartupLint = Literal["off", "warn", "refuse"]
StartupMigrations = Literal["run", "check", "off"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a PostgreSQL server is and who asks. Which database is named per connection."""

    hosts: tuple[tuple[str, int], ...]
    """(host, port) in the order to try; a host that starts with "/" is a folder with a Unix socket."""
    user: str
    """The database role."""
    password: Secret | None = None
    """Its password; None leaves the choice to ~/.pgpass, a client certificate or peer authentication."""
    sslmode: str = "prefer"
    """libpq's word for how much TLS is demanded: disable, prefer, require, verify-ca or verify-full."""
    sslrootcert: Path | None = None
    """The certificate authority that the server's certificate must come from; `system` is the host's own list."""
    sslcert: Path | None = None
    """Our client certificate."""
    sslkey: Path | None = None
    """The key of our client certificate."""
    parameters: tuple[tuple[str, str], ...] = ()
    """Further libpq parameters that came with DATABASE_URL, to be passed on as they are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseNames:
    """The three databases on that server."""

    platform: str = "iotistic"
    """Devices, telemetry, users, MQTT."""
    billing: str = "billing"
    """Customers, subscriptions, usage."""
    vpn: str = "vpn"
    """VPN devices, certificates, revocations."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolSettings:
    """How many connections a service keeps to one database, and how long."""

    min_size: int = 1
    """Connections kept open when nothing happens."""
    max_size: int = 10
    """The most it ever opens."""
    timeout: timedelta = timedelta(seconds=10)
    """How long a request waits for a free connection."""
    max_idle: timedelta = timedelta(minutes=10)
    """A connection above `min_size` that was unused for so long is closed."""
    max_lifetime: timedelta = timedelta(hours=1)
    """A connection is replaced after this, so that a moved primary or a new certificate is noticed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionLimits:
    """What the server ends by itself in a session of ours; zero means no limit."""

    statement_timeout: timedelta = timedelta(seconds=30)
    """The longest a single statement may run."""
    lock_timeout: timedelta = timedelta(seconds=5)
    """The longest a statement may wait for one lock."""
    idle_in_transaction_timeout: timedelta = timedelta(seconds=60)
    """The longest a transaction may sit and do nothing: it holds back vacuum for everybody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiSettings:
    """Where the HTTP API listens."""

    host: str = "127.0.0.1"
    """The address; 0.0.0.0 is every interface."""
    port: int = 8080
    """The TCP port; 0 takes a free one."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = (
        ip_network("127.0.0.0/8"),
        ip_network("::1/128"),
    )
    """Who is believed about where a request comes from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogSettings:
    """What is logged, and in which form."""

    level: str = "info"
    """The least serious level that is written: debug, info, warning or error."""
    format: Literal["text", "json"] = "text"
    """text for people, json (one object a line) for collectors."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RateSettings:
    """How many requests a minute one process takes of one caller; 0 means no limit."""

    per_key: int = 6000
    """Of one key, metrics and logs of devices not counted."""
    per_account: int = 12_000
    """Of all keys and sessions of one person or service together."""
    per_address: int = 600
    """Of one address without a valid key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupSettings:
    """When backups are taken by themselves, and where they lie."""

    folder: Path | None = None
    """None means `backups` in the data folder."""
    stanza: str | None = None
    """What pgBackRest calls the server whose files it keeps; None: pgBackRest is not used."""
    stanza_configuration: Path | None = None
    """pgBackRest's configuration; None: where it looks by itself."""
    every: timedelta | None = None
    """The age at which the newest full backup of a database gets a successor; None takes none."""
    drill_every: timedelta = timedelta(days=7)
    """How long ago the last proof of a database's backups may be."""
    storage: str | None = None
    """Where they are copied to: s3://bucket/prefix or a path; None: nowhere."""
    s3_endpoint: str | None = None
    """The URL of the server that has the bucket; None: Amazon's."""
    key: Secret | None = None
    """What they are sealed under, one key or several; None: they are not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything that can be set, as one immutable value."""

    data_dir: Path
    """The folder of this installation (`iotistic.data_folder`)."""
    database: Endpoint | None = None
    """The server to use; None means the embedded one."""
    direct: Endpoint | None = None
    """The same server for what needs a session of its own and the owner's rights; None means `database`."""
    database_roles: DatabaseRoles = "one"
    """Whether everything signs in at that server as one role, or each job as its own."""
    names: DatabaseNames = field(default_factory=DatabaseNames)
    pool: PoolSettings = field(default_factory=PoolSettings)
    limits: SessionLimits = field(default_factory=SessionLimits)
    rates: RateSettings = field(default_factory=RateSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    log: LogSettings = field(default_factory=LogSettings)
    backups: BackupSettings = field(default_factory=BackupSettings)
    server_port: int | None = None
    """The embedded server's TCP port; None takes a free one and keeps it."""
    server_account: str | None = None
    """The account the embedded server runs as when we are root; None lets us choose."""
    startup_migrations: StartupMigrations = "run"
    """What a service does about pending migrations when it starts."""
    startup_lint: StartupLint = "warn"
    """What it does about dangers in them."""
    pepper: Secret | None = None
    """The key that machine secrets are hashed under; None makes one in the data folder."""
    sealing_key: Secret | None = None
    """What secrets in the database are sealed under, one key or several; None makes one in the data folder."""
    pepper_version: int = 1
    """Which one that is."""
    old_peppers: Mapping[int, Secret] = field(default_factory=dict[int, Secret])
    """Those of before, by version."""
    password_cost: int = 12
    """bcrypt's, of people's passwords."""
    second_factor_roles: tuple[str, ...] = ()
    """Whoever has one of these roles needs a second factor."""
    claim_key: Secret | None = None
    """What the agent of this host enrols with."""
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    """What looks like a mistake and does not stop us."""
    rows: tuple[SettingRow, ...] = field(default=(), repr=False, compare=False)

    @property
    def backup_folder(self) -> Path:
        """Where backups of this installation lie."""
        return self.backups.folder or self.data_dir / "backups"

    def describe(self) -> tuple[SettingRow, ...]:
        """Every setting with its masked value and where it came from, in the order of the reference page."""
        return self.rows
