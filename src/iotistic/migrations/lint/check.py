"""Lint of whole files: rules applied, what is new or small or waived left out."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from iotistic.migrations.directives import Waiver
from iotistic.migrations.lexer import place
from iotistic.migrations.lint.alterations import check_alterations
from iotistic.migrations.lint.known import Known
from iotistic.migrations.lint.model import RULES, Finding, Hit
from iotistic.migrations.lint.relations import check_relations
from iotistic.migrations.lint.rights import check_rights, find_secrets, secret_hit
from iotistic.migrations.lint.rows import check_rows
from iotistic.migrations.lint.sizes import Sizes, Threshold
from iotistic.migrations.script import Script

__all__ = ["lint"]

_CHECKS: Final = (check_alterations, check_relations, check_rows, check_rights)


@dataclass(frozen=True, slots=True)
class _Placed:
    hit: Hit
    line: int
    column: int


def lint(
    scripts: Iterable[Script],
    *,
    schema: str = "public",
    roles: Collection[str] | None = None,
    sizes: Sizes | None = None,
    threshold: Threshold | None = None,
    only: Collection[str] | None = None,
) -> tuple[Finding, ...]:
    """What should not run as it is, in file order.

    `scripts` are all files of a history in order: later ones build on what earlier ones made. `only` names the files to
    report about. `roles` are the roles every installation has; None asks about none. With `sizes`, what only hurts on a big
    table is quiet on one within `threshold`.
    """
    known = Known(schema=schema, roles=frozenset(roles) if roles is not None else None)
    limit = threshold or Threshold()
    findings: list[Finding] = []
    for script in scripts:
        placed = list(_hits(script, known))
        if only is None or script.file.filename in only:
            loud = [one for one in placed if _is_loud(one.hit, known, sizes, limit)]
            findings += _judge(script, placed, loud)
    return tuple(findings)


def _hits(script: Script, known: Known) -> Iterator[_Placed]:
    known.begin_file(script.directives, script.statements)
    for offset, noun in find_secrets(script.text):
        yield _Placed(secret_hit(noun), *place(script.text, offset))
    for statement in script.statements:
        for check in _CHECKS:
            for hit in check(statement, known):
                if not known.is_new(hit.table):
                    yield _Placed(hit, *statement.locate(hit.offset + 1))
        known.learn(statement)


def _is_loud(hit: Hit, known: Known, sizes: Sizes | None, limit: Threshold) -> bool:
    if sizes is None or hit.table is None or not RULES[hit.rule].by_size:
        return not hit.only_if_big
    size = sizes.get(known.full(hit.table))
    return size is not None and (size.rows > limit.rows or size.octets > limit.octets)


def _judge(script: Script, placed: list[_Placed], loud: list[_Placed]) -> list[Finding]:
    waived = {rule for waiver in script.directives.waivers for rule in waiver.rules}
    found = {one.hit.rule for one in placed}
    findings = [_finding(script, one) for one in loud if one.hit.rule not in waived]
    for waiver in script.directives.waivers:
        findings += (_finding(script, one) for one in _waiver_hits(waiver, found))
    return sorted(findings, key=lambda finding: (finding.line, finding.column))


def _waiver_hits(waiver: Waiver, found: Collection[str]) -> Iterator[_Placed]:
    for rule in waiver.rules:
        if rule not in RULES:
            hit = Hit(
                rule="unknown-rule",
                why=f"There is no rule {rule!r}.",
                rewrite=f"Rules are: {', '.join(RULES)}.",
            )
        elif rule not in found:
            hit = Hit(
                rule="unneeded-waiver",
                why=f"Nothing in this file breaks the rule {rule}.",
                rewrite="Remove the waiver, so that it does not excuse what comes later.",
            )
        else:
            continue
        yield _Placed(hit, waiver.line, 1)


def _finding(script: Script, placed: _Placed) -> Finding:
    hit = placed.hit
    return Finding(
        filename=script.file.filename,
        line=placed.line,
        column=placed.column,
        rule=hit.rule,
        lock=hit.lock,
        table=str(hit.table) if hit.table else None,
        why=hit.why,
        rewrite=hit.rewrite,
    )
