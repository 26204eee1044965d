from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import CheckViolation

from iotistic.database.pool import Connection
from iotistic.devices import DeviceNotFound, DeviceService
from iotistic.devices.shadow import (
    Actor,
    Change,
    DocumentInvalid,
    DocumentTooLarge,
    Half,
    HalfNotYours,
    ShadowFrozen,
    ShadowService,
    State,
    VersionConflict,
    VersionNotFound,
    Versions,
)
from iotistic.devices.shadow.likeness import alike
from iotistic.devices.shadow.limits import LARGEST
from tests.integration.devices.shadow.conftest import ANNA, itself
from tests.support.documents import documents, patches

Document = dict[str, Any]

CLI = Actor(kind="system", name="iotistic shadow")
NOTHING = State(version=0, document={}, changed_at=None)


async def test_a_stranger_has_no_shadow(connection: Connection) -> None:
    shadow, stranger = ShadowService(connection), uuid4()
    for asking in (
        shadow.get_versions(stranger),
        shadow.get_shadow(stranger),
        shadow.get_state(stranger, "desired"),
        shadow.get_state(stranger, "desired", version=0),
        shadow.patch(stranger, "desired", {"a": 1}, actor=ANNA),
        shadow.patch(stranger, "reported", {"a": 1}, actor=itself(stranger)),
        shadow.roll_back(stranger, to=0, actor=ANNA),
        shadow.list_revisions(stranger, "desired"),
        shadow.compare(stranger, "desired", 0, 0),
    ):
        with pytest.raises(DeviceNotFound, match=str(stranger)):
            await asking


@pytest.mark.parametrize(
    ("half", "actor"),
    [
        ("desired", Actor(kind="device", name="itself")),
        ("reported", itself(uuid4())),
        ("reported", ANNA),
        ("reported", CLI),
    ],
)
async def test_nobody_writes_what_is_not_theirs(
    connection: Connection, pump: UUID, half: Half, actor: Actor
) -> None:
    shadow = ShadowService(connection)
    writer = itself(pump) if actor.name == "itself" else actor
    with pytest.raises(HalfNotYours):
        await shadow.patch(pump, half, {"a": 1}, actor=writer)
    with pytest.raises(HalfNotYours):
        await shadow.replace(pump, half, {"a": 1}, actor=writer)
    assert await shadow.get_versions(pump) == Versions(desired=0, reported=0)


async def test_a_device_rolls_nothing_back(connection: Connection, pump: UUID) -> None:
    with pytest.raises(HalfNotYours):
        await ShadowService(connection).roll_back(pump, to=0, actor=itself(pump))


async def test_a_new_device_has_two_empty_halves(connection: Connection, pump: UUID) -> None:
    found = await ShadowService(connection).get_shadow(pump)
    assert (found.desired, found.reported, found.delta) == (NOTHING, NOTHING, {})


async def test_the_halves_count_their_versions_apart(connection: Connection, pump: UUID) -> None:
    shadow = ShadowService(connection)
    await shadow.patch(pump, "desired", {"interval": 30, "led": {"on": True}}, actor=ANNA)
    await shadow.patch(pump, "desired", {"led": {"on": None, "colour": "red"}}, actor=CLI)
    await shadow.patch(pump, "reported", {"interval": 60, "firmware": "2.1.0"}, actor=itself(pump))
    found = await shadow.get_shadow(pump)
    assert found.versions == Versions(desired=2, reported=1) == await shadow.get_versions(pump)
    assert found.desired.document == {"interval": 30, "led": {"colour": "red"}}
    assert found.delta == {"interval": 30, "led": {"colour": "red"}}
    assert found.desired == await shadow.get_state(pump, "desired")


async def test_what_changes_nothing_writes_nothing(connection: Connection, pump: UUID) -> None:
    shadow = ShadowService(connection)
    first = await shadow.patch(pump, "desired", {"a": {"b": 1.0, "c": [1, None]}}, actor=ANNA)
    await connection.execute("SET TRANSACTION READ ONLY")
    for patch in ({}, {"a": {"b": 1}}, {"a": {"c": [1.0, None]}}, {"z": None}, {"a": {}}):
        assert await shadow.patch(pump, "desired", patch, actor=ANNA) == first
    assert (
        await shadow.replace(pump, "desired", {"a": {"c": [1, None], "b": 1, "x": None}}, actor=ANNA) == first
    )
    assert await shadow.roll_back(pump, to=1, actor=ANNA) == first


@pytest.mark.parametrize(("before", "after"), [(True, 1), (0, False), ([], {}), ("1", 1)])
async def test_what_only_looks_the_same_is_a_change(
    connection: Connection, pump: UUID, before: object, after: object
) -> None:
    shadow = ShadowService(connection)
    await shadow.patch(pump, "desired", {"a": before}, actor=ANNA)
    assert (await shadow.patch(pump, "desired", {"a": after}, actor=ANNA)).version == 2
    assert alike((await shadow.get_shadow(pump)).desired.document["a"], after)


