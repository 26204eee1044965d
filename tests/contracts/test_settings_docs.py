"""The reference page, .env.example and the catalogue say the same, because the first two are made of the third."""

from dataclasses import fields
from pathlib import Path

import pytest

from iotistic.config import Settings, load_settings
from iotistic.config.catalogue import SETTINGS
from iotistic.config.groups import GROUPS
from iotistic.config.reference import env_template, reference_page

ROOT = Path(__file__).parents[2]
VARIABLES = [setting.variable for setting in SETTINGS]


def test_the_reference_page_is_the_catalogue() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    assert page == reference_page(), "run: iotistic config reference > docs/reference/settings.md"


def test_the_env_example_is_the_catalogue() -> None:
    example = (ROOT / ".env.example").read_text()
    assert example == env_template(), "run: iotistic config example > .env.example"


def test_the_env_example_works_as_it_is_and_changes_nothing_but_the_container() -> None:
    settings = load_settings({}, dotenv=ROOT / ".env.example")
    plain = load_settings({}, dotenv=None)
    assert settings == plain
    assert settings.warnings == ()


def test_every_line_of_the_env_example_works_once_uncommented(tmp_path: Path) -> None:
    """But for files, which have to exist, and secrets, which nobody should take from an example."""
    unusable = (
        "#DB_SSLROOTCERT",
        "#DB_SSLCERT",
        "#DB_SSLKEY",
        "#IOTISTIC_PEPPER",
        "#IOTISTIC_SEALING_KEY",
        "#IOTISTIC_CLAIM_KEY",
        "#IOTISTIC_BACKUP_KEY",
    )
    lines = (ROOT / ".env.example").read_text().splitlines()
    settings = [
        line.removeprefix("#") for line in lines if "=" in line and not line.startswith(("# ", *unusable))
    ]
    dotenv = tmp_path / ".env"
    dotenv.write_text("\n".join(settings))
    assert load_settings({}, dotenv=dotenv).database is not None


@pytest.mark.parametrize("setting", SETTINGS, ids=VARIABLES)
def test_a_settings_default_is_a_value_of_its_kind(setting: object) -> None:
    found = next(each for each in SETTINGS if each is setting)
    if found.default is not None:
        found.kind.parse(found.default)
    if found.example:
        found.kind.parse(found.example)
    assert found.group in GROUPS
    assert found.meaning.endswith(".")
    assert found.fallback is None or found.fallback in VARIABLES


def test_no_variable_is_there_twice() -> None:
    assert len(VARIABLES) == len(set(VARIABLES))


def test_the_handbooks_variables_are_all_there() -> None:
    handbook = {
        "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_PORT_EXT", "POSTGRES_DB", "POSTGRES_USER",
        "POSTGRES_PASSWORD",
    }  # fmt: skip
    assert handbook <= set(VARIABLES)


def test_defaults_are_the_same_in_the_catalogue_and_in_the_model(tmp_path: Path) -> None:
    """Code that makes Settings by hand, such as a test, gets what an empty environment gives."""
    loaded = load_settings({"IOTISTIC_DATA_DIR": str(tmp_path)}, dotenv=None)
    made = Settings(data_dir=tmp_path)
    different = [
        f.name for f in fields(Settings) if f.compare and getattr(loaded, f.name) != getattr(made, f.name)
    ]
    assert not different
