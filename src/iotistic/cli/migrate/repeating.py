"""The options of a command line that the next one needs too."""

import inspect
import re
import shlex
from collections.abc import Callable

import typer

__all__ = ["repeated_options"]

_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@\s]*@")


def repeated_options(context: typer.Context, following: Callable[..., None]) -> list[str]:
    """The words for those options given here that the command `following` takes as well, quoted for a shell.

    A password in a URL is left out: "..." stands for it.
    """
    taken = inspect.signature(following).parameters
    words: list[str] = []
    for parameter in context.command.params:
        name, option = parameter.name or "", parameter.opts[0]
        if name not in taken or not option.startswith("--") or option == "--json":
            continue
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            words += [option, shlex.quote(_PASSWORD.sub(r"\1:...@", str(context.params[name])))]
    return words
