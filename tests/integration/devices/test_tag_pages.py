"""Lists by tags from pages of bits: the same as without, whatever changed since the pages were made."""

from collections.abc import Collection, Sequence
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceFilter, DeviceService
from iotistic.devices.search import TagSearch
from iotistic.devices.search.repository import PageRepository
from iotistic.devices.search.stretches import Page
from iotistic.devices.search.terms import Term
from iotistic.devices.tag_expression import Expression, matches, parse_tag_expression, render
from tests.support.databases import TestDatabase
from tests.support.tag_expressions import expressions

WORDS = ["a", "b", "c"]
OSLO = parse_tag_expression("site=oslo")


async def add(connection: Connection, name: str, **tags: str) -> UUID:
    device = await DeviceService(connection).create_device(name=name, kind="sensor")
    for key, value in tags.items():
        await DeviceService(connection).set_tag(device.uuid, key, value)
    return device.uuid


async def found(
    connection: Connection, where: Expression, *, after: str | None = None, limit: int = 100
) -> list[str]:
    devices = await TagSearch(connection).list_devices(where, after=after, limit=limit)
    assert devices is not None
    return [device.name for device in devices]


async def count(connection: Connection, table: str) -> int:
    queries = {
        "search_pages": "SELECT count(*) FROM search_pages",
        "search_changes": "SELECT count(*) FROM search_changes",
    }
    row = await (await connection.execute(queries[table].encode())).fetchone()
    assert row is not None
    return int(row[0])


async def paged(connection: Connection, where: Expression, limit: int) -> list[str]:
    seen: list[str] = []
    while page := await found(connection, where, after=seen[-1] if seen else None, limit=limit):
        seen += page
    return seen


async def furnish(connection: Connection, known: dict[str, dict[str, str]]) -> None:
    """Devices in three pages, and since then one of each kind of change."""
    for number in range(12):
        tags = {key: WORDS[(number + place) % 3] for place, key in enumerate(WORDS) if number % (place + 2)}
        name = f"device {number:02}"
        await add(connection, name, **tags)
        known[name] = tags
    await TagSearch(connection).pack(size=4)
    assert (await count(connection, "search_pages"), await count(connection, "search_changes")) == (3, 0)
    devices = DeviceService(connection)

    async def uuid(name: str) -> UUID:
        device = await devices.find_device_by_name(name)
        assert device is not None
        return device.uuid

    await devices.set_tag(await uuid("device 02"), "a", "c")
    known["device 02"]["a"] = "c"
    await devices.remove_tag(await uuid("device 05"), "a")
    del known["device 05"]["a"]
    await devices.rename_device(await uuid("device 01"), "device 99")
    known["device 99"] = known.pop("device 01")
    await devices.rename_device(await uuid("device 11"), "a first one")
    known["a first one"] = known.pop("device 11")
    await devices.retire_device(await uuid("device 07"))
    del known["device 07"]
    known["device 055"] = {"a": "a"}
    await add(connection, "device 055", a="a")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    expression=expressions(st.sampled_from(WORDS)), limit=st.sampled_from([1, 3, 50]), is_packed=st.booleans()
)
async def test_pages_and_what_changed_since_mean_what_the_language_means(
    connection: Connection, expression: Expression, limit: int, is_packed: bool
) -> None:
    async with connection.transaction(force_rollback=True):
        known: dict[str, dict[str, str]] = {}
        await furnish(connection, known)
        if is_packed:
            await TagSearch(connection).pack(size=4)
            assert await count(connection, "search_changes") == 0
        expected = sorted(name for name, tags in known.items() if matches(expression, tags))
        assert await paged(connection, expression, limit) == expected, render(expression)


