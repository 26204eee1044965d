"""Which keys there are, and who still uses an old one."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from iotistic.bootstrap.platform import Work
from iotistic.cli.keys.options import Fleet, Named, User, within
from iotistic.cli.keys.rows import COLUMNS, plain, report_lines, rotation_row, row
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url
from iotistic.cli.output import print_json, print_json_lines, print_table, run_async
from iotistic.security.keyring import Key, KeyReport, KeyRotation

__all__ = ["list_keys", "report"]

_PAGE = 1000


def list_keys(
    *,
    device: Named = None,
    user: User = None,
    retiring: Annotated[bool, typer.Option("--retiring", help="Only those that are being replaced.")] = False,
    revoked: Annotated[bool, typer.Option("--revoked", help="Those that are revoked too.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 1000,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List keys with their last use (with --json: one object a line)."""

    async def look(work: Work) -> list[Key]:
        uuid = None if device is None else (await get_named_device(work, device)).uuid
        found: list[Key] = []
        while len(found) < limit:
            page = await work.keyring.list_keys(
                username=user,
                device_uuid=uuid,
                only_retiring=retiring,
                with_revoked=revoked,
                after=found[-1].key_id if found else "",
                limit=min(_PAGE, limit - len(found)),
            )
            found += page
            if len(page) < _PAGE:
                break
        return found

    keys = run_async(within(data_dir, url, look))
    if as_json:
        print_json_lines(plain(key) for key in keys)
    else:
        print_table([row(key) for key in keys], COLUMNS, empty="There is no such key.")


def report(fleet: Fleet = None, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Say how many devices are still on an old key, and when they were last seen."""

    async def look(work: Work) -> tuple[KeyReport, Sequence[KeyRotation]]:
        return await work.keyring.report(fleet), await work.key_rotations.list_rotations(only_open=True)

    found, rotations = run_async(within(data_dir, url, look))
    if as_json:
        print_json(asdict(found) | {"open_rotations": [rotation_row(rotation) for rotation in rotations]})
        return
    for line in report_lines(found):
        sys.stdout.write(line + "\n")
    for rotation in rotations:
        sys.stdout.write(f"Rotation {rotation.id} goes on: {rotation.marked} keys marked so far.\n")
