"""Lists from pages of bits: the same as without, whatever is asked and whatever changed since the pages were made."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotistic.bounds import Bounds
from iotistic.database.pool import Connection, connect
from iotistic.devices import ConnectionStatus, DeviceFilter, DeviceService
from iotistic.devices.fleets import FleetDraft, FleetService
from iotistic.devices.search import DeviceSearch, service
from iotistic.devices.search.repository import PageRepository
from iotistic.devices.search.stretches import Page
from iotistic.devices.search.terms import Term
from iotistic.devices.tag_expression import matches, parse_tag_expression
from tests.support.databases import TestDatabase
from tests.support.tag_expressions import expressions

WORDS = ["a", "b", "c"]
FLEETS = ["north", "south"]
STATUSES: list[ConnectionStatus] = ["never", "online", "offline"]
OSLO = DeviceFilter(where=parse_tag_expression("site=oslo"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a device is, as this test knows it."""

    name: str
    kind: str
    fleet: str | None
    status: ConnectionStatus = "never"
    tags: dict[str, str] = field(default_factory=dict)


async def add(
    connection: Connection, name: str, kind: str = "sensor", fleet: str | None = None, **tags: str
) -> UUID:
    device = await DeviceService(connection).create_device(name=name, kind=kind, fleet=fleet)
    for key, value in tags.items():
        await DeviceService(connection).set_tag(device.uuid, key, value)
    return device.uuid


async def found(
    connection: Connection, which: DeviceFilter, *, after: str | None = None, limit: int = 100
) -> list[str]:
    """What the pages say, and nothing but the pages."""
    listed = await from_pages(connection, which, after=after, limit=limit)
    assert listed is not None
    return listed


async def from_pages(
    connection: Connection, which: DeviceFilter, *, after: str | None = None, limit: int = 100
) -> list[str] | None:
    service = DeviceService(connection)
    devices = await service._search.list_devices(
        which, await service._criteria(which), after=after, limit=limit
    )
    return None if devices is None else [device.name for device in devices]


async def count(connection: Connection, table: str) -> int:
    queries = {
        "search_pages": "SELECT count(*) FROM search_pages",
        "search_changes": "SELECT count(*) FROM search_changes",
        "search_status_changes": "SELECT count(*) FROM search_status_changes",
    }
    row = await (await connection.execute(queries[table].encode())).fetchone()
    assert row is not None
    return int(row[0])


async def paged(connection: Connection, which: DeviceFilter, limit: int) -> list[str]:
    seen: list[str] = []
    while page := await found(connection, which, after=seen[-1] if seen else None, limit=limit):
        seen += page
    return seen


@pytest.fixture
async def furnished(connection: Connection) -> dict[UUID, Known]:
    """Devices in three pages."""
    known: dict[UUID, Known] = {}
    for name in FLEETS:
        await FleetService(connection).create_fleet(name, FleetDraft())
    for number in range(12):
        one = Known(
            name=f"Device\n{number:02}" if number == 3 else f"Device {number:02}",
            kind="gateway" if number % 3 == 1 else "sensor",
            fleet=[None, *FLEETS][number % 3],
            tags={
                key: WORDS[(number + place) % 3] for place, key in enumerate(WORDS) if number % (place + 2)
            },
        )
        uuid = await add(connection, one.name, one.kind, one.fleet, **one.tags)
        known[uuid] = one
        await turn(connection, known, uuid, STATUSES[number % 3])
    await DeviceSearch(connection).pack(size=4)
    assert await count(connection, "search_pages") == 3
    assert await noted(connection) == (0, 0)
    return known


async def turn(
    connection: Connection, known: dict[UUID, Known], uuid: UUID, status: ConnectionStatus
) -> None:
    await connection.execute("UPDATE devices SET connection_status = %s WHERE uuid = %s", (status, uuid))
    known[uuid] = replace(known[uuid], status=status)


