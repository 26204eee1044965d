"""A pooler that changes sessions between transactions would leave the lock with nobody: it is noticed before."""

from pathlib import Path

import pytest

from iotistic.migrations import apply
from iotistic.migrations.errors import PoolerBetween
from tests.support.histories import Place, history_of
from tests.support.pooler import pooled

FILES = {"1_t.sql": "CREATE TABLE t (id int);"}


async def test_a_pooler_in_transaction_mode_is_refused_and_no_lock_stays_behind(
    place: Place, tmp_path: Path
) -> None:
    async with pooled(place.endpoint, by_transaction=True) as endpoint:
        with pytest.raises(PoolerBetween) as caught:
            await apply(endpoint, place.name, history_of(tmp_path, FILES))
        assert caught.value.hint is not None
        assert "direct connection" in caught.value.hint
        assert await place.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]
    assert await place.rows("SELECT to_regclass('t')") == [(None,)]


async def test_a_pooler_in_session_mode_will_do(place: Place, tmp_path: Path) -> None:
    async with pooled(place.endpoint, by_transaction=False) as endpoint:
        report = await apply(endpoint, place.name, history_of(tmp_path, FILES))
    assert [applied.filename for applied in report.applied] == ["1_t.sql"]


async def test_nothing_to_do_needs_no_session_of_its_own(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    await apply(place.endpoint, place.name, history)
    async with pooled(place.endpoint, by_transaction=True) as endpoint:
        assert (await apply(endpoint, place.name, history)).applied == ()