async def test_only_the_pages_that_a_change_concerns_are_made_anew(connection: Connection) -> None:
    for number in range(12):
        await add(connection, f"n{number:02}")
    await TagSearch(connection).pack(size=4)
    before = [page.id for page in await PageRepository(connection).list_pages([], after=None)]
    await add(connection, "n05b", site="oslo")
    assert await TagSearch(connection).pack(size=4) == 1
    after = await PageRepository(connection).list_pages([], after=None)
    assert [page.id for page in after if page.id in before] == [before[0], before[2]]
    assert sorted(page.devices for page in after) == [2, 3, 4, 4]
    assert await found(connection, OSLO) == ["n05b"]


async def test_pages_of_which_every_device_went_vanish_and_their_names_are_free(
    connection: Connection,
) -> None:
    devices = DeviceService(connection)
    gone = [await add(connection, f"n{number}", site="oslo") for number in range(4)]
    await TagSearch(connection).pack(size=2)
    for uuid in gone[:2]:
        await devices.retire_device(uuid)
    assert await found(connection, OSLO) == ["n2", "n3"]
    await add(connection, "n0", site="oslo")
    await add(connection, "a", site="oslo")
    await TagSearch(connection).pack(size=2)
    assert await found(connection, OSLO) == ["a", "n0", "n2", "n3"]
    assert await count(connection, "search_changes") == 0


async def test_a_restored_device_is_found_again_by_what_it_is_now(connection: Connection) -> None:
    uuid = await add(connection, "pump", site="oslo")
    await TagSearch(connection).pack()
    await DeviceService(connection).retire_device(uuid)
    await DeviceService(connection).set_tag(uuid, "site", "bonn")
    await DeviceService(connection).restore_device(uuid)
    assert await found(connection, OSLO) == []
    assert await found(connection, parse_tag_expression("site=bonn")) == ["pump"]


async def test_a_change_that_commits_after_the_packing_is_not_lost(database: TestDatabase) -> None:
    async def opened() -> Connection:
        return await connect(database.endpoint("owner"), database.name, application_name="test")

    one, other = await opened(), await opened()
    uuid = await add(one, "pump", site="bonn")
    await one.commit()
    await TagSearch(other).pack()
    await other.commit()
    await DeviceService(one).set_tag(uuid, "site", "oslo")
    await add(other, "valve", site="oslo")
    await TagSearch(other).pack()
    await other.commit()
    await one.commit()
    assert await found(other, OSLO) == ["pump", "valve"]
    await TagSearch(other).pack()
    await other.commit()
    assert await found(other, OSLO) == ["pump", "valve"]
    await one.close()
    await other.close()


async def test_pages_made_anew_while_a_list_reads_them_are_not_trusted(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list read the pages before, and the changes after: what was packed in between would be in neither."""
    await add(connection, "pump", site="oslo")
    read = PageRepository.list_pages

    async def packing(
        self: PageRepository, terms: Collection[Term], *, after: str | None, start: str | None, limit: int
    ) -> Sequence[Page]:
        pages = await read(self, terms, after=after, start=start, limit=limit)
        await TagSearch(connection).pack()
        return pages

    monkeypatch.setattr(PageRepository, "list_pages", packing)
    assert await TagSearch(connection).list_devices(OSLO, after=None, limit=10) is None
    monkeypatch.undo()
    listed = await DeviceService(connection).list_devices(DeviceFilter(where=OSLO))
    assert [device.name for device in listed] == ["pump"]


async def test_more_changes_than_a_list_looks_at_are_left_to_the_indexes(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO devices (name, kind) SELECT 'x-' || lpad(n::text, 4, '0'), 'sensor' FROM generate_series(1, 2000) AS n"
    )
    none = parse_tag_expression("has site")
    assert await TagSearch(connection).list_devices(none, after=None, limit=10) == []
    uuid = await add(connection, "pump", site="oslo")
    assert uuid
    assert await TagSearch(connection).list_devices(none, after=None, limit=10) is None
    listed = await DeviceService(connection).list_devices(DeviceFilter(where=none))
    assert [device.name for device in listed] == ["pump"]