async def change(connection: Connection, known: dict[UUID, Known]) -> None:
    """One of each kind."""
    devices = DeviceService(connection)
    by_number = list(known)

    async def tag(number: int, value: str | None) -> None:
        uuid = by_number[number]
        tags = {key: word for key, word in known[uuid].tags.items() if key != "a"}
        if value is None:
            await devices.remove_tag(uuid, "a")
        else:
            await devices.set_tag(uuid, "a", value)
            tags["a"] = value
        known[uuid] = replace(known[uuid], tags=tags)

    async def rename(number: int, name: str) -> None:
        await devices.rename_device(by_number[number], name)
        known[by_number[number]] = replace(known[by_number[number]], name=name)

    await tag(2, "c")
    await tag(5, None)
    await rename(1, "device 99")
    await rename(11, "a first one")
    await devices.retire_device(by_number[7])
    del known[by_number[7]]
    new = await add(connection, "Device 055", "sensor", "north", a="a")
    known[new] = Known(name="Device 055", kind="sensor", fleet="north", tags={"a": "a"})
    await FleetService(connection).assign("south", [by_number[6]])
    known[by_number[6]] = replace(known[by_number[6]], fleet="south")
    for number, status in ((0, "online"), (4, "offline"), (8, "never"), (11, "online")):
        await turn(connection, known, by_number[number], status)


async def noted(connection: Connection) -> tuple[int, int]:
    return await count(connection, "search_changes"), await count(connection, "search_status_changes")


def is_meant(device: Known, uuid: UUID, which: DeviceFilter, fleets: dict[str, int]) -> bool:
    bounds = which.bounds
    return (
        (which.where is None or matches(which.where, device.tags))
        and which.kind in {None, device.kind}
        and which.fleet in {None, device.fleet}
        and which.status in {None, device.status}
        and (which.name is None or which.name.lower() in device.name.lower())
        and (bounds is None or fleets.get(device.fleet or "") in bounds.fleets or uuid in bounds.devices)
    )


WORD = st.sampled_from(WORDS)
QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        "where": expressions(WORD),
        "kind": st.sampled_from(["sensor", "gateway", "host"]),
        "fleet": st.sampled_from(FLEETS),
        "status": st.sampled_from(STATUSES),
        "name": st.sampled_from(["0", "DEVICE", "e 0", "1", "\n", "device\n03", "%", "x"]),
        "inside": st.tuples(
            st.sets(st.sampled_from(FLEETS), max_size=1), st.sets(st.integers(0, 11), max_size=2)
        ),
    },
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=QUESTIONS,
    limit=st.sampled_from([1, 3, 50]),
    times=st.tuples(st.sampled_from(["before", "between", "after"]), st.sampled_from([0, 50])),
)
async def test_pages_and_what_changed_since_say_what_is_so(
    connection: Connection,
    furnished: dict[UUID, Known],
    asked: dict[str, Any],
    limit: int,
    times: tuple[str, int],
) -> None:
    packed, spare = times
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(service, "_SPARE", spare)
        async with connection.transaction(force_rollback=True):
            await answer_rightly(connection, dict(furnished), dict(asked), limit, packed)


async def answer_rightly(
    connection: Connection, known: dict[UUID, Known], asked: dict[str, Any], limit: int, packed: str
) -> None:
    uuids = list(known)
    await change(connection, known)
    if packed == "between":
        await DeviceSearch(connection).pack(size=4)
        await turn(connection, known, uuids[3], "offline")
    if packed == "after":
        await DeviceSearch(connection).pack(size=4)
        assert await noted(connection) == (0, 0)
    fleets = {name: await FleetService(connection).get_fleet_id(name) for name in FLEETS}
    if "inside" in asked:
        names, numbers = asked.pop("inside")
        asked["bounds"] = Bounds(
            fleets=frozenset(fleets[name] for name in names),
            devices=frozenset(uuids[number] for number in numbers),
        )
    which = DeviceFilter(**asked)
    expected = sorted(one.name for uuid, one in known.items() if is_meant(one, uuid, which, fleets))
    assert sorted(await paged(connection, which, limit)) == expected, asked
    in_order = await connection.execute(
        "SELECT name FROM unnest(%s::text[]) AS n (name) ORDER BY name", (expected,)
    )
    assert await paged(connection, which, limit) == [row[0] for row in await in_order.fetchall()]


async def test_a_page_of_which_only_statuses_changed_stays(connection: Connection) -> None:
    uuids = [await add(connection, f"n{number}") for number in range(8)]
    await DeviceSearch(connection).pack(size=4)
    before = [page.id for page in await PageRepository(connection).list_pages([], after=None)]
    await DeviceService(connection).touch_contacts([uuids[1], uuids[6]])
    online = DeviceFilter(status="online")
    assert await noted(connection) == (0, 2)
    assert await found(connection, online) == ["n1", "n6"]
    assert await DeviceSearch(connection).pack(size=4) == 2
    assert [page.id for page in await PageRepository(connection).list_pages([], after=None)] == before
    assert await found(connection, online) == ["n1", "n6"]
    assert await found(connection, DeviceFilter(status="never", name="6")) == []


