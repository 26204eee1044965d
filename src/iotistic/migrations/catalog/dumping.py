"""A catalog written as text: for people to read in a review, and for a test to see that it has not drifted.

Reads like SQL and is sorted by name; the same for the same schema on every supported server, with no date, version or key.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from iotistic.migrations.catalog.model import Catalog, Item

__all__ = ["dump"]

_Children = Mapping[str, list[Item]]


def dump(catalog: Catalog) -> str:
    """The whole catalog as SQL-like text that ends in a line feed; empty for an empty one."""
    children: dict[str, list[Item]] = defaultdict(list)
    for item in catalog.values():
        if item.parent is not None:
            children[item.parent].append(item)
    blocks: list[str] = []
    for kind, write in _WRITERS.items():
        items = sorted((item for item in catalog.values() if item.kind == kind), key=lambda item: item.name)
        written = [write(item, children) for item in items]
        blocks += ["".join(written)] if kind == "grant" and written else written
    return "\n".join(blocks)


def _statements(item: Item, what: str, *lines: str) -> str:
    comment = item.facts.get("comment")
    return "".join(
        f"{line}\n" for line in (*lines, *([_comment(what, item.name, comment)] if comment else ()))
    )


def _comment(what: str, name: str, text: str) -> str:
    return f"COMMENT ON {what} {name} IS {_literal(text)};"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _extension(item: Item, _: _Children) -> str:
    return _statements(item, "EXTENSION", f"CREATE EXTENSION {item.name} WITH SCHEMA {item.facts['schema']};")


def _schema(item: Item, _: _Children) -> str:
    return _statements(item, "SCHEMA", f"CREATE SCHEMA {item.name};")


def _enum(item: Item, _: _Children) -> str:
    return _statements(item, "TYPE", f"CREATE TYPE {item.name} AS ENUM ({item.facts.get('labels', '')});")


def _composite(item: Item, _: _Children) -> str:
    return _statements(item, "TYPE", f"CREATE TYPE {item.name} AS ({item.facts.get('attributes', '')});")


def _range(item: Item, _: _Children) -> str:
    return _statements(item, "TYPE", f"CREATE TYPE {item.name} AS RANGE (subtype = {item.facts['subtype']});")


def _domain(item: Item, _: _Children) -> str:
    facts = item.facts
    parts = [f"CREATE DOMAIN {item.name} AS {facts['base']}"]
    parts += [f"DEFAULT {facts['default']}"] if "default" in facts else []
    parts += ["NOT NULL"] if "not null" in facts else []
    parts += [facts["checks"]] if "checks" in facts else []
    return _statements(item, "DOMAIN", " ".join(parts) + ";")


def _sequence(item: Item, _: _Children) -> str:
    options = " ".join(
        f"{fact.upper()} {item.facts[fact]}" for fact in sorted(item.facts) if fact != "comment"
    )
    return _statements(item, "SEQUENCE", f"CREATE SEQUENCE {item.name} {options};")


def _function(item: Item, _: _Children) -> str:
    return _statements(item, item.kind.upper(), item.facts["definition"].rstrip() + ";")


def _aggregate(item: Item, _: _Children) -> str:
    options = ", ".join(f"{fact} = {item.facts[fact]}" for fact in sorted(item.facts) if fact != "comment")
    return _statements(item, "AGGREGATE", f"CREATE AGGREGATE {item.name} ({options});")


def _table(item: Item, children: _Children) -> str:
    own = sorted(children.get(item.name, ()), key=lambda child: (child.place, child.name))
    inside = [_column(child) for child in own if child.kind == "column"]
    inside += [
        f"CONSTRAINT {child.short_name} {child.facts['definition']}"
        for child in own
        if child.kind == "constraint"
    ]
    facts = item.facts
    unlogged = "UNLOGGED " if "unlogged" in facts else ""
    after = f" PARTITION BY {facts['partition by']}" if "partition by" in facts else ""
    after += f" INHERITS ({facts['inherits']})" if "inherits" in facts else ""
    after += f" SERVER {facts['foreign server']}" if "foreign server" in facts else ""
    after += f" WITH ({facts['options']})" if "options" in facts else ""
    body = "(\n" + ",\n".join(f"  {line}" for line in inside) + "\n)"
    if "partition of" in facts:
        body = f"PARTITION OF {facts['partition of']}"
    text = _statements(item, "TABLE", f"CREATE {unlogged}TABLE {item.name} {body}{after};")
    text += "".join(
        _comment("COLUMN", c.name, c.facts["comment"]) + "\n"
        for c in own
        if c.kind == "column" and "comment" in c.facts
    )
    text += "".join(
        _constraint_comment(child) for child in own if child.kind == "constraint" and "comment" in child.facts
    )
    if "row security" in facts:
        text += f"ALTER TABLE {item.name} {'FORCE' if facts['row security'] == 'forced' else 'ENABLE'} ROW LEVEL SECURITY;\n"
    if "replica identity" in facts:
        text += f"ALTER TABLE {item.name} REPLICA IDENTITY {facts['replica identity'].upper()};\n"
    return text + _attached(own)


def _constraint_comment(item: Item) -> str:
    return _comment("CONSTRAINT", f"{item.short_name} ON {item.parent}", item.facts["comment"]) + "\n"


def _column(item: Item) -> str:
    facts = item.facts
    parts = [item.short_name, facts["type"]]
    parts += [f"COLLATE {facts['collation']}"] if "collation" in facts else []
    parts += [
        f"{fact.upper()} {facts[fact]}"
        for fact in ("storage", "compression", "statistics", "options")
        if fact in facts
    ]
    parts += ["NOT NULL"] if "not null" in facts else []
    parts += [f"DEFAULT {facts['default']}"] if "default" in facts else []
    parts += [f"GENERATED ALWAYS AS {facts['generated']}"] if "generated" in facts else []
    if "identity" in facts:
        options = f" ({facts['identity options']})" if "identity options" in facts else ""
        parts.append(f"GENERATED {facts['identity']} AS IDENTITY{options}")
    return " ".join(parts)


def _attached(items: Iterable[Item]) -> str:
    """What stands beside a table or view: indexes, triggers, rules, policies, statistics."""
    text = ""
    for kind in ("index", "statistics", "trigger", "rule", "policy"):
        for item in sorted((item for item in items if item.kind == kind), key=lambda item: item.name):
            text += _policy(item) if kind == "policy" else _defined(item)
    return text


def _defined(item: Item) -> str:
    facts = item.facts
    notes = [f"{fact}: {facts[fact]}" for fact in ("invalid", "cluster", "enabled") if fact in facts]
    text = f"{facts['definition'].rstrip().removesuffix(';')};{' -- ' + ', '.join(notes) if notes else ''}\n"
    if "comment" in facts:
        name = item.name if item.kind in {"index", "statistics"} else f"{item.short_name} ON {item.parent}"
        text += _comment(item.kind.upper(), name, facts["comment"]) + "\n"
    return text


def _policy(item: Item) -> str:
    facts = item.facts
    parts = [f"CREATE POLICY {item.short_name} ON {item.parent}"]
    parts += ["AS RESTRICTIVE"] if "restrictive" in facts else []
    parts += [f"FOR {facts['command']} TO {facts['roles']}"]
    parts += [f"USING ({facts['using']})"] if "using" in facts else []
    parts += [f"WITH CHECK ({facts['with check']})"] if "with check" in facts else []
    return " ".join(parts) + ";\n"


def _view(item: Item, children: _Children) -> str:
    facts = item.facts
    options = f" WITH ({facts['options']})" if "options" in facts else ""
    query = facts["definition"].strip().removesuffix(";")
    text = _statements(
        item, item.kind.upper(), f"CREATE {item.kind.upper()} {item.name}{options} AS\n{query};"
    )
    if "column comments" in facts:
        text += f"-- column comments: {facts['column comments']}\n"
    return text + _attached(children.get(item.name, ()))


def _event_trigger(item: Item, _: _Children) -> str:
    facts = item.facts
    tags = f" WHEN TAG IN ({facts['tags']})" if "tags" in facts else ""
    return _statements(
        item,
        "EVENT TRIGGER",
        f"CREATE EVENT TRIGGER {item.name} ON {facts['event']}{tags} EXECUTE FUNCTION {facts['function']}();",
    )


def _grant(item: Item, _: _Children) -> str:
    grantable = f" -- grantable: {item.facts['grantable']}" if "grantable" in item.facts else ""
    return f"GRANT {item.facts['rights']} ON {item.name};{grantable}\n"


_WRITERS: dict[str, Callable[[Item, _Children], str]] = {
    "extension": _extension,
    "schema": _schema,
    "enum": _enum,
    "composite": _composite,
    "range": _range,
    "domain": _domain,
    "sequence": _sequence,
    "function": _function,
    "procedure": _function,
    "aggregate": _aggregate,
    "table": _table,
    "view": _view,
    "materialized view": _view,
    "event trigger": _event_trigger,
    "grant": _grant,
}
