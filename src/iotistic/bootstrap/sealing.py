"""The keys that secrets in the database are sealed under. Apart from endpoints, so that only who seals loads cryptography (80 ms)."""

from pathlib import Path
from typing import Final

from iotistic.bootstrap.work import Work
from iotistic.config import Settings
from iotistic.data_folder import DataFolder
from iotistic.errors import Conflict
from iotistic.sealing import SealingKeys, new_sealing_key
from iotistic.secret import Secret

__all__ = [
    "SEALING_KEY",
    "KeyKeptElsewhere",
    "add_sealing_key",
    "drop_other_keys",
    "rewrap_everything",
    "sealed_places",
    "sealing_keys",
]


class KeyKeptElsewhere(Conflict):
    """The key is not ours to change."""

    code = "sealing_key_elsewhere"


SEALING_KEY: Final = "sealing-key"
"""What the secret is called in the data folder."""


def sealing_keys(settings: Settings) -> SealingKeys:
    """As configured, else from the data folder, where one is made on first use."""
    folder = DataFolder(settings.data_dir)
    return SealingKeys(settings.sealing_key or folder.secret(SEALING_KEY, new_sealing_key))


def add_sealing_key(settings: Settings) -> str:
    """A new key in front of those of the data folder; answers its name. Raises KeyKeptElsewhere."""
    folder = _folder_of_key(settings)
    before = folder.secret(SEALING_KEY, new_sealing_key)
    keys = Secret(f"{new_sealing_key().reveal()},{before.reveal()}")
    folder.replace_secret(SEALING_KEY, keys)
    return SealingKeys(keys).current


def drop_other_keys(settings: Settings) -> int:
    """Forgets all keys of the data folder but the first; answers how many. Raises KeyKeptElsewhere."""
    folder = _folder_of_key(settings)
    first, *others = folder.secret(SEALING_KEY, new_sealing_key).reveal().split(",")
    folder.replace_secret(SEALING_KEY, Secret(first))
    return len(others)


async def sealed_places(work: Work, settings: Settings) -> list[str]:
    """Every sealed text of the installation: of settings, of second factors and signing keys, and of certificate authorities in the data folder."""
    files = [path.read_text(encoding="ascii").strip() for path in _sealed_files(settings)]
    in_tables = [
        *await work.configuration.list_sealed(),
        *await work.second_factors.list_sealed(),
        *await work.signing.list_sealed(),
    ]
    return [*in_tables, *files]


async def rewrap_everything(work: Work, settings: Settings) -> int:
    """Wraps all of it under the current key; answers in how many places that changed something."""
    keys, changed = sealing_keys(settings), 0
    changed += await work.configuration.rewrap(keys)
    changed += await work.second_factors.rewrap(keys)
    changed += await work.signing.rewrap(keys)
    for path in _sealed_files(settings):
        text = path.read_text(encoding="ascii").strip()
        wrapped = keys.rewrap(text)
        if wrapped != text:
            draft = path.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_text(wrapped, encoding="ascii")
            draft.replace(path)
            changed += 1
    return changed


def _sealed_files(settings: Settings) -> list[Path]:
    return [path for path in (settings.data_dir / "certificates").glob("ca.key") if path.is_file()]


def _folder_of_key(settings: Settings) -> DataFolder:
    if settings.sealing_key is not None:
        raise KeyKeptElsewhere(
            "The sealing key comes from IOTISTIC_SEALING_KEY, not from the data folder.",
            hint="Put a key of `iotistic secrets new-key` in front of it there, with a comma between; take the old one away after "
            "`iotistic secrets rewrap`.",
        )
    return DataFolder(settings.data_dir)
