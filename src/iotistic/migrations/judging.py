"""Lint as a part of a run: what the pending files would do to this very database, told or refused before anything runs."""

from collections.abc import Iterable, Mapping

from iotistic.errors import Invalid
from iotistic.migrations.files import MigrationFile
from iotistic.migrations.history import History, command_line
from iotistic.migrations.lint import READ_SIZES, Finding, lint, sizes_of
from iotistic.migrations.plan import Plan
from iotistic.migrations.script import Script, read_script
from iotistic.migrations.session import Command, Session

__all__ = ["LintRefused", "finding_line", "judge"]


class LintRefused(Invalid):
    """Lint found something in the pending files that is neither safe nor waived; nothing was run."""

    code = "migration_lint_refused"

    def __init__(self, service: str, findings: tuple[Finding, ...], texts: Mapping[str, str]) -> None:
        self.service = service
        self.findings = findings
        self.texts = texts
        super().__init__(
            f"{service}: nothing was run, lint found {len(findings)} dangers. The first: {finding_line(findings[0])}",
            hint=f"Rewrite the files, waive what is all right, or run with warnings: {command_line(service, 'run', '--lint warn')}",
            service=service,
        )


async def judge(
    session: Session, history: History, files: Iterable[MigrationFile], plan: Plan
) -> tuple[Finding, ...]:
    """What lint says of the steps of `plan`, quiet about small tables of this database."""
    # Applied files may be of a time before today's rules: what cannot be read tells nothing, and stops nobody.
    scripts = [script for script in map(read_script, files) if isinstance(script, Script)]
    only = {step.script.file.filename for step in plan.steps}
    if not lint(scripts, schema=history.schema, only=only):
        return ()
    sizes = sizes_of(await session.rows(Command(READ_SIZES)))
    return lint(scripts, schema=history.schema, only=only, sizes=sizes)


def finding_line(finding: Finding) -> str:
    """A finding in one line."""
    lock = f" ({finding.lock.value} lock)" if finding.lock else ""
    return f"{finding.filename}:{finding.line}: {finding.rule}{lock}: {finding.why}"
