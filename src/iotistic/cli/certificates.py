"""`iotistic certificates`: a certificate authority of one's own for TLS to the database, and what certificates say."""

import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.bootstrap.sealing import sealing_keys
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, run_async
from iotistic.clock import system_clock
from iotistic.config import Settings
from iotistic.database.pool import connect
from iotistic.errors import NotFound
from iotistic.operations.access.certificate_files import Account, CertificateFolder, Written
from iotistic.operations.access.certificates import CertificateFacts, read_certificate
from iotistic.operations.access.server_certificate import find_server_certificate

__all__ = ["app"]

EXPIRES, EXPIRED = 1, 2
SOON = timedelta(days=30)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Certificates for TLS to the database: make them, renew them, see when they end.",
)


class NoCertificate(NotFound):
    """The server offers no TLS."""

    code = "no_certificate"


@app.command("create")
def create(
    hosts: Annotated[
        list[str],
        typer.Option("--host", metavar="NAME", help="A name or address of the server; may be repeated."),
    ],
    *,
    folder: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", help="Where; certificates in the data folder otherwise."),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=825, help="How long the server's lasts.")] = 90,
    unless_lasts: Annotated[
        int | None,
        typer.Option(
            "--unless-lasts",
            metavar="DAYS",
            min=1,
            help="Keep what is there if it is for the same hosts and goes on for so long.",
        ),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(
            "--owner",
            metavar="UID:GID",
            help="Whose the server's key is to be, by number: the account that PostgreSQL runs as.",
        ),
    ] = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="Let the server read it at once; open sessions stay.")
    ] = False,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make a certificate for a server, or renew it: the authority of the folder stays, and is made where there is none.

    Clients need ca.crt (DB_SSLROOTCERT). The authority's key lies sealed under the installation's key.
    """
    settings = settings_from(data_dir, url)
    place = CertificateFolder(folder or settings.data_dir / "certificates", sealing_keys(settings))
    written = place.write(
        hosts,
        now=system_clock(),
        lasts=timedelta(days=days),
        unless_lasts=None if unless_lasts is None else timedelta(days=unless_lasts),
        owner=None if owner is None else _account(owner),
    )
    if reload:
        run_async(_reload(settings))
    _tell(place, written, as_json=as_json)


@app.command("show")
def show(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A certificate in PEM or DER; the server's when left out."),
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what a certificate says: the one the server shows to whoever connects, or one in a file.

    Exit code: 0 it lasts for 30 days or more, 1 it ends sooner, 2 it has ended.
    """
    found = _of_file(file) if file is not None else run_async(_of_server(settings_from(data_dir, url)))
    left = found.ends - system_clock()
    if as_json:
        print_json({**asdict(found), "days_left": left.days})
    else:
        for name, text in (
            ("subject", found.subject),
            ("for", ", ".join(found.hosts) or "-"),
            ("issuer", found.issuer),
            ("serial", found.serial),
            ("ends", f"{found.ends:%Y-%m-%d %H:%M} UTC, in {left.days} days"),
        ):
            sys.stdout.write(f"{name:<9}{text}\n")
    if left < SOON:
        raise typer.Exit(EXPIRED if left <= timedelta(0) else EXPIRES)


def _tell(place: CertificateFolder, written: Written, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "folder": str(place.path),
                "authority_made": written.authority_made,
                "renewed": written.renewed,
                "server": asdict(written.server),
            }
        )
        return
    if written.authority_made:
        narrate(f"A new authority: give {place.path / 'ca.crt'} to every client (DB_SSLROOTCERT).")
    narrate(
        f"{place.path / 'server.crt'} {'is' if written.renewed else 'stays: it is'} for {', '.join(written.server.hosts)}, until {written.server.ends:%Y-%m-%d}."
    )


def _account(text: str) -> Account:
    user, _, group = text.partition(":")
    if not (user.isdecimal() and group.isdecimal()):
        raise typer.BadParameter(f"{text} is no UID:GID, such as 70:70", param_hint="--owner")
    return int(user), int(group)


def _of_file(file: Path) -> CertificateFacts:
    try:
        return read_certificate(file.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from error


async def _of_server(settings: Settings) -> CertificateFacts:
    endpoint = Endpoints(settings).superuser()
    found = await find_server_certificate(endpoint)
    if found is None:
        host, port = endpoint.hosts[0]
        raise NoCertificate(
            f"{host}:{port} offers no TLS.",
            hint="The embedded server never does: it listens on loopback alone. Others need ssl = on (`iotistic db hba render --tls`).",
        )
    return found


async def _reload(settings: Settings) -> None:
    connection = await connect(
        Endpoints(settings).superuser(), "postgres", application_name="iotistic-certificates", autocommit=True
    )
    try:
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()
