"""Values put together to Settings, and the rules that concern more than one of them."""

from pathlib import Path

from iotistic.config.catalogue import SETTINGS, Catalogue
from iotistic.config.location import Surroundings, is_local, misplaced_host
from iotistic.config.model import (
    ApiSettings,
    BackupSettings,
    DatabaseNames,
    Endpoint,
    LogSettings,
    PoolSettings,
    RateSettings,
    SessionLimits,
    Settings,
)
from iotistic.config.rows import SettingRow
from iotistic.config.values import Values

__all__ = ["assemble"]

_ONLY_WITH_A_HOST = (
    Catalogue.db_port,
    Catalogue.db_user,
    Catalogue.db_password,
    Catalogue.db_sslmode,
    Catalogue.db_sslrootcert,
    Catalogue.db_sslcert,
    Catalogue.db_sslkey,
)


def assemble(
    values: Values,
    parameters: tuple[tuple[str, str], ...],
    default_data_dir: Path,
    surroundings: Surroundings | None,
) -> Settings:
    """The settings of these values; what they make wrong together goes to the report of `values`."""
    data_dir = values.find(Catalogue.data_dir) or default_data_dir
    database = _endpoint(values, parameters)
    _judge_location(values, surroundings)
    names, pool = _names(values), _pool(values)
    return Settings(
        data_dir=data_dir,
        database=database,
        database_roles=values[Catalogue.db_roles],
        names=names,
        pool=pool,
        limits=SessionLimits(
            statement_timeout=values[Catalogue.statement_timeout],
            lock_timeout=values[Catalogue.lock_timeout],
            idle_in_transaction_timeout=values[Catalogue.idle_in_transaction_timeout],
        ),
        rates=RateSettings(
            per_key=values[Catalogue.key_rate],
            per_account=values[Catalogue.account_rate],
            per_address=values[Catalogue.stranger_rate],
        ),
        api=ApiSettings(
            host=values[Catalogue.api_host],
            port=values[Catalogue.api_port],
            trusted_proxies=values[Catalogue.trusted_proxies],
        ),
        log=LogSettings(level=values[Catalogue.log_level], format=values[Catalogue.log_format]),
        backups=BackupSettings(
            folder=values.find(Catalogue.backup_dir),
            stanza=values.find(Catalogue.pgbackrest_stanza),
            stanza_configuration=values.find(Catalogue.pgbackrest_config),
            every=values.find(Catalogue.backup_every),
            drill_every=values[Catalogue.backup_drill_every],
            storage=values.find(Catalogue.backup_storage),
            s3_endpoint=values.find(Catalogue.backup_s3_endpoint),
            key=values.find(Catalogue.backup_key),
        ),
        server_port=values.find(Catalogue.server_port),
        server_account=values.find(Catalogue.server_account),
        startup_migrations=values[Catalogue.startup_migrations],
        startup_lint=values[Catalogue.startup_lint],
        pepper=values.find(Catalogue.pepper),
        sealing_key=values.find(Catalogue.sealing_key),
        pepper_version=values[Catalogue.pepper_version],
        old_peppers=values.find(Catalogue.old_peppers) or {},
        password_cost=values[Catalogue.password_cost],
        second_factor_roles=values.find(Catalogue.second_factor_roles) or (),
        claim_key=values.find(Catalogue.claim_key),
        warnings=tuple(values.report.warnings),
        rows=_rows(values, data_dir, database),
    )


def _names(values: Values) -> DatabaseNames:
    names = DatabaseNames(
        platform=values[Catalogue.db_name],
        billing=values[Catalogue.billing_db_name],
        vpn=values[Catalogue.vpn_db_name],
    )
    sound = values.sound(Catalogue.db_name, Catalogue.billing_db_name, Catalogue.vpn_db_name)
    if sound and len({names.platform, names.billing, names.vpn}) < len(
        (names.platform, names.billing, names.vpn)
    ):
        values.report.problem(
            Catalogue.billing_db_name.variable
            if names.billing in {names.platform, names.vpn}
            else Catalogue.vpn_db_name.variable,
            "Two of the three databases have the same name; each keeps its own migration history.",
            "Give DB_NAME, IOTISTIC_BILLING_DB_NAME and IOTISTIC_VPN_DB_NAME different names.",
            value=names.billing if names.billing in {names.platform, names.vpn} else names.vpn,
        )
    return names


def _pool(values: Values) -> PoolSettings:
    pool = PoolSettings(
        min_size=values[Catalogue.pool_min],
        max_size=values[Catalogue.pool_max],
        timeout=values[Catalogue.pool_timeout],
        max_idle=values[Catalogue.pool_max_idle],
        max_lifetime=values[Catalogue.pool_max_lifetime],
    )
    if values.sound(Catalogue.pool_min, Catalogue.pool_max) and pool.min_size > pool.max_size:
        values.report.problem(
            Catalogue.pool_min.variable,
            f"It is more than IOTISTIC_POOL_MAX, which is {pool.max_size}.",
            "Lower the one or raise the other.",
            value=str(pool.min_size),
        )
    return pool


