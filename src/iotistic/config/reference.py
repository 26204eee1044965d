"""The settings as documents: the reference page and the .env template, both made from the catalogue."""

from textwrap import wrap

from iotistic.config.catalogue import SETTINGS
from iotistic.config.groups import GROUPS
from iotistic.config.setting import Setting

__all__ = ["env_template", "reference_page"]

_PAGE_HEAD = """\
<!-- Made by `iotistic config reference`. Change src/iotistic/config/catalogue.py, not this page. -->

# Settings

A setting is a variable of the environment, a line in the file `.env` of the working directory, or an option of a command;
an option counts before the environment, the environment before `.env`, and `.env` before the default. An empty value means
not set. Names are those of the table; capitals matter.

`iotistic config show` prints what is in force and where each value comes from, with secrets masked. `iotistic config check`
tells everything that is wrong at once, with a suggestion for each.

- **Durations** are a whole number and a unit: `500ms`, `30s`, `5min`, `2h`, `1d`.
- **Secrets** may come from a file: `DB_PASSWORD_FILE=/run/secrets/db_password` counts as `DB_PASSWORD` with the file's content,
  without its last line break.
- **`.env`** is read as Docker Compose reads it. Put a value that holds `$` in single quotes.
- **One server.** With `DB_HOST` or `DATABASE_URL` that server is used and the embedded one is never started, also when
  `--data-dir` is given: the folder then keeps only secrets and the local agent's state.
- **TLS.** The default depends on where the server is: `prefer` on loopback and sockets, `verify-full` everywhere else, so that a
  password never reaches a server that only claims the name. Name the authority with `DB_SSLROOTCERT`; Docker Compose makes one
  of its own. To lower it, set `DB_SSLMODE`: on a network that only the two share, `DB_SSLMODE=disable` is honest.
- **In a container** `localhost` is the container itself: name the database's service (`DB_HOST=postgres`). Outside of Docker
  that name does not exist: use `DB_HOST=localhost` and the published port, `DB_PORT_EXT`.
"""

_TEMPLATE_HEAD = """\
# Copy to .env and keep it out of version control. Every line is optional: without any, the embedded PostgreSQL is used.
# Made by `iotistic config example`; docs/reference/settings.md tells more.
# Put a value that holds a $ in single quotes. A variable of the environment counts before this file.
"""

_WIDTH = 116


def reference_page() -> str:
    """docs/reference/settings.md."""
    return "\n".join([_PAGE_HEAD, *(_section(group) for group in GROUPS)])


def env_template() -> str:
    """.env.example: what the container needs is set, everything else is there to be uncommented."""
    blocks = [_TEMPLATE_HEAD]
    for group in GROUPS:
        blocks.append(f"# ---- {group}\n")
        blocks.extend(
            _template_lines(setting)
            for setting in SETTINGS
            if setting.group == group and setting.in_env_file != "no"
        )
    return "\n".join(blocks)


def _section(group: str) -> str:
    lines = [f"## {group}", "", "| Variable | Value | Default | Meaning |", "| -- | -- | -- | -- |"]
    lines.extend(_line(setting) for setting in SETTINGS if setting.group == group)
    return "\n".join([*lines, ""])


def _line(setting: Setting[object]) -> str:
    example = f" Example: `{setting.example}`." if setting.example else ""
    file = f", or `{setting.file_variable}`" if setting.file_variable else ""
    return f"| `{setting.variable}`{file} | {setting.kind.name} | {_default(setting)} | {setting.meaning}{example} |"


def _default(setting: Setting[object]) -> str:
    value = f"`{setting.default}`" if setting.default is not None else setting.unset
    return f"`{setting.fallback}`, else {value}" if setting.fallback else value


def _template_lines(setting: Setting[object]) -> str:
    default = setting.default if setting.default is not None else setting.unset
    comment = "\n".join(f"# {line}" for line in wrap(f"{setting.meaning} Default: {default}.", _WIDTH))
    mark = "" if setting.in_env_file == "set" else "#"
    value = setting.example or setting.default or ""
    return f"{comment}\n{mark}{setting.variable}={value}\n"
