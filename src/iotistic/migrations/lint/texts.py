"""Findings as text for people and as fields for machines. Pure."""

from collections.abc import Iterable, Mapping

from iotistic.migrations.lint.model import Finding
from iotistic.migrations.texts import Ink

__all__ = ["finding_fields", "render_findings"]


def finding_fields(finding: Finding) -> dict[str, object]:
    """One finding with names that stay."""
    return {
        "file": finding.filename,
        "line": finding.line,
        "column": finding.column,
        "rule": finding.rule,
        "lock": finding.lock.value if finding.lock else None,
        "table": finding.table,
        "why": finding.why,
        "rewrite": finding.rewrite,
    }


def render_findings(findings: Iterable[Finding], texts: Mapping[str, str], *, colour: bool) -> str:
    """Each finding with its line of source, taken from `texts` by filename, and how to waive it at the end."""
    ink = Ink(colour=colour)
    blocks = [_render(finding, texts.get(finding.filename, ""), ink) for finding in findings]
    if not blocks:
        return ""
    rest = "If one of these is all right here, say why at the top of the file:"
    return "\n\n".join([*blocks, f"{rest}\n{ink('do', '-- migrate: allow RULE: REASON')}"])


def _render(finding: Finding, text: str, ink: Ink) -> str:
    place = f"{finding.filename}:{finding.line}:{finding.column}:"
    lock = f" ({finding.lock.value} lock: {finding.lock.stops})" if finding.lock else ""
    lines = [f"{ink('strong', place)} {ink('bad', finding.rule)}{lock}"]
    source = text.split("\n")[finding.line - 1 : finding.line]
    # A secret must not be shown again by what warns of it.
    if source and finding.rule != "secret":
        lines.append(f"  {ink('weak', '|')} {source[0].strip()}")
    return "\n".join([*lines, f"  {finding.why}", f"  {ink('do', 'instead:')} {finding.rewrite}"])