async def test_who_builds_on_another_version_is_told_the_present_one(
    connection: Connection, pump: UUID
) -> None:
    shadow = ShadowService(connection)
    await shadow.patch(pump, "desired", {"a": 1}, actor=ANNA, expected={0})
    for expected in ({0}, {2}, set[int]()):
        with pytest.raises(VersionConflict) as caught:
            await shadow.patch(pump, "desired", {"a": 1}, actor=ANNA, expected=expected)
        assert caught.value.facts["current_version"] == 1
    with pytest.raises(VersionConflict):
        await shadow.roll_back(pump, to=0, actor=ANNA, expected={2})
    assert (await shadow.patch(pump, "desired", {"a": 2}, actor=ANNA, expected={1, 7})).version == 2


async def test_a_half_holds_32_kib_and_no_byte_more(connection: Connection, pump: UUID) -> None:
    shadow = ShadowService(connection)
    largest = {"a": "x" * (LARGEST - len('{"a":""}'))}
    assert (await shadow.replace(pump, "desired", largest, actor=ANNA)).version == 1
    with pytest.raises(DocumentTooLarge):
        await shadow.patch(pump, "desired", {"b": 1}, actor=ANNA)
    assert (await shadow.patch(pump, "desired", {"a": None, "b": 1}, actor=ANNA)).document == {"b": 1}


async def test_a_half_that_is_too_deep_is_refused(connection: Connection, pump: UUID) -> None:
    deep: Document = {}
    for _ in range(8):
        deep = {"a": deep}
    with pytest.raises(DocumentInvalid):
        await ShadowService(connection).patch(pump, "desired", deep, actor=ANNA)


async def test_the_shadow_of_a_retired_device_is_read_and_not_written(
    connection: Connection, pump: UUID
) -> None:
    shadow = ShadowService(connection)
    state = await shadow.patch(pump, "desired", {"a": 1}, actor=ANNA)
    await connection.execute("UPDATE devices SET retired_at = now() WHERE uuid = %s", (pump,))
    with pytest.raises(ShadowFrozen):
        await shadow.patch(pump, "desired", {"a": 2}, actor=ANNA)
    assert await shadow.get_state(pump, "desired") == state


async def test_a_deleted_device_takes_its_shadow_along(connection: Connection, pump: UUID) -> None:
    await ShadowService(connection).patch(pump, "desired", {"a": 1}, actor=ANNA)
    await connection.execute("DELETE FROM devices WHERE uuid = %s", (pump,))
    cursor = await connection.execute("SELECT count(*) FROM device_state_history")
    assert await cursor.fetchone() == (0,)


async def test_the_history_says_who_did_what(connection: Connection, pump: UUID) -> None:
    shadow = ShadowService(connection)
    await shadow.patch(pump, "desired", {"a": 1}, actor=ANNA)
    await shadow.replace(pump, "desired", {"b": 1}, actor=CLI)
    await shadow.roll_back(pump, to=1, actor=ANNA)
    await shadow.patch(pump, "reported", {"a": 1}, actor=itself(pump))
    told = [
        (one.version, one.actor_kind, one.actor, one.cause, one.restored_version)
        for one in await shadow.list_revisions(pump, "desired")
    ]
    assert told == [
        (3, "user", "anna", "rollback", 1),
        (2, "system", "iotistic shadow", "replace", None),
        (1, "user", "anna", "patch", None),
    ]
    [reported] = await shadow.list_revisions(pump, "reported")
    assert (reported.actor_kind, reported.actor) == ("device", str(pump))


async def test_pages_of_the_history_follow_one_another(connection: Connection, pump: UUID) -> None:
    shadow = ShadowService(connection)
    for number in range(7):
        await shadow.patch(pump, "desired", {"a": number}, actor=ANNA)
    seen: list[int] = []
    page = await shadow.list_revisions(pump, "desired", limit=3)
    while page:
        seen += [one.version for one in page]
        page = await shadow.list_revisions(pump, "desired", before=page[-1].version, limit=3)
    assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_every_version_can_be_read_and_no_other(connection: Connection, pump: UUID) -> None:
    shadow = ShadowService(connection)
    written = [await shadow.patch(pump, "desired", {"a": number}, actor=ANNA) for number in range(3)]
    for state in written:
        assert await shadow.get_state(pump, "desired", version=state.version) == state
    assert await shadow.get_state(pump, "desired", version=0) == NOTHING
    for version in (4, 2**62):
        with pytest.raises(VersionNotFound, match=str(version)):
            await shadow.get_state(pump, "desired", version=version)
        with pytest.raises(VersionNotFound):
            await shadow.roll_back(pump, to=version, actor=ANNA)


