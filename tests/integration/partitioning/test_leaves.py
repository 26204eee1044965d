"""The view `partition_leaves`: bounds of leaves as times, and nothing where they are no plain range of time."""

from datetime import UTC, datetime

from psycopg import AsyncConnection


async def test_bounds_are_times_or_nothing(owner_connection: AsyncConnection) -> None:
    async with owner_connection.transaction(force_rollback=True):
        await owner_connection.execute("""
            CREATE TABLE odd (at timestamptz NOT NULL) PARTITION BY RANGE (at);
            CREATE TABLE odd_before PARTITION OF odd FOR VALUES FROM (MINVALUE) TO ('2026-01-01Z');
            CREATE TABLE odd_day PARTITION OF odd FOR VALUES FROM ('2026-01-01Z') TO ('2026-01-02Z');
            CREATE TABLE odd_rest PARTITION OF odd DEFAULT;
            CREATE TABLE pairs (at timestamptz NOT NULL, name text NOT NULL) PARTITION BY RANGE (at, name);
            CREATE TABLE pairs_1 PARTITION OF pairs FOR VALUES FROM ('2026-01-01Z', 'a') TO ('2026-01-02Z', 'b');
            INSERT INTO partition_policies (parent, grain, premake, back, keep_days)
            VALUES ('odd', 'day', 7, 0, 7), ('pairs', 'day', 7, 0, 7);
        """)
        cursor = await owner_connection.execute(
            "SELECT leaf, lower_bound, upper_bound FROM partition_leaves WHERE parent IN ('odd', 'pairs') ORDER BY leaf"
        )
        assert await cursor.fetchall() == [
            ("odd_before", None, None),
            ("odd_day", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
            ("odd_rest", None, None),
            ("pairs_1", None, None),
        ]
