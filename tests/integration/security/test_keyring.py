"""Replacing keys: two are good for a while, the old one ends when the new one is first used, and nobody is locked out by sleeping."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network
from uuid import UUID

import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.errors import Conflict, IotisticError
from iotistic.secret import Secret
from iotistic.security import IssuedKey, Peppers, Principal, Refusal
from iotistic.security.errors import KeyInvalid, KeyKept, LoginRefused
from iotistic.security.keyring import KeyDraft, KeyNotFound, KeyringService, RotationService, SuccessorRefused
from iotistic.security.keyring.errors import BearerNotFound, KeyOver, PepperMissing, RotationInvalid
from iotistic.security.keys import KeyKind, generate_key, parse_key
from iotistic.security.logins import Credentials
from tests.support.databases import TestDatabase
from tests.support.services import keyring_service, login_service, security_service

HOUR = timedelta(hours=1)


class Scene:
    """A device with a key, on one connection."""

    def __init__(self, connection: Connection, device: UUID, key: IssuedKey) -> None:
        self.connection = connection
        self.device = device
        self.key = key
        self.keyring = keyring_service(connection)

    async def uses(self, key: IssuedKey) -> str:
        """What becomes of a request with this key, as the platform handles it."""
        security = security_service(self.connection)
        verdict = await security.authenticate(key.text)
        if isinstance(verdict, Principal) and verdict.wants_note:
            verdict = await security.note_use(key.text)
        return "good" if isinstance(verdict, Principal) else verdict.reason

    async def fetches(self, key: IssuedKey | None = None, *, address: str | None = None) -> IssuedKey:
        stored = await self.keyring.open_succession((key or self.key).text, address=address)
        return await self.keyring.fetch_successor(stored)

    async def refusal(self, key: IssuedKey | None = None, *, address: str | None = None) -> str:
        with pytest.raises(SuccessorRefused, match="no next one is fetched") as refused:
            await self.fetches(key, address=address)
        return refused.value.why

    async def later(self, length: timedelta, *, key: IssuedKey | None = None) -> None:
        """Moves everything that is written of the key into the past, as time would."""
        await self.connection.execute("SET LOCAL session_replication_role = replica")
        await self.connection.execute(
            """
            UPDATE api_keys
            SET created_at = created_at - %(by)s, expires_at = expires_at - %(by)s, retires_at = retires_at - %(by)s,
              successor_until = successor_until - %(by)s, fetched_late_at = fetched_late_at - %(by)s
            WHERE key_id = %(key_id)s
            """,
            {"by": length, "key_id": (key or self.key).key_id},
        )
        await self.connection.execute("SET LOCAL session_replication_role = origin")


@pytest_asyncio.fixture
async def scene(shared_database: TestDatabase) -> AsyncIterator[Scene]:
    """As a superuser, who alone can turn the clock back."""
    connection = await connect(shared_database.superuser, shared_database.name, application_name="test")
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    key = await security_service(connection).issue_device_key(device.uuid, reason="test")
    yield Scene(connection, device.uuid, key)
    await connection.rollback()
    await connection.close()


async def rotated(scene: Scene, grace: timedelta = HOUR) -> None:
    await scene.keyring.rotate(scene.key.key_id, grace=grace, hand_out=False, reason="test")


# ---------------------------------------------------------------- two at once


async def test_both_keys_are_good_until_the_new_one_is_used(scene: Scene) -> None:
    await rotated(scene)
    new = await scene.fetches()
    assert await scene.uses(scene.key) == "good"
    assert await scene.uses(scene.key) == "good"
    assert await scene.uses(new) == "good"
    assert await scene.uses(scene.key) == "revoked"
    assert await scene.uses(new) == "good"


async def test_the_old_key_is_good_just_before_the_end_of_its_grace_and_not_after(scene: Scene) -> None:
    await rotated(scene)
    await scene.later(HOUR - timedelta(minutes=1))
    assert await scene.uses(scene.key) == "good"
    await scene.later(timedelta(minutes=1))
    assert await scene.uses(scene.key) == "replaced"


async def test_a_grace_of_nothing_ends_the_old_key_at_once(scene: Scene) -> None:
    await rotated(scene, timedelta(0))
    assert await scene.uses(scene.key) == "replaced"
    assert await scene.uses(await scene.fetches()) == "good"


async def test_a_key_that_is_handed_out_is_the_successor(scene: Scene) -> None:
    new = await scene.keyring.rotate(scene.key.key_id, hand_out=True, reason="test")
    assert new is not None
    assert await scene.uses(new) == "good"
    assert await scene.uses(scene.key) == "revoked"


async def test_a_key_is_replaced_again_once_its_successor_was_used(scene: Scene) -> None:
    await rotated(scene)
    new = await scene.fetches()
    with pytest.raises(KeyOver, match="retiring"):
        await rotated(scene)
    await scene.uses(new)
    await scene.keyring.rotate(new.key_id, hand_out=False, reason="again")
    assert await scene.uses(await scene.fetches(new)) == "good"


async def test_a_successor_that_was_not_used_is_not_replaced_itself(scene: Scene) -> None:
    await rotated(scene)
    new = await scene.fetches()
    with pytest.raises(KeyKept, match="already"):
        await scene.keyring.rotate(new.key_id, hand_out=False, reason="too early")


# ---------------------------------------------------------------- fetching


async def test_an_answer_that_got_lost_is_asked_for_again(scene: Scene) -> None:
    await rotated(scene)
    lost = await scene.fetches()
    new = await scene.fetches()
    assert await scene.uses(lost) == "revoked"
    assert await scene.uses(scene.key) == "good"
    assert await scene.uses(new) == "good"


async def test_a_device_that_slept_through_the_grace_fetches_its_next_key_once(scene: Scene) -> None:
    await rotated(scene)
    await scene.later(timedelta(days=30))
    assert await scene.uses(scene.key) == "replaced"
    new = await scene.fetches()
    assert await scene.uses(new) == "good"
    assert await scene.refusal() == "revoked"


async def test_a_late_fetch_is_repeated_for_ten_minutes_and_no_longer(scene: Scene) -> None:
    await rotated(scene)
    await scene.later(timedelta(days=30))
    lost = await scene.fetches()
    await scene.later(timedelta(minutes=9))
    new = await scene.fetches()
    assert await scene.uses(lost) == "revoked"
    await scene.later(timedelta(minutes=1))
    assert await scene.refusal() == "fetched_before"
    assert await scene.uses(new) == "good"


async def test_after_ninety_days_more_it_is_too_late(scene: Scene) -> None:
    await rotated(scene)
    await scene.later(HOUR + timedelta(days=90) - timedelta(minutes=1))
    assert await scene.fetches()
    await scene.later(timedelta(minutes=1))
    assert await scene.refusal() == "too_late"


async def test_a_key_that_stays_fetches_nothing(scene: Scene) -> None:
    assert await scene.refusal() == "not_being_replaced"


async def test_a_revoked_key_and_a_retired_device_fetch_nothing(scene: Scene) -> None:
    await rotated(scene)
    await DeviceService(scene.connection).retire_device(scene.device)
    assert await scene.refusal() == "retired_device"
    await scene.keyring.revoke(scene.key.key_id, reason="stolen")
    assert await scene.refusal() == "revoked"


async def test_a_wrong_secret_an_unknown_key_and_a_persons_key_fetch_nothing(scene: Scene) -> None:
    await rotated(scene)
    _, stranger = generate_key(KeyKind.DEVICE)
    assert await scene.refusal(stranger) == "unknown"
    await security_service(scene.connection).create_user("ada", Secret("correct horse"), "owner")
    ada = await scene.keyring.issue_account_key("ada", KeyDraft(), reason="test")
    assert await scene.refusal(ada) == "malformed"


async def test_the_next_key_is_fetched_only_from_where_the_old_one_is_taken(scene: Scene) -> None:
    await scene.keyring.revoke(scene.key.key_id, reason="test")
    draft = KeyDraft(networks=[ip_network("192.0.2.0/24")], label="hall")
    scene.key = await scene.keyring.issue_device_key(scene.device, draft, reason="test")
    await rotated(scene)
    for elsewhere in ("192.0.3.1", "nonsense", None):
        assert await scene.refusal(address=elsewhere) == "wrong_network"
    new = await scene.fetches(address="192.0.2.9")
    kept = await scene.keyring.get_key(new.key_id)
    assert (kept.allowed_networks, kept.label) == (draft.networks, "hall")


async def test_the_next_key_lasts_as_long_as_the_old_one_did(scene: Scene) -> None:
    await scene.keyring.revoke(scene.key.key_id, reason="test")
    scene.key = await scene.keyring.issue_device_key(scene.device, KeyDraft(lasts=HOUR), reason="test")
    await rotated(scene)
    new = await scene.keyring.get_key((await scene.fetches()).key_id)
    assert new.expires_at is not None
    assert new.expires_at - new.created_at == HOUR


# ---------------------------------------------------------------- revoking


async def test_revoking_a_key_takes_the_one_that_was_fetched_with_it_along(scene: Scene) -> None:
    await rotated(scene)
    new = await scene.fetches()
    assert (await scene.keyring.revoke(scene.key.key_id, reason="stolen")).state == "revoked"
    assert await scene.uses(new) == "revoked"


async def test_revoking_a_key_that_was_replaced_leaves_its_used_successor(scene: Scene) -> None:
    await rotated(scene)
    new = await scene.fetches()
    await scene.uses(new)
    await scene.keyring.revoke(scene.key.key_id, reason="again")
    assert await scene.uses(new) == "good"


async def test_unknown_keys_and_bearers_are_told(scene: Scene) -> None:
    with pytest.raises(KeyNotFound):
        await scene.keyring.revoke("nobodys", reason="test")
    with pytest.raises(KeyNotFound):
        await scene.keyring.rotate("nobodys", hand_out=False, reason="test")
    with pytest.raises(BearerNotFound):
        await scene.keyring.issue_account_key("nobody", KeyDraft(), reason="test")
    with pytest.raises(BearerNotFound):
        await scene.keyring.issue_device_key(UUID(int=1), KeyDraft(), reason="test")


@pytest.mark.parametrize("grace", [timedelta(days=366, microseconds=1), timedelta(microseconds=-1)])
async def test_a_grace_has_its_bounds(scene: Scene, grace: timedelta) -> None:
    with pytest.raises(RotationInvalid):
        await rotated(scene, grace)


async def test_a_device_has_one_key_that_stays(scene: Scene) -> None:
    with pytest.raises(KeyKept, match="has a key already"):
        await scene.keyring.issue_device_key(scene.device, KeyDraft(), reason="second")


# ---------------------------------------------------------------- accounts


async def test_a_service_comes_with_keys_and_never_logs_in(scene: Scene) -> None:
    security = security_service(scene.connection)
    await security.create_service("exporter", "viewer")
    issued = await scene.keyring.issue_account_key(
        "exporter", KeyDraft(scopes=["telemetry:read"]), reason="test"
    )
    assert issued.text.reveal().startswith("iot_svc_")
    found = await security.authenticate(issued.text)
    assert isinstance(found, Principal)
    assert [grant.permissions for grant in found.grants] == [frozenset({"telemetry:read"})]
    shown = Credentials(username="exporter", password=Secret(""))
    assert isinstance(await login_service(scene.connection).prove(shown), LoginRefused)
    with pytest.raises(IotisticError, match="no person"):
        await security.reset_password("exporter")


async def test_a_scope_that_the_bearer_does_not_hold_gives_nothing(scene: Scene) -> None:
    security = security_service(scene.connection)
    await security.create_user("ada", Secret("correct horse"), "viewer")
    issued = await scene.keyring.issue_account_key("ada", KeyDraft(scopes=["devices:write"]), reason="test")
    found = await security.authenticate(issued.text)
    assert isinstance(found, Principal)
    assert [grant.permissions for grant in found.grants] == [frozenset()]


async def test_a_permission_that_there_is_not_is_no_scope(scene: Scene) -> None:
    await security_service(scene.connection).create_service("exporter", None)
    with pytest.raises(KeyInvalid, match="'everything:do'"):
        await scene.keyring.issue_account_key("exporter", KeyDraft(scopes=["everything:do"]), reason="test")


async def test_an_account_may_have_many_keys_and_each_is_replaced_by_itself(scene: Scene) -> None:
    await security_service(scene.connection).create_service("exporter", None)
    one, other = [
        await scene.keyring.issue_account_key("exporter", KeyDraft(label=label), reason="test")
        for label in ("one", "other")
    ]
    new = await scene.keyring.rotate(one.key_id, hand_out=True, reason="test")
    assert new is not None
    assert await scene.uses(new) == "good"
    assert (await scene.uses(one), await scene.uses(other)) == ("revoked", "good")


# ---------------------------------------------------------------- peppers


async def test_a_key_moves_to_the_newest_pepper_when_it_is_used(scene: Scene) -> None:
    older, newer = Secret("test pepper"), Secret("another pepper")
    both = security_service(scene.connection, peppers=Peppers({1: older, 2: newer}, current=2))
    only_new = security_service(scene.connection, peppers=Peppers({2: newer}, current=2))
    assert await only_new.authenticate(scene.key.text) == Refusal(reason="pepper_missing")
    found = await both.authenticate(scene.key.text)
    assert isinstance(found, Principal)
    assert found.wants_note
    assert (await scene.keyring.report()).on_old_pepper == 0  # until there is a newer one
    await both.note_use(scene.key.text)
    assert isinstance(await only_new.authenticate(scene.key.text), Principal)
    assert (await scene.keyring.get_key(scene.key.key_id)).retires_at is None


async def test_a_key_whose_pepper_is_missing_is_not_told_to_be_wrong(scene: Scene) -> None:
    await rotated(scene)
    elsewhere = KeyringService(scene.connection, peppers=Peppers({2: Secret("x")}, current=2))
    with pytest.raises(PepperMissing):
        await elsewhere.open_succession(scene.key.text, address=None)


# ---------------------------------------------------------------- report and use


async def test_the_report_tells_who_is_on_an_old_key_and_when_they_were_last_seen(scene: Scene) -> None:
    before = await scene.keyring.report()
    await rotated(scene)
    told = await scene.keyring.report()
    assert (told.on_old_key - before.on_old_key, told.never_seen - before.never_seen) == (1, 1)
    assert await scene.keyring.note_uses([(scene.key.key_id, "192.0.2.7"), ("nobodys", None)]) == 1
    told = await scene.keyring.report()
    assert (told.never_seen - before.never_seen, told.devices) == (0, before.devices)
    assert told.oldest_seen_at is not None
    await scene.later(2 * HOUR)
    assert (await scene.keyring.report()).past_grace == before.past_grace + 1
    await scene.later(timedelta(days=91))
    assert (await scene.keyring.report()).lost == before.lost + 1
    assert (await scene.keyring.report("no such fleet")).devices == 0


async def test_a_fetched_key_that_was_not_used_is_no_second_device(scene: Scene) -> None:
    before = await scene.keyring.report()
    await rotated(scene)
    new = await scene.fetches()
    assert (await scene.keyring.report()).devices == before.devices
    await scene.uses(new)
    told = await scene.keyring.report()
    assert (told.devices, told.on_old_key) == (before.devices, before.on_old_key)


async def test_keys_are_listed_with_their_use_page_by_page(scene: Scene) -> None:
    await rotated(scene)
    new = await scene.fetches()
    await scene.keyring.note_uses([(scene.key.key_id, "2001:db8::7")])
    listed = {key.key_id: key for key in await scene.keyring.list_keys(device_uuid=scene.device)}
    assert set(listed) == {scene.key.key_id, new.key_id}
    assert (listed[scene.key.key_id].state, listed[new.key_id].state) == ("retiring", "good")
    assert str(listed[scene.key.key_id].last_used_from) == "2001:db8::7"
    assert listed[new.key_id].last_used_at is None
    first, second = sorted(listed)
    page = await scene.keyring.list_keys(device_uuid=scene.device, after=first, limit=1)
    assert [key.key_id for key in page] == [second]
    assert [
        key.key_id for key in await scene.keyring.list_keys(only_retiring=True, device_uuid=scene.device)
    ] == [scene.key.key_id]
    await scene.keyring.revoke(new.key_id, reason="test")
    assert len(await scene.keyring.list_keys(device_uuid=scene.device)) == 1
    assert len(await scene.keyring.list_keys(device_uuid=scene.device, with_revoked=True)) == 2


# ---------------------------------------------------------------- many at once


async def device_with_key(connection: Connection, name: str) -> IssuedKey:
    device = await DeviceService(connection).create_device(name=name, kind="sensor")
    return await security_service(connection).issue_device_key(device.uuid, reason="test")


async def test_a_rotation_goes_on_where_it_was_left_and_marks_each_key_once(database: TestDatabase) -> None:
    connection = await connect(database.endpoint("app"), database.name, application_name="test")
    keys = {(await device_with_key(connection, f"pump-{number}")).key_id for number in range(5)}
    await connection.commit()
    rotation = await RotationService(connection).begin(fleet=None, grace=HOUR, reason="yearly")
    await connection.commit()
    newer = await device_with_key(connection, "newer")
    assert await RotationService(connection).advance(rotation, limit=2)
    await connection.commit()
    other = await connect(database.endpoint("app"), database.name, application_name="other")
    assert await RotationService(other).advance(rotation, limit=2)
    assert not await RotationService(other).advance(rotation, limit=2)
    assert not await RotationService(other).advance(rotation, limit=2)
    await other.commit()
    done = await RotationService(other).get_rotation(rotation.id)
    assert (done.marked, done.finished_at is None) == (5, False)
    listed = await keyring_service(connection).list_keys(only_retiring=True)
    assert {key.key_id for key in listed} == keys
    assert newer.key_id not in keys
    cursor = await connection.execute("SELECT DISTINCT reason FROM api_key_history WHERE action = 'changed'")
    assert await cursor.fetchall() == [(f"rotation {rotation.id}: yearly",)]
    await other.close()
    await connection.close()


async def test_two_who_advance_a_rotation_at_once_do_the_work_of_one(database: TestDatabase) -> None:
    sessions = [
        await connect(database.endpoint("app"), database.name, application_name="test", autocommit=True)
        for _ in range(2)
    ]
    for number in range(6):
        await device_with_key(sessions[0], f"pump-{number}")
    rotation = await RotationService(sessions[0]).begin(fleet=None, grace=HOUR, reason="test")
    for _ in range(4):
        await asyncio.gather(*(RotationService(one).advance(rotation, limit=1) for one in sessions))
    assert (await RotationService(sessions[0]).get_rotation(rotation.id)).marked == 6
    for one in sessions:
        await one.close()


async def test_no_fleet_no_rotation(scene: Scene) -> None:
    with pytest.raises(BearerNotFound, match="no fleet 'nowhere'"):
        await RotationService(scene.connection).begin(fleet="nowhere", reason="test")


@pytest.mark.parametrize("round_", range(5))
async def test_of_two_who_replace_the_same_key_at_once_one_is_told_so(
    database: TestDatabase, round_: int
) -> None:
    sessions = [
        await connect(database.endpoint("app"), database.name, application_name=f"{round_}") for _ in range(2)
    ]
    key = await device_with_key(sessions[0], "pump")
    await sessions[0].commit()

    async def replace(session: Connection) -> str:
        try:
            await keyring_service(session).rotate(key.key_id, hand_out=True, reason="race")
        except Conflict as error:
            await session.rollback()
            return error.code
        await session.commit()
        return "done"

    assert sorted(await asyncio.gather(*map(replace, sessions))) == ["done", "key_over"]
    for one in sessions:
        await one.close()


async def test_the_first_use_and_a_revocation_at_once_end_without_a_deadlock(database: TestDatabase) -> None:
    sessions = [
        await connect(database.endpoint("app"), database.name, application_name="test") for _ in range(2)
    ]
    for number in range(10):
        key = await device_with_key(sessions[0], f"pump-{number}")
        new = await keyring_service(sessions[0]).rotate(key.key_id, hand_out=True, reason="race")
        await sessions[0].commit()
        assert new is not None

        async def use(text: Secret) -> None:
            await security_service(sessions[0]).note_use(text)
            await sessions[0].commit()

        async def revoke(key_id: str) -> None:
            await keyring_service(sessions[1]).revoke(key_id, reason="race")
            await sessions[1].commit()

        await asyncio.gather(use(new.text), revoke(key.key_id))
        old = await security_service(sessions[0]).authenticate(key.text)
        assert old == Refusal(reason="revoked")
    for one in sessions:
        await one.close()


async def test_the_text_of_no_key_is_stored(scene: Scene) -> None:
    new = await scene.keyring.rotate(scene.key.key_id, hand_out=True, reason="test")
    assert new is not None
    parsed = parse_key(new.text.reveal())
    assert parsed is not None
    for table in ("api_keys", "api_key_history", "audit_log", "api_key_uses"):
        cursor = await scene.connection.execute(f"SELECT {table}::text FROM {table}")  # type: ignore[arg-type]
        assert parsed.secret.reveal() not in str(await cursor.fetchall())