async def test_every_moment_has_its_version(connection: Connection, pump: UUID) -> None:
    shadow = ShadowService(connection)
    first = await shadow.patch(pump, "desired", {"a": 1}, actor=ANNA)
    second = await shadow.patch(pump, "desired", {"a": 2}, actor=ANNA)
    assert first.changed_at is not None
    assert second.changed_at is not None
    assert first.changed_at < second.changed_at
    tick = timedelta(microseconds=1)
    for moment, state in (
        (first.changed_at - tick, NOTHING),
        (first.changed_at, first),
        (second.changed_at - tick, first),
        (second.changed_at, second),
        (second.changed_at + timedelta(days=1), second),
    ):
        assert await shadow.get_state(pump, "desired", at=moment) == state
        assert (await shadow.get_shadow(pump, at=moment)).desired == state


async def test_going_back_is_a_step_forward(connection: Connection, pump: UUID) -> None:
    shadow = ShadowService(connection)
    first = await shadow.patch(pump, "desired", {"a": 1, "b": [1, {"c": None}]}, actor=ANNA)
    await shadow.replace(pump, "desired", {"x": 1}, actor=ANNA)
    back = await shadow.roll_back(pump, to=1, actor=ANNA, expected={2})
    assert (back.version, back.document) == (3, first.document)
    assert (await shadow.roll_back(pump, to=0, actor=ANNA)).document == {}


async def test_two_versions_are_compared_either_way(connection: Connection, pump: UUID) -> None:
    shadow = ShadowService(connection)
    await shadow.patch(pump, "desired", {"a": 1}, actor=ANNA)
    await shadow.replace(pump, "desired", {"b": {"c": 1}}, actor=ANNA)
    found = await shadow.compare(pump, "desired", 1, 2)
    assert found.patch == {"a": None, "b": {"c": 1}}
    assert found.changes == (
        Change(path="/a", kind="removed", before=1, after=None),
        Change(path="/b", kind="added", before=None, after={"c": 1}),
    )
    assert (await shadow.compare(pump, "desired", 2, 1)).patch == {"a": 1, "b": None}
    assert (await shadow.compare(pump, "desired", 0, 1)).patch == {"a": 1}
    with pytest.raises(VersionNotFound):
        await shadow.compare(pump, "desired", 1, 3)


EDITS = st.lists(
    st.tuples(st.sampled_from(["patch", "replace", "roll_back"]), patches(), st.integers(0, 5)),
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits=EDITS)
async def test_the_history_is_the_whole_story(
    connection: Connection, edits: list[tuple[str, Document, int]]
) -> None:
    """Versions have no gaps, each differs from the one before, and each can be read as it was answered."""
    device = await DeviceService(connection).create_device(name=f"d {uuid4()}", kind="sensor")
    shadow, uuid = ShadowService(connection), device.uuid
    told = [NOTHING]
    for kind, document, version in edits:
        if kind == "roll_back":
            state = await shadow.roll_back(uuid, to=min(version, told[-1].version), actor=ANNA)
        elif kind == "patch":
            state = await shadow.patch(uuid, "desired", document, actor=ANNA)
        else:
            state = await shadow.replace(uuid, "desired", document, actor=ANNA)
        assert state == told[-1] or state.version == told[-1].version + 1
        if state.version > told[-1].version:
            assert not alike(dict(state.document), dict(told[-1].document))
            told.append(state)
    revisions = await shadow.list_revisions(uuid, "desired")
    assert [one.version for one in revisions] == [state.version for state in reversed(told[1:])]
    for state in told:
        read = await shadow.get_state(uuid, "desired", version=state.version)
        assert alike(dict(read.document), dict(state.document))
    assert await shadow.get_state(uuid, "desired") == told[-1]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=documents())
async def test_a_document_comes_back_as_it_was(connection: Connection, document: Document) -> None:
    device = await DeviceService(connection).create_device(name=f"d {uuid4()}", kind="sensor")
    shadow = ShadowService(connection)
    state = await shadow.replace(device.uuid, "desired", document, actor=ANNA)
    assert alike(dict(state.document), document)
    assert await shadow.replace(device.uuid, "desired", document, actor=ANNA) == state


async def test_the_schema_refuses_what_the_code_never_writes(connection: Connection, pump: UUID) -> None:
    for version, document in ((0, "{}"), (1, "[]")):
        with pytest.raises(CheckViolation):
            async with connection.transaction():
                await connection.execute(
                    "INSERT INTO device_shadows VALUES (%s, 'desired', %s, %s, now())",
                    (pump, version, document),
                )
