"""Which statements care for some tables."""

from collections.abc import Collection, Sequence

from iotistic.operations.maintenance.model import Act, BrokenIndex, Table, TableUnknown, Task

__all__ = ["plan_analyze", "plan_cleanup", "plan_reindex", "plan_vacuum"]


def plan_vacuum(
    tables: Sequence[Table], names: Collection[str], *, analyze: bool, freeze: bool
) -> tuple[Task, ...]:
    """Every leaf and plain table, the largest first; with `analyze` the partitioned ones' own statistics at the end.

    Names are tables, leaves, or partitioned tables, which bring their leaves; none means all. Raises TableUnknown.
    """
    chosen = _chosen(tables, names)
    tasks = [
        Task(act=Act.VACUUM, name=table.name, bytes=table.bytes, analyze=analyze, freeze=freeze)
        for table in _largest_first(chosen)
    ]
    parents = [Task(act=Act.ANALYZE, name=table.name, only=True) for table in chosen if table.is_partitioned]
    return (*tasks, *(parents if analyze else ()))


def plan_analyze(tables: Sequence[Table], names: Collection[str]) -> tuple[Task, ...]:
    """Each table once: a partitioned one with its leaves, in one statement. Raises TableUnknown."""
    chosen = _chosen(tables, names)
    known = {table.name for table in chosen}
    tops = [table for table in chosen if table.root == table.name or table.root not in known]
    sizes = {table.name: 0 for table in tops}
    for table in chosen:
        key = table.name if table.name in sizes else table.root
        sizes[key] = sizes.get(key, 0) + table.bytes
    return tuple(
        Task(act=Act.ANALYZE, name=table.name, bytes=sizes[table.name])
        for table in sorted(tops, key=lambda table: -sizes[table.name])
    )


def plan_reindex(
    tables: Sequence[Table], broken: Sequence[BrokenIndex], names: Collection[str]
) -> tuple[Task, ...]:
    """First what broken builds left and INVALID indexes, which REINDEX TABLE would skip; then every table. Raises TableUnknown."""
    chosen = _chosen(tables, names)
    known = {table.name for table in chosen}
    mine = [index for index in broken if index.table_name in known]
    return (
        *plan_cleanup(mine),
        *(Task(act=Act.REINDEX_INDEX, name=index.name) for index in mine if not index.is_remains),
        *(
            Task(act=Act.REINDEX_TABLE, name=table.name, bytes=table.bytes)
            for table in _largest_first(chosen)
        ),
    )


def plan_cleanup(broken: Sequence[BrokenIndex]) -> tuple[Task, ...]:
    """Drops what broken REINDEX CONCURRENTLYs left beside indexes."""
    return tuple(Task(act=Act.DROP_INDEX, name=index.name) for index in broken if index.is_remains)


def _chosen(tables: Sequence[Table], names: Collection[str]) -> list[Table]:
    if not names:
        return list(tables)
    wanted = {name.removeprefix("public.") for name in names}
    known = {table.name for table in tables}
    unknown = sorted(wanted - known)
    if unknown:
        raise TableUnknown(
            f"There is no table {', '.join(unknown)}.",
            hint="`iotistic db sizes` lists them; a name with capitals goes in double quotes, another schema in front.",
        )
    return [table for table in tables if table.name in wanted or table.root in wanted]


def _largest_first(tables: Sequence[Table]) -> list[Table]:
    return sorted((table for table in tables if not table.is_partitioned), key=lambda table: -table.bytes)