def _endpoint(values: Values, parameters: tuple[tuple[str, str], ...]) -> Endpoint | None:
    hosts = values.find(Catalogue.db_host)
    if hosts is None:
        _warn_of_hostless(values)
        return None
    sslmode = values.find(Catalogue.db_sslmode) or _default_sslmode(hosts)
    certificate, key = values.find(Catalogue.db_sslcert), values.find(Catalogue.db_sslkey)
    authority = values.find(Catalogue.db_sslrootcert)
    if authority is not None and values.text(Catalogue.db_sslrootcert) == "system":
        authority = Path("system")  # libpq's word, not a file
    _judge_tls(values, sslmode, authority)
    return Endpoint(
        hosts=_with_ports(values, hosts),
        user=values[Catalogue.db_user],
        password=values.find(Catalogue.db_password),
        sslmode=sslmode,
        sslrootcert=authority,
        sslcert=certificate,
        sslkey=key,
        parameters=parameters,
    )


def _default_sslmode(hosts: tuple[str, ...]) -> str:
    return "prefer" if all(is_local(host) for host in hosts) else "verify-full"


def _with_ports(values: Values, hosts: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    ports = values[Catalogue.db_port]
    if len(ports) == 1:
        ports = ports * len(hosts)
    if len(ports) != len(hosts) and values.sound(Catalogue.db_host, Catalogue.db_port):
        values.report.problem(
            Catalogue.db_port.variable,
            f"There are {len(ports)} ports and {len(hosts)} hosts.",
            "Give one port for all hosts, or one for each.",
            value=values.text(Catalogue.db_port),
        )
    return tuple(zip(hosts, ports, strict=False))


def _judge_tls(values: Values, sslmode: str, authority: Path | None) -> None:
    report = values.report
    for setting in (Catalogue.db_sslrootcert, Catalogue.db_sslcert, Catalogue.db_sslkey):
        path = values.find(setting)
        is_word = setting is Catalogue.db_sslrootcert and authority == Path("system")
        if path is not None and not is_word and not path.is_file():
            report.problem(
                setting.variable,
                "There is no such file.",
                "Name a PEM file that this user may read.",
                value=str(path),
            )
    certificate, key = values.find(Catalogue.db_sslcert), values.find(Catalogue.db_sslkey)
    if (certificate is None) != (key is None):
        missing = Catalogue.db_sslkey if key is None else Catalogue.db_sslcert
        report.problem(
            missing.variable,
            "A certificate and its key belong together; the other one is set.",
            "Set both or none.",
        )
    if authority == Path("system") and sslmode != "verify-full":
        report.problem(
            Catalogue.db_sslrootcert.variable,
            f"The host's own list of authorities vouches for names, and DB_SSLMODE={sslmode} does not look at the name.",
            "Set DB_SSLMODE=verify-full, or name the authority's file.",
            value="system",
        )


def _judge_location(values: Values, surroundings: Surroundings | None) -> None:
    if surroundings is None:
        return
    for host in values.find(Catalogue.db_host) or ():
        advice = misplaced_host(host, surroundings, external_port=values[Catalogue.db_port_ext])
        if advice is None:
            continue
        tell = values.report.problem if advice.certain else values.report.warning
        tell(values.place(Catalogue.db_host), advice.reason, advice.suggestion, value=host)


def _warn_of_hostless(values: Values) -> None:
    """DB_PORT=5433 without DB_HOST reads as if it chose a server. It does not."""
    if not values.sound(Catalogue.db_host, Catalogue.database_url):
        return
    for setting in _ONLY_WITH_A_HOST:
        given = values.found.get(setting.variable)
        if given is not None and (given.via is None or given.via != setting.fallback):
            values.report.warning(
                values.place(setting),
                "It has no effect without DB_HOST: the embedded server is used.",
                "Set DB_HOST too, or remove it.",
                value=values.text(setting),
            )


def _rows(values: Values, data_dir: Path, database: Endpoint | None) -> tuple[SettingRow, ...]:
    effective: dict[str, str | None] = {Catalogue.data_dir.variable: str(data_dir)}
    if database is None:
        effective |= dict.fromkeys((setting.variable for setting in _ONLY_WITH_A_HOST), None)
    else:
        effective[Catalogue.db_sslmode.variable] = database.sslmode
    rows: list[SettingRow] = []
    for setting in SETTINGS:
        row = values.row(setting)
        if row.source == "default" and setting.variable in effective:
            row = SettingRow(variable=row.variable, value=effective[setting.variable], source=row.source)
        rows.append(row)
    return tuple(rows)
