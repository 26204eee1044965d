"""What was made elsewhere, or left behind, comes under the maintainer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.partitioning import (
    Adoption,
    AdoptionRefused,
    Grain,
    Maintainer,
    PartitionCatalog,
    Period,
    Policy,
    PolicyNotFound,
    RowsOutside,
    repairs,
)
from tests.support.databases import TestDatabase

NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
OCTOBER = Grain.MONTH.period(datetime(2026, 10, 9, tzinfo=UTC))
POLICY = Policy(parent="readings", grain=Grain.MONTH, premake=2, back=0, keep=timedelta(days=90))
TABLE = """
    CREATE TABLE readings (
      device text NOT NULL,
      at timestamptz NOT NULL,
      value double precision,
      CONSTRAINT readings_pkey PRIMARY KEY (device, at),
      CONSTRAINT readings_value_check CHECK (value < 1000)
    ) PARTITION BY RANGE (at)
"""


@pytest_asyncio.fixture
async def owner(database: TestDatabase) -> AsyncIterator[Connection]:
    """Of a database in which somebody else made a partitioned table."""
    connection = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    await connection.execute(TABLE)
    yield connection
    await connection.close()


def adoption(connection: Connection) -> Adoption:
    return Adoption(connection, clock=lambda: NOW)


async def adopted(connection: Connection) -> Adoption:
    found = adoption(connection)
    await found.adopt_parent(POLICY)
    return found


async def ask(connection: Connection, query: str) -> list[tuple[object, ...]]:
    return await (await connection.execute(query.encode())).fetchall()


async def leaf_of(connection: Connection, name: str, *moments: datetime, like: str = "INCLUDING ALL") -> None:
    await connection.execute(f"CREATE TABLE {name} (LIKE readings {like})".encode())
    for moment in moments:
        await connection.execute(f"INSERT INTO {name} VALUES ('d', %s, 1)".encode(), (moment,))


async def test_a_partitioned_table_gets_a_policy_and_its_first_partitions(owner: Connection) -> None:
    await adopted(owner)
    outcome = await Maintainer(owner, clock=lambda: NOW).run()
    assert not outcome.failed
    situation = await PartitionCatalog(owner).situation("readings")
    assert [leaf.name for leaf in situation.leaves] == [
        "readings_202611",
        "readings_202612",
        "readings_202701",
    ]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT 1", "no such table"),
        ("CREATE TABLE other (at timestamptz)", "not partitioned"),
        ("CREATE TABLE other (at timestamptz) PARTITION BY LIST (at)", "not partitioned BY RANGE of one"),
        ("CREATE TABLE other (at timestamp) PARTITION BY RANGE (at)", "not partitioned BY RANGE of one"),
        ("CREATE TABLE other (at timestamptz, b int) PARTITION BY RANGE (at, b)", "BY RANGE of one"),
    ],
)
async def test_another_kind_of_table_gets_none(owner: Connection, statement: str, reason: str) -> None:
    await owner.execute(statement.encode())
    with pytest.raises(AdoptionRefused, match=reason):
        await adoption(owner).adopt_parent(Policy(parent="other", premake=3, back=0, keep=timedelta(days=9)))


async def test_a_second_policy_is_refused(owner: Connection) -> None:
    await adopted(owner)
    with pytest.raises(AdoptionRefused, match="has a policy already"):
        await adoption(owner).adopt_parent(POLICY)


async def test_a_table_becomes_the_partition_its_rows_or_its_name_or_the_caller_say(
    owner: Connection,
) -> None:
    work = await adopted(owner)
    first, last = datetime(2026, 10, 9, 13, tzinfo=UTC), datetime(2026, 10, 11, 1, tzinfo=UTC)
    await leaf_of(owner, "by_rows", first, last)
    await leaf_of(owner, "readings_202609")
    await leaf_of(owner, "by_range")
    day = timedelta(days=1)
    assert await work.adopt_leaf("readings", "by_rows") == Period(
        datetime(2026, 10, 9, tzinfo=UTC), datetime(2026, 10, 12, tzinfo=UTC)
    )
    assert (await work.adopt_leaf("readings", "readings_202609")).lower == datetime(2026, 9, 1, tzinfo=UTC)
    chosen = Period(datetime(2026, 10, 12, tzinfo=UTC), datetime(2026, 10, 12, tzinfo=UTC) + day)
    assert await work.adopt_leaf("readings", "by_range", chosen) == chosen
    assert await ask(owner, "SELECT count(*) FROM readings") == [(2,)]


async def test_every_reason_against_a_table_is_told_at_once(owner: Connection) -> None:
    work = await adopted(owner)
    await owner.execute("CREATE TABLE odd (device text, at timestamptz NOT NULL, value double precision)")
    with pytest.raises(AdoptionRefused) as refused:
        await work.adopt_leaf("readings", "odd", OCTOBER)
    told = str(refused.value)
    assert "it has no column device text NOT NULL" in told
    assert "it has no index PRIMARY KEY btree (device, at)" in told
    assert "it has no constraint CHECK ((value < (1000)::double precision))" in told


async def test_rows_outside_the_range_are_refused_and_nothing_is_changed(owner: Connection) -> None:
    work = await adopted(owner)
    await leaf_of(owner, "loose", OCTOBER.upper)
    with pytest.raises(RowsOutside, match="loose has rows outside 2026-10-01 to 2026-11-01"):
        await work.adopt_leaf("readings", "loose", OCTOBER)
    assert await ask(
        owner, "SELECT count(*) FROM pg_constraint WHERE conname = 'partition_bounds_check'"
    ) == [(0,)]


async def test_a_range_that_is_taken_or_too_old_or_cuts_a_day_is_refused(owner: Connection) -> None:
    work = await adopted(owner)
    await leaf_of(owner, "one")
    await leaf_of(owner, "two")
    await work.adopt_leaf("readings", "one", OCTOBER)
    with pytest.raises(AdoptionRefused, match="one holds a part of 2026-10-01 to 2026-11-01"):
        await work.adopt_leaf("readings", "two", OCTOBER)
    hours = Period(OCTOBER.upper, OCTOBER.upper + timedelta(hours=5))
    with pytest.raises(AdoptionRefused, match="within a UTC day"):
        await work.adopt_leaf("readings", "two", hours)
    july = Grain.MONTH.period(datetime(2026, 7, 1, tzinfo=UTC))
    with pytest.raises(AdoptionRefused, match="older than the 90 days"):
        await work.adopt_leaf("readings", "two", july)
    with pytest.raises(AdoptionRefused, match="names no period"):
        await work.adopt_leaf("readings", "two")
    with pytest.raises(AdoptionRefused, match="no plain table of its own"):
        await work.adopt_leaf("readings", "one", OCTOBER)
    with pytest.raises(PolicyNotFound):
        await work.adopt_leaf("users", "two")


async def test_a_default_partition_is_emptied_into_partitions_and_goes_and_no_row_is_lost(
    owner: Connection,
) -> None:
    await adopted(owner)
    await owner.execute("CREATE TABLE readings_rest PARTITION OF readings DEFAULT")
    moments = [NOW - timedelta(days=days) for days in range(0, 60, 3)]
    strangers = [datetime(1970, 1, 1, tzinfo=UTC), datetime(2031, 5, 5, tzinfo=UTC)]
    for moment in moments + strangers:
        await owner.execute("INSERT INTO readings VALUES ('d', %s, 1)", (moment,))
    outcome = await Maintainer(owner, clock=lambda: NOW).run(repairs)
    assert not outcome.failed
    assert await ask(owner, "SELECT count(*) FROM readings") == [(len(moments),)]
    assert await ask(owner, "SELECT at FROM readings_strays ORDER BY at") == [
        (moment,) for moment in strangers
    ]
    assert await ask(owner, "SELECT to_regclass('readings_rest')") == [(None,)]
    situation = await PartitionCatalog(owner).situation("readings")
    assert (situation.default, situation.gaps) == (None, [])


async def test_a_repair_brings_back_what_fits_and_tells_what_does_not(owner: Connection) -> None:
    await adopted(owner)
    await Maintainer(owner, clock=lambda: NOW).run()
    await leaf_of(owner, "readings_202609", datetime(2026, 9, 9, tzinfo=UTC))
    await leaf_of(owner, "readings_202610", datetime(2026, 9, 9, 1, tzinfo=UTC))
    outcome = await Maintainer(owner, clock=lambda: NOW).run(repairs)
    assert [step.leaf for step in outcome.done] == ["readings_202609"]
    (failure,) = outcome.failed
    assert isinstance(failure.error, RowsOutside)
    assert await ask(owner, "SELECT count(*) FROM readings") == [(1,)]
