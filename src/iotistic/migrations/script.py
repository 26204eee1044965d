"""A file read: its directives, its statements, and whether the runner can run them at all.

Everything that can be refused from the text alone is refused here, before anything runs anywhere.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from iotistic.errors import Invalid
from iotistic.migrations.directives import DirectiveInvalid, Directives, read_directives
from iotistic.migrations.errors import FilesRefused, Problem, ProblemKind
from iotistic.migrations.files import MigrationFile
from iotistic.migrations.lexer import Control, SourceInvalid, Statement, decode, normalise, split

__all__ = ["ALGORITHM", "Script", "digest", "normalised_checksum", "read_script", "read_scripts"]

ALGORITHM = "sha256/1"
"""Tag of the rule behind `normalised_checksum`; a change of the rule gets a new one, so that old rows stay comparable."""


_REMEMBERED: Final = 1024
"""Files whose reading is kept: a run over many databases reads the same ones for each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """A file that can be run."""

    file: MigrationFile
    """The file."""
    text: str
    """Its text, as decoded."""
    directives: Directives
    """What it asks for."""
    statements: tuple[Statement, ...]
    """What is sent, in order; a BEGIN and COMMIT around the whole file are left out."""
    notices: tuple[str, ...] = ()
    """What was done to it, for people."""


@lru_cache(maxsize=_REMEMBERED)
def normalised_checksum(file: MigrationFile) -> str | None:
    """SHA-256 of what the file says without comments, line endings and outer blanks; None when it cannot be read as SQL."""
    try:
        return sha256(normalise(decode(file.content)).encode()).hexdigest()
    except SourceInvalid:
        return None


def digest(statement: Statement) -> str:
    """A short fingerprint of one statement's normalised text, to know after an interruption that it has not changed."""
    if statement.copy_data is None:
        said = normalise(statement.text)
    else:
        words = " ".join(token.text for token in statement.tokens())
        said = words + "\0" + statement.copy_data.replace("\r\n", "\n")
    return sha256(said.encode()).hexdigest()[:16]


def read_scripts(service: str, files: tuple[MigrationFile, ...]) -> tuple[Script, ...]:
    """Every file read. Raises FilesRefused with the problems of all of them, not only the first."""
    scripts: list[Script] = []
    problems: list[Problem] = []
    for file in files:
        found = read_script(file)
        if isinstance(found, Script):
            scripts.append(found)
        else:
            problems.extend(found)
    if problems:
        raise FilesRefused(service, tuple(problems))
    return tuple(scripts)


@lru_cache(maxsize=_REMEMBERED)
def read_script(file: MigrationFile) -> Script | tuple[Problem, ...]:
    """The file as something to run, or every reason why it is none."""
    try:
        text = decode(file.content)
        directives = read_directives(text)
        statements = split(text)
    except SourceInvalid as error:
        return (_text_problem(file, error),)
    except DirectiveInvalid as error:
        return (_problem(file, ProblemKind.DIRECTIVE, str(error), error.hint, line=error.line),)
    wrapped = _is_wrapped(statements) and directives.transaction
    own = statements[1:-1] if wrapped else statements
    problems = _refused_control(file, own, directives) + _refused_statements(file, own, directives)
    if problems:
        return problems
    notices = (
        [
            f"{file.filename}: its own {_opening(statements)} and COMMIT are left out; each file is one transaction here."
        ]
        if wrapped
        else []
    )
    if not own:
        notices.append(f"{file.filename} holds no statement.")
    return Script(file=file, text=text, directives=directives, statements=own, notices=tuple(notices))


def _opening(statements: tuple[Statement, ...]) -> str:
    return " ".join(statements[0].head(2))


def _is_wrapped(statements: tuple[Statement, ...]) -> bool:
    """Whether the first statement is a plain BEGIN and the last a plain COMMIT, with no BEGIN or COMMIT between them."""
    plain = {("BEGIN",), ("BEGIN", "WORK"), ("BEGIN", "TRANSACTION"), ("START", "TRANSACTION")}
    ends = {
        ("COMMIT",),
        ("COMMIT", "WORK"),
        ("COMMIT", "TRANSACTION"),
        ("END",),
        ("END", "WORK"),
        ("END", "TRANSACTION"),
    }
    if len(statements) < 2 or statements[0].head(5) not in plain or statements[-1].head(5) not in ends:  # noqa: PLR2004
        return False
    inner = {statement.control for statement in statements[1:-1]}
    return not inner & {Control.BEGIN, Control.COMMIT, Control.ROLLBACK, Control.PREPARE}


_SAVEPOINTS = {Control.SAVEPOINT, Control.RELEASE, Control.ROLLBACK_TO}


def _refused_control(
    file: MigrationFile, statements: tuple[Statement, ...], directives: Directives
) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    saved = False
    for statement in statements:
        control = statement.control
        if control is None:
            continue
        # A savepoint inside the file's one transaction is the file's own affair, once there is one.
        saved = saved or control is Control.SAVEPOINT
        if directives.transaction and control in _SAVEPOINTS and saved:
            continue
        problems.append(
            _problem(
                file,
                ProblemKind.TRANSACTION,
                f"{file.filename} handles transactions by itself: {control.value.upper()}.",
                _control_hint(directives),
                line=statement.line,
                column=statement.column,
            )
        )
    return tuple(problems)


def _control_hint(directives: Directives) -> str:
    if directives.transaction:
        return (
            "Remove it: each file already is one transaction, and a COMMIT inside would leave the first half applied and "
            "unrecorded. Split the file where it must commit between."
        )
    return "Remove it: in a no-transaction file each statement commits by itself. Put what belongs together in a file of its own."


def _refused_statements(
    file: MigrationFile, statements: tuple[Statement, ...], directives: Directives
) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    for statement in statements:
        outside = statement.outside_transaction
        index = statement.concurrent_index
        if outside is not None and directives.transaction:
            message = f"{file.filename}: {outside} cannot run in a transaction."
            hint = "Put it in a file of its own that begins with: -- migrate: no-transaction"
            kind = ProblemKind.NEEDS_NO_TRANSACTION
        elif index is not None and index.name is None:
            message = f"{file.filename} builds an index on {index.table} concurrently without naming it."
            hint = "Name it: a build that breaks leaves an INVALID index, which is found by its name."
            kind = ProblemKind.UNNAMED_INDEX
        elif statement.copies_out:
            message = f"{file.filename} sends rows to the client (COPY ... TO STDOUT)."
            hint = "Remove it: nothing reads them here."
            kind = ProblemKind.TEXT
        else:
            continue
        problems.append(_problem(file, kind, message, hint, line=statement.line, column=statement.column))
    return tuple(problems)


def _text_problem(file: MigrationFile, error: Invalid) -> Problem:
    line, column = error.facts.get("line"), error.facts.get("column")
    return _problem(
        file,
        ProblemKind.TEXT,
        f"{file.filename}: {error.message}",
        error.hint or "Correct the file; nothing was run.",
        line=line if isinstance(line, int) else None,
        column=column if isinstance(column, int) else None,
    )


def _problem(
    file: MigrationFile,
    kind: ProblemKind,
    message: str,
    hint: str,
    *,
    line: int | None = None,
    column: int | None = None,
) -> Problem:
    return Problem(
        kind=kind, filenames=(file.filename,), message=message, hint=hint, line=line, column=column
    )
