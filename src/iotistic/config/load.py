"""From environment, .env and options to Settings, or to everything that is wrong with them."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from platformdirs import user_data_path

from iotistic.config.assembly import assemble
from iotistic.config.catalogue import SETTINGS, Catalogue
from iotistic.config.dotenv import read_dotenv
from iotistic.config.location import Surroundings
from iotistic.config.model import Endpoint, Settings
from iotistic.config.problems import Rejected, SettingsInvalid
from iotistic.config.sources import OPTION, Given, Report, gather, with_files_read
from iotistic.config.url import masked, parse_database_url
from iotistic.config.values import Values

__all__ = ["default_data_dir", "load_settings"]

_ROOTS_DATA_DIR = Path("/var/lib/iotistic")
# How alike two names are, their prefix aside (difflib's ratio). DB_PASWORD is 0.93 to DB_PASSWORD: a typing error. DB_USERNAME is
# 0.67 to DB_USER and may be another program's, or of a newer version of this one: no reason to stop.
_TYPO = 0.8
_RESEMBLES = 0.6
# A URL alone names one database, which may be called as another one is by default.
_OTHER_NAMES = {"IOTISTIC_BILLING_DB_NAME": "(billing)", "IOTISTIC_VPN_DB_NAME": "(vpn)"}
_KUBERNETES_NAMES = re.compile(r".*_(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")


def load_settings(
    environment: Mapping[str, str],
    *,
    dotenv: Path | None,
    overrides: Mapping[str, str] | None = None,
    surroundings: Surroundings | None = None,
    effective_user: int | None = None,
) -> Settings:
    """The settings of these sources: options (`overrides`, by variable) over environment over `.env` over defaults.

    With `surroundings` the database's host is judged too: a Compose service name outside of Docker is a problem, localhost
    inside of a container a warning. Raises SettingsInvalid, with everything that is wrong.
    """
    report = Report()
    entries = read_dotenv(dotenv) if dotenv is not None else ()
    found = with_files_read(gather(environment, entries, overrides or {}, report), report)
    _judge_unknown(found, report)
    found, parameters = _with_url_applied(found, report)
    _apply_fallbacks(found)
    values = Values(found, report)
    user = os.geteuid() if effective_user is None else effective_user
    settings = assemble(values, parameters, default_data_dir(environment, user), surroundings)
    settings = replace(settings, direct=_direct_endpoint(values, settings), warnings=tuple(report.warnings))
    if report.problems:
        raise SettingsInvalid(report.problems, settings.rows)
    return settings


def _direct_endpoint(values: Values, settings: Settings) -> Endpoint | None:
    """What IOTISTIC_MIGRATION_URL says; user and password are the others' where it has none. --url is for all of a command."""
    url, given = values.find(Catalogue.migration_url), values.found.get(Catalogue.database_url.variable)
    if url is None or (given is not None and given.level == OPTION):
        return None
    variable, report = Catalogue.migration_url.variable, values.report
    if settings.database is None:
        report.warning(
            variable, "It has no effect without DB_HOST: the embedded server is used.", "Set DB_HOST too."
        )
        return None
    try:
        named = dict(parse_database_url(url.reveal()).settings)
        found = load_settings(
            {}, dotenv=None, overrides={"DATABASE_URL": url.reveal(), **_OTHER_NAMES}
        ).database
    except Rejected as rejected:
        report.problem(variable, rejected.reason, rejected.suggestion, value=masked(url.reveal()))
        return None
    except SettingsInvalid as invalid:
        first = invalid.problems[0]
        report.problem(variable, first.reason, first.suggestion, value=masked(url.reveal()))
        return None
    if named.get("DB_NAME", settings.names.platform) != settings.names.platform:
        report.problem(
            variable,
            f"It names another database than DB_NAME, which is {settings.names.platform}.",
            "Leave the database out: each of the three is told by its own setting.",
            value=masked(url.reveal()),
        )
    if found is None or "DB_USER" in named:
        return found
    return replace(found, user=settings.database.user, password=found.password or settings.database.password)