async def test_candidates_that_went_do_not_let_a_later_device_come_first(connection: Connection) -> None:
    """Those at hand are looked up first; a changed device behind them waits for the rest of their page."""
    uuids = [await add(connection, f"n{number:03}", site="oslo") for number in range(120)]
    await DeviceSearch(connection).pack()
    for uuid in uuids[:60]:
        await DeviceService(connection).retire_device(uuid)
    await add(connection, "n200", site="oslo")
    assert await found(connection, OSLO, limit=2) == ["n060", "n061"]
    assert await found(connection, OSLO, after="n118") == ["n119", "n200"]


async def test_only_the_pages_that_a_change_concerns_are_made_anew(connection: Connection) -> None:
    for number in range(12):
        await add(connection, f"n{number:02}")
    await DeviceSearch(connection).pack(size=4)
    before = [page.id for page in await PageRepository(connection).list_pages([], after=None)]
    await add(connection, "n05b", site="oslo")
    assert await DeviceSearch(connection).pack(size=4) == 1
    after = await PageRepository(connection).list_pages([], after=None)
    assert [page.id for page in after if page.id in before] == [before[0], before[2]]
    assert sorted(page.devices for page in after) == [2, 3, 4, 4]
    assert await found(connection, OSLO) == ["n05b"]


async def test_pages_of_which_every_device_went_vanish_and_their_names_are_free(
    connection: Connection,
) -> None:
    devices = DeviceService(connection)
    gone = [await add(connection, f"n{number}", site="oslo") for number in range(4)]
    await DeviceSearch(connection).pack(size=2)
    for uuid in gone[:2]:
        await devices.retire_device(uuid)
    assert await found(connection, OSLO) == ["n2", "n3"]
    await add(connection, "n0", site="oslo")
    await add(connection, "a", site="oslo")
    await DeviceSearch(connection).pack(size=2)
    assert await found(connection, OSLO) == ["a", "n0", "n2", "n3"]
    assert await count(connection, "search_changes") == 0


async def test_a_restored_device_is_found_again_by_what_it_is_now(connection: Connection) -> None:
    uuid = await add(connection, "pump", site="oslo")
    await DeviceSearch(connection).pack()
    await DeviceService(connection).retire_device(uuid)
    await DeviceService(connection).set_tag(uuid, "site", "bonn")
    await DeviceService(connection).restore_device(uuid)
    assert await found(connection, OSLO) == []
    assert await found(connection, DeviceFilter(where=parse_tag_expression("site=bonn"))) == ["pump"]


async def test_a_change_that_commits_after_the_packing_is_not_lost(database: TestDatabase) -> None:
    async def opened() -> Connection:
        return await connect(database.endpoint("owner"), database.name, application_name="test")

    one, other = await opened(), await opened()
    uuid = await add(one, "pump", site="bonn")
    await one.commit()
    await DeviceSearch(other).pack()
    await other.commit()
    await DeviceService(one).set_tag(uuid, "site", "oslo")
    await add(other, "valve", site="oslo")
    await DeviceSearch(other).pack()
    await other.commit()
    await one.commit()
    assert await found(other, OSLO) == ["pump", "valve"]
    await DeviceSearch(other).pack()
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
        self: PageRepository,
        terms: Collection[Term],
        inside: Collection[UUID] | None,
        **options: Any,  # noqa: ANN401 - whatever the list says
    ) -> Sequence[Page]:
        pages = await read(self, terms, inside, **options)
        await DeviceSearch(connection).pack()
        return pages

    monkeypatch.setattr(PageRepository, "list_pages", packing)
    assert await from_pages(connection, OSLO) is None
    monkeypatch.undo()
    listed = await DeviceService(connection).list_devices(OSLO)
    assert [device.name for device in listed] == ["pump"]


async def test_more_changes_than_a_list_looks_at_are_left_to_the_indexes(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO devices (name, kind) SELECT 'x-' || lpad(n::text, 4, '0'), 'sensor' FROM generate_series(1, 2000) AS n"
    )
    some = DeviceFilter(where=parse_tag_expression("has site"))
    assert await from_pages(connection, some) == []
    uuid = await add(connection, "pump", site="oslo")
    assert uuid
    assert await from_pages(connection, some) is None
    listed = await DeviceService(connection).list_devices(some)
    assert [device.name for device in listed] == ["pump"]
