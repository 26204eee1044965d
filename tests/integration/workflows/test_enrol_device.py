"""Letting devices in: strangers first, then those who may, then those who come twice or all at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceInvalid, DeviceNameTaken, DeviceNotFound, DeviceService
from iotistic.errors import IotisticError
from iotistic.secret import Secret
from iotistic.security import IssuedKey, Principal, Refusal
from iotistic.security.enrolment import (
    Challenge,
    Claimant,
    ClaimantInvalid,
    ClaimKeyRefused,
    DeviceEnrolled,
    ProofRefused,
    answer_to,
)
from iotistic.workflows import DeviceRetired, claim_device, permit_enrolment, prove_device, retire_device
from tests.support.databases import TestDatabase
from tests.support.enrolment import Enrolled, enrol_device, keepers, registrar
from tests.support.services import enrolment_service, security_service

HOUR = timedelta(hours=1)


async def claim_key(
    connection: Connection,
    uses: int = 5,
    *,
    lasts: timedelta = HOUR,
    serials: list[str] | None = None,
) -> IssuedKey:
    return await enrolment_service(connection).create_claim_key(
        max_uses=uses, lasts=lasts, label="test", created_by="test", allowed_serials=serials
    )


async def enrol(
    connection: Connection,
    key: IssuedKey,
    *,
    name: str = "pump",
    serial: str | None = "s1",
    previous: Secret | None = None,
) -> Enrolled:
    return await enrol_device(
        registrar(connection), claim_key=key.text, name=name, serial=serial, previous_key=previous
    )


async def claim(
    connection: Connection,
    key: IssuedKey,
    *,
    name: str = "pump",
    serial: str | None = "s1",
    previous: Secret | None = None,
) -> Challenge:
    claimant = Claimant(name=name, kind="sensor", serial=serial, facts={"os": "linux"})
    claimed = await claim_device(registrar(connection), claimant, claim_key=key.text, previous_key=previous)
    return claimed.challenge


async def prove(connection: Connection, challenge: Challenge) -> UUID:
    answer = answer_to(challenge.challenge, challenge.api_key)
    return (await prove_device(registrar(connection), challenge.enrolment_id, answer)).device_uuid


async def opens(connection: Connection, key: Secret) -> bool:
    return isinstance(await security_service(connection).authenticate(key), Principal)


async def uses(connection: Connection, key: IssuedKey) -> int:
    return (await enrolment_service(connection).get_claim_key(key.key_id)).uses


async def outcome_of(connection: Connection, key: IssuedKey, serial: str | None = "s9") -> object:
    with pytest.raises(ClaimKeyRefused) as caught:
        async with connection.transaction():
            await claim(connection, key, name="stranger", serial=serial)
    return caught.value.facts["outcome"]


# ---------------------------------------------------------------- strangers


async def test_what_is_no_claim_key_claims_nothing(connection: Connection) -> None:
    for text in ("", "nonsense"):
        key = IssuedKey(key_id="", text=Secret(text))
        assert await outcome_of(connection, key) == "claim_key_malformed"


async def test_a_device_key_claims_nothing_and_a_claim_key_authenticates_nobody(
    connection: Connection,
) -> None:
    device = await enrol(connection, await claim_key(connection))
    key = IssuedKey(key_id="", text=device.api_key)
    assert await outcome_of(connection, key) == "claim_key_malformed"
    claims = await claim_key(connection)
    assert await security_service(connection).authenticate(claims.text) == Refusal(reason="malformed")


async def test_a_claim_key_that_is_not_or_no_longer_good_lets_nobody_in(connection: Connection) -> None:
    foreign = await claim_key(connection)
    await connection.execute("DELETE FROM provisioning_keys")
    assert await outcome_of(connection, foreign) == "claim_key_unknown"
    expired = await claim_key(connection, lasts=timedelta(seconds=-1))
    assert await outcome_of(connection, expired) == "claim_key_expired"
    used_up = await claim_key(connection, uses=1)
    await enrol(connection, used_up)
    for stranger in ("s2", "S1", "s1 ", None):
        assert await outcome_of(connection, used_up, stranger) == "claim_key_used_up"


async def test_a_key_for_some_serials_is_for_no_other(connection: Connection) -> None:
    key = await claim_key(connection, serials=["s1", "s2"])
    for stranger in ("s3", "S1", "", None):
        assert await outcome_of(connection, key, stranger) == "serial_not_allowed"
    assert (await enrol(connection, key, name="one", serial="s1")).created
    assert (await enrol(connection, key, name="two", serial="s2")).created


async def test_a_revoked_key_lets_nobody_in_not_even_who_has_claimed(connection: Connection) -> None:
    key = await claim_key(connection)
    challenge = await claim(connection, key)
    revoked = await enrolment_service(connection).revoke_claim_key(key.key_id)
    assert revoked.revoked_at is not None
    assert await outcome_of(connection, key) == "claim_key_revoked"
    with pytest.raises(ProofRefused):
        await prove(connection, challenge)
    again = await enrolment_service(connection).revoke_claim_key(key.key_id)
    assert again.revoked_at == revoked.revoked_at


async def test_all_refusals_of_a_claim_key_read_alike(connection: Connection) -> None:
    expired = await claim_key(connection, lasts=timedelta(seconds=-1))
    said = set()
    for key in (expired, IssuedKey(key_id="", text=Secret("nonsense"))):
        with pytest.raises(ClaimKeyRefused) as caught:
            await claim(connection, key)
        said.add((caught.value.message, caught.value.hint))
    assert len(said) == 1


# ---------------------------------------------------------------- claim and proof


async def test_a_claim_registers_nothing_and_its_key_opens_nothing(connection: Connection) -> None:
    challenge = await claim(connection, await claim_key(connection))
    assert await DeviceService(connection).find_device_by_name("pump") is None
    assert await security_service(connection).authenticate(challenge.api_key) == Refusal(reason="unknown")


async def test_who_proves_the_new_key_is_in(connection: Connection) -> None:
    challenge = await claim(connection, await claim_key(connection))
    uuid = await prove(connection, challenge)
    found = await security_service(connection).authenticate(challenge.api_key)
    assert isinstance(found, Principal)
    assert found.device_uuid == uuid
    host = await DeviceService(connection).find_host(uuid)
    assert host is not None
    assert host.facts == {"os": "linux"}


async def test_only_the_right_answer_to_ones_own_challenge_counts(connection: Connection) -> None:
    key = await claim_key(connection)
    mine = await claim(connection, key)
    other = await claim(connection, key, name="other", serial="s2")
    at = registrar(connection)
    for enrolment, answer in (
        (mine, "0" * 64),
        (mine, answer_to(other.challenge, mine.api_key)),
        (mine, answer_to(mine.challenge, other.api_key)),
        (mine, answer_to(mine.challenge, mine.api_key).upper()),
        (other, answer_to(mine.challenge, mine.api_key)),
    ):
        with pytest.raises(ProofRefused):
            await prove_device(at, enrolment.enrolment_id, answer)
    with pytest.raises(ProofRefused):
        await prove_device(at, uuid4(), answer_to(mine.challenge, mine.api_key))
    assert await prove(connection, mine)


async def test_an_answer_that_comes_too_late_is_refused(connection: Connection) -> None:
    challenge = await claim(connection, await claim_key(connection))
    await connection.execute("UPDATE enrolments SET expires_at = now()")
    with pytest.raises(ProofRefused):
        await prove(connection, challenge)
    await connection.execute("UPDATE enrolments SET expires_at = now() + interval '1 microsecond'")
    assert await prove(connection, challenge)


async def test_an_answer_counts_once_and_is_told_the_same_again(connection: Connection) -> None:
    challenge = await claim(connection, await claim_key(connection))
    uuid = await prove(connection, challenge)
    await security_service(connection).revoke_device_keys(uuid, reason="stolen")
    assert await prove(connection, challenge) == uuid
    assert not await opens(connection, challenge.api_key)


async def test_a_challenge_is_void_once_the_device_claims_again(connection: Connection) -> None:
    key = await claim_key(connection)
    first, second = await claim(connection, key), await claim(connection, key)
    with pytest.raises(ProofRefused):
        await prove(connection, first)
    assert await prove(connection, second)


async def test_a_claim_that_is_not_proved_gives_its_use_back(connection: Connection) -> None:
    key = await claim_key(connection, uses=1)
    await claim(connection, key, serial="s1")
    assert await outcome_of(connection, key, "s2") == "claim_key_used_up"
    await connection.execute("UPDATE enrolments SET expires_at = now()")
    assert (await enrol(connection, key, serial="s2")).created
    assert await uses(connection, key) == 1


async def test_without_a_serial_every_enrolment_is_a_new_device(connection: Connection) -> None:
    key = await claim_key(connection)
    one = await enrol(connection, key, name="one", serial=None)
    two = await enrol(connection, key, name="two", serial=None)
    assert one.device_uuid != two.device_uuid
    assert await uses(connection, key) == 2


async def test_a_refused_name_costs_no_use(connection: Connection) -> None:
    key = await claim_key(connection, uses=2)
    await enrol(connection, key)
    for name, error in (("pump", DeviceNameTaken), (" pump", DeviceInvalid)):
        with pytest.raises(error):
            async with connection.transaction():
                await claim(connection, key, name=name, serial="s2")
    assert (await enrol(connection, key, name="other", serial="s2")).created


async def test_a_name_taken_between_claim_and_proof_is_told(connection: Connection) -> None:
    key = await claim_key(connection)
    one = await claim(connection, key, serial="s1")
    other = await claim(connection, key, serial="s2")
    await prove(connection, one)
    with pytest.raises(DeviceNameTaken):
        await prove(connection, other)


@pytest.mark.parametrize("serial", ["", "x" * 201, "x" * 10_000])
async def test_an_impossible_serial_is_refused_in_words(connection: Connection, serial: str) -> None:
    with pytest.raises(ClaimantInvalid, match="1 to 200"):
        await claim(connection, await claim_key(connection), serial=serial)


# ---------------------------------------------------------------- coming again


async def test_a_claim_key_alone_never_takes_over_a_device(connection: Connection) -> None:
    victim = await enrol(connection, await claim_key(connection))
    for thief in (await claim_key(connection), await claim_key(connection, serials=["s1"])):
        with pytest.raises(DeviceEnrolled):
            async with connection.transaction():
                await claim(connection, thief, name="thief")
        assert await uses(connection, thief) == 0
    assert await opens(connection, victim.api_key)


async def test_nor_does_a_claim_made_before_the_device_came(connection: Connection) -> None:
    early = await claim(connection, await claim_key(connection), name="thief")
    victim = await enrol(connection, await claim_key(connection))
    with pytest.raises(DeviceEnrolled):
        await prove(connection, early)
    assert await opens(connection, victim.api_key)


async def test_nor_does_the_key_of_another_device(connection: Connection) -> None:
    key = await claim_key(connection)
    await enrol(connection, key)
    other = await enrol(connection, key, name="other", serial="s2")
    with pytest.raises(DeviceEnrolled):
        await claim(connection, key, previous=other.api_key)


async def test_revoking_its_keys_opens_a_device_to_nobody(connection: Connection) -> None:
    key = await claim_key(connection)
    pump = await enrol(connection, key)
    await security_service(connection).revoke_device_keys(pump.device_uuid, reason="stolen")
    with pytest.raises(DeviceEnrolled):
        await claim(connection, key, previous=pump.api_key)


async def test_a_device_that_was_registered_before_it_came_enrols_as_that(connection: Connection) -> None:
    expected = await DeviceService(connection).create_device(name="pump-7", kind="sensor", serial="s1")
    came = await enrol(connection, await claim_key(connection), name="what it calls itself")
    assert (came.device_uuid, came.created) == (expected.uuid, False)
    assert (await DeviceService(connection).get_device(expected.uuid)).name == "pump-7"


async def test_with_its_old_key_a_device_enrols_again_as_itself(connection: Connection) -> None:
    first = await enrol(connection, await claim_key(connection))
    again = await enrol(connection, await claim_key(connection), name="another name", previous=first.api_key)
    assert (again.device_uuid, again.created) == (first.device_uuid, False)
    assert await security_service(connection).authenticate(first.api_key) == Refusal(reason="revoked")
    assert await opens(connection, again.api_key)
    assert (await DeviceService(connection).get_device(first.device_uuid)).name == "pump"


async def test_an_old_key_revoked_between_claim_and_proof_proves_nothing(connection: Connection) -> None:
    key = await claim_key(connection)
    pump = await enrol(connection, key)
    challenge = await claim(connection, key, previous=pump.api_key)
    await security_service(connection).revoke_device_keys(pump.device_uuid, reason="stolen")
    with pytest.raises(DeviceEnrolled):
        await prove(connection, challenge)


async def test_a_permit_lets_a_device_come_again_once(connection: Connection) -> None:
    key = await claim_key(connection, uses=1)
    first = await enrol(connection, key)
    at = registrar(connection)
    await permit_enrolment(at, first.device_uuid, by="ada", lasts=HOUR)
    again = await enrol(connection, key)
    assert (again.device_uuid, again.created) == (first.device_uuid, False)
    assert not await opens(connection, first.api_key)
    assert await uses(connection, key) == 1
    with pytest.raises(DeviceEnrolled):
        await claim(connection, key)


async def test_a_permit_holds_until_its_time_is_over_or_it_is_withdrawn(connection: Connection) -> None:
    key = await claim_key(connection)
    pump = await enrol(connection, key)
    at = registrar(connection)
    await permit_enrolment(at, pump.device_uuid, by="ada", lasts=HOUR)
    challenge = await claim(connection, key)
    await connection.execute("UPDATE enrolment_permits SET expires_at = now()")
    with pytest.raises(DeviceEnrolled):
        await prove(connection, challenge)
    await permit_enrolment(at, pump.device_uuid, by="ada", lasts=HOUR)
    await enrolment_service(connection).withdraw_permit(pump.device_uuid)
    with pytest.raises(DeviceEnrolled):
        await claim(connection, key)


async def test_only_devices_in_service_are_permitted(connection: Connection) -> None:
    at = registrar(connection)
    with pytest.raises(DeviceNotFound):
        await permit_enrolment(at, uuid4(), by="ada", lasts=HOUR)
    pump = await enrol(connection, await claim_key(connection))
    await permit_enrolment(at, pump.device_uuid, by="ada", lasts=HOUR)
    await retire_device(keepers(connection), pump.device_uuid, reason="test")
    with pytest.raises(DeviceRetired):
        await permit_enrolment(at, pump.device_uuid, by="ada", lasts=HOUR)
    await at.devices.restore_device(pump.device_uuid)
    with pytest.raises(DeviceEnrolled):
        await claim(connection, await claim_key(connection))


async def test_a_killed_proof_leaves_the_challenge_open(connection: Connection) -> None:
    key = await claim_key(connection, uses=1)
    challenge = await claim(connection, key)
    with pytest.raises(RuntimeError, match="killed"):
        async with connection.transaction():
            await prove(connection, challenge)
            raise RuntimeError("killed before the commit")
    assert await prove(connection, challenge)
    assert await uses(connection, key) == 1


# ---------------------------------------------------------------- all at once


@asynccontextmanager
async def opened(database: TestDatabase, connections: int) -> AsyncIterator[list[Connection]]:
    made = [
        await connect(database.endpoint("app"), database.name, application_name="test", autocommit=True)
        for _ in range(connections)
    ]
    yield made
    for connection in made:
        await connection.close()


async def test_a_key_for_a_hundred_hit_a_thousand_times_lets_a_hundred_in(database: TestDatabase) -> None:
    async with opened(database, 20) as connections:
        key = await claim_key(connections[0], uses=100)

        async def come(number: int, connection: Connection) -> int:
            entered = 0
            for attempt in range(50):
                name = f"{number}-{attempt}"
                try:
                    async with connection.transaction():
                        challenge = await claim(connection, key, name=name, serial=name)
                    async with connection.transaction():
                        await prove(connection, challenge)
                    entered += 1
                except ClaimKeyRefused:
                    pass
            return entered

        assert sum(await asyncio.gather(*(come(n, c) for n, c in enumerate(connections)))) == 100
        assert await uses(connections[0], key) == 100
        cursor = await connections[0].execute("SELECT count(*) FROM devices")
        assert await cursor.fetchone() == (100,)


async def test_claims_that_meet_at_the_last_use_share_it_out_to_one(database: TestDatabase) -> None:
    """The proofs of the test above queue up for the history of keys, so its claims seldom meet: here nothing else is done."""
    async with opened(database, 10) as connections:

        async def is_let_in(key: IssuedKey, number: int, connection: Connection) -> bool:
            try:
                async with connection.transaction():
                    await claim(connection, key, name=f"{number}", serial=f"{number}")
            except ClaimKeyRefused:
                return False
            return True

        for _ in range(5):
            key = await claim_key(connections[0], uses=1)
            answers = await asyncio.gather(*(is_let_in(key, n, c) for n, c in enumerate(connections)))
            assert sorted(answers) == [False] * 9 + [True]
            assert await uses(connections[0], key) == 1


async def test_one_device_that_asks_many_times_at_once_is_one_device(database: TestDatabase) -> None:
    async with opened(database, 8) as connections:
        key = await claim_key(connections[0], uses=1)

        async def ask(connection: Connection) -> tuple[UUID, Secret] | None:
            try:
                async with connection.transaction():
                    challenge = await claim(connection, key)
                async with connection.transaction():
                    return await prove(connection, challenge), challenge.api_key
            except (ProofRefused, DeviceEnrolled):
                return None

        answers = [answer for answer in await asyncio.gather(*map(ask, connections)) if answer]
        assert len(answers) == 1
        assert await uses(connections[0], key) == 1
        assert await opens(connections[0], answers[0][1])


async def test_two_answers_to_one_challenge_at_once_are_one_enrolment(database: TestDatabase) -> None:
    async with opened(database, 4) as connections:
        challenge = await claim(connections[0], await claim_key(connections[0]))

        async def answer(connection: Connection) -> UUID | IotisticError:
            async with connection.transaction():
                return await prove(connection, challenge)

        assert len(set(await asyncio.gather(*map(answer, connections)))) == 1
        cursor = await connections[0].execute("SELECT count(*) FROM api_keys")
        assert await cursor.fetchone() == (1,)