def default_data_dir(environment: Mapping[str, str], effective_user: int) -> Path:
    """Where an installation lives when nobody says otherwise.

    Root's own home is closed to others, and the embedded server runs as an unprivileged account, so root's data lies where
    system services keep theirs.
    """
    named = environment.get("IOTISTIC_DATA_DIR", "")
    if named.strip():
        return Path(named).expanduser().absolute()
    if effective_user == 0:
        return _ROOTS_DATA_DIR
    base = Path(environment.get("XDG_DATA_HOME", ""))
    return base / "iotistic" if base.is_absolute() else user_data_path("iotistic", appauthor=False)


def _judge_unknown(found: Mapping[str, Given], report: Report) -> None:
    known = [name for setting in SETTINGS for name in (setting.variable, setting.file_variable) if name]
    for name in found:
        if name in known or _KUBERNETES_NAMES.fullmatch(name):
            continue
        likely, possible = _alike(name, known, _TYPO), _alike(name, known, _RESEMBLES)
        if likely:
            report.problem(name, "There is no setting of that name.", f"Did you mean {likely}?")
        else:
            guess = f"Did you mean {possible}? " if possible else ""
            report.warning(
                name,
                "This is no setting and has no effect.",
                f"{guess}`iotistic config show` lists them all.",
            )


def _alike(name: str, known: list[str], ratio: float) -> str | None:
    """The known name of the same prefix that is most like `name`; the prefix itself makes nothing alike."""
    prefix = name.partition("_")[0] + "_"
    candidates = [other.removeprefix(prefix) for other in known if other.startswith(prefix)]
    near = get_close_matches(name.removeprefix(prefix), candidates, n=1, cutoff=ratio)
    return prefix + near[0] if near else None


def _with_url_applied(
    found: dict[str, Given], report: Report
) -> tuple[dict[str, Given], tuple[tuple[str, str], ...]]:
    """The URL's parts as DB_ variables. One given as an option replaces what differs, any other may not differ."""
    given = found.get("DATABASE_URL")
    if given is None:
        return found, ()
    try:
        url = parse_database_url(given.text)
    except Rejected as rejected:
        report.problem("DATABASE_URL", rejected.reason, rejected.suggestion, value=masked(given.text))
        return found, ()
    for name in url.ignored:
        report.warning(
            "DATABASE_URL",
            f"The parameter {name} is set by this program and was left out.",
            "Remove it.",
            value=masked(given.text),
        )
    result = dict(found)
    parts = dict(url.settings)
    is_option = given.level == OPTION
    if is_option and _other_role(found, parts):
        result.pop("DB_PASSWORD", None)  # it belongs to the role that the URL replaces
    for name, text in parts.items():
        other = found.get(name)
        if other is not None and other.text != text and not is_option:
            report.problem(
                name,
                "DATABASE_URL says otherwise.",
                "Keep one of the two: the URL, or the DB_ variables.",
                value=_shape(name, other),
            )
        result[name] = Given(text=text, level=given.level, via="DATABASE_URL")
    return result, url.parameters


def _other_role(found: Mapping[str, Given], parts: Mapping[str, str]) -> bool:
    ours = found.get("DB_USER") or found.get("POSTGRES_USER")
    return "DB_USER" in parts and parts["DB_USER"] != (ours.text if ours else "postgres")


def _shape(name: str, given: Given) -> str | None:
    return None if name == "DB_PASSWORD" else given.text


def _apply_fallbacks(found: dict[str, Given]) -> None:
    """POSTGRES_* stand in for DB_*; the superuser's password only for the superuser."""
    user = found.get("DB_USER")
    superuser = found.get("POSTGRES_USER")
    same_role = user is None or user.text == (superuser.text if superuser else "postgres")
    for setting in SETTINGS:
        if setting.fallback is None or setting.variable in found or setting.fallback not in found:
            continue
        if setting.kind.is_secret and not same_role:
            continue
        source = found[setting.fallback]
        found[setting.variable] = Given(text=source.text, level=source.level, via=setting.fallback)
