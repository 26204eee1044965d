"""Keys that access tokens are signed with: they are replaced without anybody noticing, and end at once where they have to."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import jwt
import pytest

from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.bootstrap.sealing import add_sealing_key, rewrap_everything
from iotistic.database.pool import Connection, connect
from iotistic.sealing import SealingKeys
from iotistic.security import PasswordHasher
from iotistic.security.signing import SigningKeyNotFound
from tests.integration.http.test_keys import status_soon
from tests.integration.http.test_session_tokens import Person, ada
from tests.support.databases import TestDatabase

__all__ = ["ada"]

ME = "/api/v1/auth/me"


@pytest.fixture
async def database_connection(api_database: TestDatabase) -> AsyncIterator[Connection]:
    connection = await connect(
        api_database.superuser, api_database.name, application_name="test", autocommit=True
    )
    yield connection
    await connection.close()


@pytest.fixture
async def other(platform: Platform) -> AsyncIterator[Platform]:
    """Another process of the same installation."""
    other = await open_platform(platform.settings, application_name="test-other")
    other._hasher = PasswordHasher(cost=4)
    yield other
    await other.close()


def kid_of(tokens: dict[str, str]) -> str:
    return str(jwt.get_unverified_header(tokens["key"])["kid"])


async def states(platform: Platform) -> dict[str, str]:
    async with platform.begin(read_only=True) as work:
        return {key.id: key.state for key in await work.signing.list_keys()}


async def test_another_key_signs_and_the_one_before_verifies_in_every_process(
    ada: Person,
    platform: Platform,
    other: Platform,
) -> None:
    before = await ada.logs_in()
    async with other.begin() as work:
        assert await work.signing.rotate()
    after = await ada.logs_in()
    assert kid_of(after) != kid_of(before)
    found = await states(platform)
    assert (found[kid_of(before)], found[kid_of(after)]) == ("verifies", "signs")
    elsewhere = Person(other, ada.name)
    for tokens in (before, after):
        assert (await elsewhere.with_tokens(tokens).get(ME)).status_code == 200
        assert kid_of((await elsewhere.refreshes(tokens)).json()) == kid_of(after)


async def test_a_key_verifies_until_its_end_and_not_after(
    ada: Person,
    platform: Platform,
    database_connection: Connection,
) -> None:
    tokens = await ada.logs_in()
    async with platform.begin() as work:
        await work.signing.rotate()
    assert (await ada.with_tokens(tokens).get(ME)).status_code == 200
    await database_connection.execute(
        "UPDATE signing_keys SET retired_at = retired_at - interval '20 minutes', ends_at = ends_at - interval '20 minutes'"
        " WHERE id = %s",
        (kid_of(tokens),),
    )
    await status_soon(ada.with_tokens(tokens), ME, 401)
    assert (await ada.refreshes(tokens)).status_code == 200  # the session goes on


async def test_a_key_that_leaked_ends_at_once_in_every_process(
    ada: Person,
    platform: Platform,
    other: Platform,
) -> None:
    tokens = await ada.logs_in()
    elsewhere = Person(other, ada.name).with_tokens(tokens)
    for _ in range(3):
        assert (await elsewhere.get(ME)).status_code == 200
    async with platform.begin() as work:
        await work.signing.retire(kid_of(tokens))
    await status_soon(elsewhere, ME, 401)
    refreshed = (await ada.refreshes(tokens)).json()
    assert kid_of(refreshed) != kid_of(tokens)
    assert (await ada.with_tokens(refreshed).get(ME)).status_code == 200
    for gone in (kid_of(tokens), "nonsense"):
        async with platform.begin() as work:
            with pytest.raises(SigningKeyNotFound):
                await work.signing.retire(gone)


async def test_only_a_key_that_is_old_enough_is_replaced_by_itself(
    ada: Person,
    platform: Platform,
    database_connection: Connection,
) -> None:
    kid = kid_of(await ada.logs_in())
    async with platform.begin() as work:
        assert not await work.signing.rotate(older_than=timedelta(days=30))
    await database_connection.execute(
        "UPDATE signing_keys SET created_at = created_at - interval '30 days' WHERE id = %s", (kid,)
    )
    async with platform.begin() as work:
        assert await work.signing.rotate(older_than=timedelta(days=30))
        assert not await work.signing.rotate(older_than=timedelta(days=30))
    assert (await states(platform))[kid] == "verifies"


async def test_there_is_one_key_that_signs_however_many_log_in_first(
    ada: Person,
    platform: Platform,
    other: Platform,
    database_connection: Connection,
) -> None:
    await database_connection.execute("DELETE FROM signing_keys")
    async with platform.begin() as one:
        first = await one.signing.get_signer()
    async with other.begin() as two:
        assert (await two.signing.get_signer()).id == first.id
    await ada.logs_in()
    assert list((await states(platform)).values()).count("signs") == 1


async def test_keys_that_ended_long_ago_are_forgotten(
    platform: Platform, database_connection: Connection
) -> None:
    async with platform.begin() as work:
        kid = (await work.signing.get_signer()).id
        await work.signing.rotate()
    await database_connection.execute(
        "UPDATE signing_keys SET retired_at = now() - interval '31 days', ends_at = now() - interval '31 days' WHERE id = %s",
        (kid,),
    )
    async with platform.begin() as work:
        assert await work.signing.forget_old() == 1
    assert kid not in await states(platform)


async def test_a_service_goes_on_while_the_sealing_key_is_replaced_and_the_old_one_forgotten(
    ada: Person,
    platform: Platform,
    other: Platform,
) -> None:
    secret = platform.settings.data_dir / "secrets" / "sealing-key"
    name = add_sealing_key(platform.settings)
    async with other.begin() as work:
        await work.signing.rotate()  # sealed by a process that has been running all along
        assert name in {SealingKeys.key_id(text) for text in await work.signing.list_sealed()}
        await rewrap_everything(work, platform.settings)
    secret.write_text(secret.read_text().partition(",")[0])
    tokens = await ada.logs_in()
    assert (await Person(other, ada.name).with_tokens(tokens).get(ME)).status_code == 200


async def test_no_seed_is_kept_in_clear(platform: Platform, database_connection: Connection) -> None:
    async with platform.begin() as work:
        seed = (await work.signing.get_signer()).private.private_bytes_raw().hex()
    kept = await (await database_connection.execute("SELECT s::text FROM signing_keys AS s")).fetchall()
    told = await (
        await database_connection.execute(
            "SELECT a::text FROM audit_log AS a WHERE resource = 'signing_keys'"
        )
    ).fetchall()
    assert kept
    assert told
    assert seed not in str(kept + told)
    assert "sealed:1:" not in str(told)


async def test_a_stranger_signs_nothing_with_an_id_of_ours(ada: Person, platform: Platform) -> None:
    tokens = await ada.logs_in()
    claims = jwt.decode(tokens["key"], options={"verify_signature": False})
    for kid in (kid_of(tokens), "nobody", "../x", "' OR true --"):
        forged = jwt.encode(
            claims,
            "a shared secret of 32 octets or so",
            algorithm="HS256",
            headers={"kid": kid, "typ": "at+jwt"},
        )
        async with httpx.AsyncClient(transport=ada.http._transport, base_url="http://test") as client:
            answer = await client.get(ME, headers={"Authorization": f"Bearer {forged}"})
        assert answer.status_code == 401
    assert platform
