"""Files of devices, stored."""

from collections.abc import Sequence

import pytest

from iotistic.database.pool import Connection
from iotistic.devices import DeviceInvalid, DeviceService, Tag, TagInvalid
from iotistic.devices.bulk import BulkService, DeviceRecord, ImportReport, LineProblem, read_devices
from iotistic.devices.fleets import FleetDraft, FleetService
from iotistic.devices.rules import fault_of_device, fault_of_tag
from iotistic.devices.tagging import TagDefinitionDraft, TaggingService


async def bring(
    connection: Connection, *rows: str, header: str = "name,kind,serial,fleet,tag.site"
) -> ImportReport:
    text = "\n".join([header, *rows])
    return await BulkService(connection).import_devices(read_devices(text.encode(), "csv"))


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


def reasons(report: ImportReport) -> Sequence[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in report.problems]


async def test_the_same_file_twice_makes_nothing_twice(connection: Connection) -> None:
    await FleetService(connection).create_fleet("spree", FleetDraft())
    rows = ("a,sensor,s1,spree,berlin", "b,host,s2,,")
    assert counts(await bring(connection, *rows)) == (2, 0, 0, 0)
    assert counts(await bring(connection, *rows)) == (0, 0, 2, 0)
    made = await DeviceService(connection).list_devices()
    assert [(one.name, one.kind, one.serial, one.fleet) for one in made] == [
        ("a", "sensor", "s1", "spree"),
        ("b", "host", "s2", None),
    ]
    assert await DeviceService(connection).list_tags(made[0].uuid) == [Tag(key="site", value="berlin")]


async def test_a_known_serial_becomes_what_the_line_says_and_keeps_the_rest(connection: Connection) -> None:
    await FleetService(connection).create_fleet("spree", FleetDraft())
    await bring(connection, "a,sensor,s1,spree,berlin", "b,sensor,s2,,", "c,sensor,s3,,")
    report = await bring(connection, "a2,host,s1,,", "b,sensor,s2,,bonn", "c,sensor,s3,,")
    assert counts(report) == (0, 2, 1, 0)
    a = await DeviceService(connection).find_device_by_name("a2")
    assert a is not None
    assert (a.kind, a.fleet) == ("host", "spree")
    assert await DeviceService(connection).list_tags(a.uuid) == [Tag(key="site", value="berlin")]


async def test_good_lines_are_stored_and_bad_ones_told(connection: Connection) -> None:
    await DeviceService(connection).create_device(name="taken", kind="host")
    await DeviceService(connection).create_device(name="known", kind="host", serial="mine")
    await TaggingService(connection).define("site", TagDefinitionDraft(allowed_values=["berlin"]))
    report = await bring(
        connection,
        "good,sensor,s1,,berlin",
        "taken,sensor,s2,,",
        "x,sensor,s3,nowhere,",
        "y,sensor,s4,,bonn",
        "z,Sensor,s5,,",
        "known,host,mine,,",
        "w,sensor,s1,,",
    )
    assert counts(report) == (1, 0, 1, 5)
    assert reasons(report) == [
        (3, "device_name_taken"),
        (4, "fleet_not_found"),
        (5, "tag_invalid"),
        (6, "device_invalid"),
        (8, "serial_twice"),
    ]
    assert [one.name for one in await DeviceService(connection).list_devices()] == ["good", "known", "taken"]


async def test_without_a_serial_a_line_is_a_new_device_and_its_name_is_taken_the_second_time(
    connection: Connection,
) -> None:
    assert counts(await bring(connection, "a,sensor,,,")) == (1, 0, 0, 0)
    assert reasons(await bring(connection, "a,sensor,,,")) == [(2, "device_name_taken")]


async def test_a_retired_device_is_not_known_any_more(connection: Connection) -> None:
    await bring(connection, "a,sensor,s1,,")
    [old] = await DeviceService(connection).list_devices()
    await DeviceService(connection).retire_device(old.uuid)
    assert counts(await bring(connection, "a,sensor,s1,,")) == (1, 0, 0, 0)


async def test_nothing_but_problems_is_a_report_too(connection: Connection) -> None:
    problem = LineProblem(line=1, code="malformed", message="x")
    report = await BulkService(connection).import_devices([problem])
    assert (counts(report), report.problems) == ((0, 0, 0, 1), [problem])
    assert counts(await BulkService(connection).import_devices([])) == (0, 0, 0, 0)


async def test_what_goes_out_is_what_came_in_without_what_the_fleet_gives(connection: Connection) -> None:
    await FleetService(connection).create_fleet("spree", FleetDraft(default_tags={"tier": "gold"}))
    await bring(connection, "a,sensor,s1,spree,berlin", "b,host,,,")
    bulk = BulkService(connection)
    assert await bulk.list_records(await DeviceService(connection).list_devices()) == [
        DeviceRecord(name="a", kind="sensor", serial="s1", fleet="spree", tags={"site": "berlin"}),
        DeviceRecord(name="b", kind="host", serial=None, fleet=None, tags={}),
    ]
    assert await bulk.list_keys() == ["site"]


NAMES = ["", " x", "x ", "\tx", "x" * 200, "x" * 201, "ü"]
KINDS = ["", "a", "A", "a" * 50, "a" * 51, "a_-0", "0a", "a\n"]


@pytest.mark.parametrize(
    ("name", "kind"), [*((name, "a") for name in NAMES), *(("x", kind) for kind in KINDS)]
)
async def test_files_and_database_have_the_same_rules_of_devices(
    connection: Connection, name: str, kind: str
) -> None:
    await connection.execute("SELECT 1")  # opens the transaction that is rolled back
    try:
        async with connection.transaction():
            await DeviceService(connection).create_device(name=name, kind=kind)
        refused = False
    except DeviceInvalid:
        refused = True
    assert (fault_of_device(name, kind, None) is not None) is refused


KEYS = ["", "a", "A", "a" * 100, "a" * 101, "a.", ".a", "a.b_c-0", "a\n", "ä"]
VALUES = ["", "x", " x", "x ", "x" * 255, "x" * 256, "\tx"]


@pytest.mark.parametrize(
    ("key", "value"), [*((key, "x") for key in KEYS), *(("a", value) for value in VALUES)]
)
async def test_files_and_database_have_the_same_rules_of_tags(
    connection: Connection, key: str, value: str
) -> None:
    device = await DeviceService(connection).create_device(name="x", kind="a")
    try:
        async with connection.transaction():
            await DeviceService(connection).set_tag(device.uuid, key, value)
        refused = False
    except TagInvalid:
        refused = True
    assert (fault_of_tag(key, value) is not None) is refused
