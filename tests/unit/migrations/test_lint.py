"""Lint: what each rule finds, and right beside it what it must leave alone."""

import pytest

from iotistic.migrations.files import arrange
from iotistic.migrations.lint import RULES, Finding, Lock, TableSize, Threshold, lint
from iotistic.migrations.lint.reader import Name
from iotistic.migrations.script import read_scripts


def findings_of(*texts: str, **options: object) -> list[Finding]:
    contents = [(f"{number:03}_step.sql", text.encode()) for number, text in enumerate(texts)]
    return list(lint(read_scripts("test", arrange(contents, service="test")), **options))  # type: ignore[arg-type]


def rules_of(*texts: str, **options: object) -> list[str]:
    return [finding.rule for finding in findings_of(*texts, **options)]


NO_TRANSACTION = "-- migrate: no-transaction\n"

LOUD = [
    ("CREATE INDEX devices_name_idx ON devices (name)", "index-not-concurrent"),
    ("CREATE UNIQUE INDEX ON devices (name)", "index-not-concurrent"),
    ("CREATE INDEX IF NOT EXISTS i ON app.devices USING gin (tags)", "index-not-concurrent"),
    (NO_TRANSACTION + "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON devices (a)", "index-if-not-exists"),
    ("DROP INDEX devices_name_idx", "drop-index-not-concurrent"),
    ("ALTER TABLE devices ALTER COLUMN name TYPE varchar(10)", "column-type"),
    ("ALTER TABLE devices ALTER name SET DATA TYPE bigint USING name::bigint", "column-type"),
    ("ALTER TABLE devices ADD COLUMN token uuid DEFAULT gen_random_uuid()", "volatile-default"),
    ("ALTER TABLE devices ADD token text NOT NULL DEFAULT 'a' || app.next_token()", "volatile-default"),
    ("ALTER TABLE devices ADD COLUMN seen timestamptz DEFAULT clock_timestamp()", "volatile-default"),
    ("ALTER TABLE devices ADD COLUMN n bigserial", "volatile-default"),
    ("ALTER TABLE devices ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY", "volatile-default"),
    ("ALTER TABLE devices ADD COLUMN n text GENERATED ALWAYS AS (lower(name)) STORED", "volatile-default"),
    ("ALTER TABLE devices SET TABLESPACE fast", "table-rewrite"),
    ("ALTER TABLE devices SET UNLOGGED", "table-rewrite"),
    ("ALTER TABLE devices ALTER COLUMN n SET EXPRESSION AS (a + 1)", "table-rewrite"),
    ("ALTER TABLE devices ALTER COLUMN name SET NOT NULL", "set-not-null"),
    ("ALTER TABLE devices ADD COLUMN name text NOT NULL", "required-column"),
    ("ALTER TABLE devices ADD COLUMN name text NOT NULL DEFAULT NULL", "required-column"),
    (
        "ALTER TABLE a ADD CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES b ON DELETE SET DEFAULT",
        "constraint-not-valid",
    ),
    ("ALTER TABLE a ADD CHECK (b > 0)", "constraint-not-valid"),
    ("ALTER TABLE a ADD CONSTRAINT a_b_check CHECK (b IS NOT NULL)", "constraint-not-valid"),
    ("ALTER TABLE a ADD COLUMN b int CHECK (b > 0)", "constraint-not-valid"),
    ("ALTER TABLE a ADD COLUMN b int DEFAULT 1 REFERENCES b (id)", "constraint-not-valid"),
    ("ALTER TABLE a ADD CONSTRAINT a_b_key UNIQUE (b)", "unique-using-index"),
    ("ALTER TABLE a ADD PRIMARY KEY (b)", "unique-using-index"),
    ("ALTER TABLE a ADD COLUMN b int UNIQUE", "unique-using-index"),
    ("ALTER TABLE a ADD CONSTRAINT a_b_excl EXCLUDE USING gist (b WITH &&)", "unique-using-index"),
    ("CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (1) TO (2)", "partition-of"),
    ("ALTER TABLE logs DETACH PARTITION logs_1", "detach-not-concurrent"),
    ("ALTER TABLE a DROP COLUMN b", "drop-column"),
    ("ALTER TABLE a DROP IF EXISTS b", "drop-column"),
    ("DROP TABLE a", "drop-table"),
    ("DROP VIEW IF EXISTS a", "drop-table"),
    ("ALTER TABLE a RENAME b TO c", "rename-column"),
    ("ALTER TABLE a RENAME COLUMN b TO c", "rename-column"),
    ("ALTER TABLE a RENAME TO b", "rename-table"),
    ("ALTER TABLE a SET SCHEMA b", "rename-table"),
    ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "rename-enum-value"),
    ("DROP FUNCTION f(int) CASCADE", "drop-cascade"),
    ("ALTER TABLE a DROP CONSTRAINT b CASCADE", "drop-cascade"),
    ("TRUNCATE a", "truncate"),
    ("TRUNCATE TABLE ONLY app.a", "truncate"),
    ("UPDATE devices SET a = 1", "unbatched-write"),
    ("DELETE FROM devices", "unbatched-write"),
    ("WITH old AS (SELECT 1) DELETE FROM devices USING old", "unbatched-write"),
    (NO_TRANSACTION + "VACUUM (FULL, ANALYZE) devices", "vacuum-full"),
    (NO_TRANSACTION + "VACUUM FULL devices", "vacuum-full"),
    ("CLUSTER devices USING i", "vacuum-full"),
    ("REINDEX TABLE devices", "reindex-not-concurrent"),
    ("LOCK TABLE devices IN SHARE MODE", "lock-table"),
    ("CREATE ROLE x LOGIN PASSWORD 'hunter2'", "secret"),
    ("SELECT 'postgresql://me:hunter2@example.org/db'", "secret"),
    ("-- -----BEGIN RSA PRIVATE KEY-----\nSELECT 1", "secret"),
]

QUIET = [
    NO_TRANSACTION + "CREATE INDEX CONCURRENTLY devices_name_idx ON devices (name)",
    "CREATE TABLE a (b int); CREATE INDEX i ON a (b); ALTER TABLE public.a ADD PRIMARY KEY (b), ALTER b TYPE text; TRUNCATE a",
    "CREATE TEMP TABLE a AS SELECT 1; UPDATE a SET b = 1; DROP TABLE a",
    "CREATE MATERIALIZED VIEW m AS SELECT 1 AS b; CREATE UNIQUE INDEX i ON m (b)",
    "CREATE TABLE a (b int) PARTITION BY RANGE (b); CREATE TABLE a_1 PARTITION OF a DEFAULT",
    NO_TRANSACTION + "DROP INDEX CONCURRENTLY i",
    "ALTER TABLE devices ALTER COLUMN name SET DEFAULT 'a', ALTER COLUMN name DROP NOT NULL",
    "ALTER TABLE devices ADD COLUMN made timestamptz NOT NULL DEFAULT now()",
    "ALTER TABLE devices ADD COLUMN facts jsonb NOT NULL DEFAULT '{}'::jsonb",
    "ALTER TABLE devices ADD COLUMN a int NULL, ADD COLUMN b numeric(8, 2) DEFAULT (1 + 2), ADD COLUMN c text",
    "ALTER TABLE devices ADD COLUMN n int GENERATED ALWAYS AS (a + 1) VIRTUAL",
    "ALTER TABLE devices ADD COLUMN b bigint REFERENCES b (id) ON DELETE SET NULL",
    "ALTER TABLE a ADD CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES b NOT VALID",
    "ALTER TABLE a ADD CONSTRAINT a_b_check CHECK (b IS NOT NULL) NOT VALID",
    "ALTER TABLE a VALIDATE CONSTRAINT a_b_check",
    "ALTER TABLE a ADD CONSTRAINT a_b_key UNIQUE USING INDEX a_b_key",
    NO_TRANSACTION + "ALTER TABLE logs DETACH PARTITION logs_1 CONCURRENTLY",
    "ALTER TABLE logs DETACH PARTITION logs_1 FINALIZE",
    "ALTER TABLE logs ATTACH PARTITION logs_1 FOR VALUES FROM (1) TO (2)",
    "-- migrate: phase contract\nALTER TABLE a DROP COLUMN b; DROP TABLE c",
    "DROP VIEW v; CREATE VIEW v AS SELECT 1 AS a",
    "ALTER TABLE a RENAME CONSTRAINT b TO c",
    "ALTER TABLE a SET (fillfactor = 50)",
    "ALTER TYPE mood ADD VALUE 'fine'",
    "DROP FUNCTION f(int)",
    "DELETE FROM devices WHERE id IN (SELECT id FROM devices LIMIT 100)",
    "UPDATE devices SET a = 1 WHERE id = 3",
    "INSERT INTO devices (a) SELECT 1 ON CONFLICT (a) DO UPDATE SET a = 1",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM devices $$",
    NO_TRANSACTION + "VACUUM (ANALYZE) devices",
    NO_TRANSACTION + "REINDEX (CONCURRENTLY) TABLE devices; REINDEX INDEX CONCURRENTLY i",
    "CREATE ROLE x NOLOGIN PASSWORD NULL",
    "COMMENT ON COLUMN a.b IS 'The password ''salt'' and https://example.org:8080/a@b'",
]  # fmt: skip


@pytest.mark.parametrize(("text", "rule"), LOUD)
def test_a_dangerous_statement_is_found(text: str, rule: str) -> None:
    assert rules_of(text) == [rule]


@pytest.mark.parametrize("text", QUIET)
def test_a_safe_statement_is_left_alone(text: str) -> None:
    assert findings_of(text) == []


def test_every_rule_has_a_case() -> None:
    about_waivers_or_files = {"unknown-rule", "unneeded-waiver", "unknown-role", "validate-apart"}
    assert set(RULES) - about_waivers_or_files == {rule for _, rule in LOUD}


class TestFindings:
    def test_a_finding_says_where_which_lock_why_and_the_safe_way(self) -> None:
        (finding,) = findings_of("SELECT 1;\n  CREATE INDEX devices_name_idx ON devices (name);")
        assert (finding.filename, finding.line, finding.column) == ("000_step.sql", 2, 3)
        assert (finding.rule, finding.lock, finding.table) == ("index-not-concurrent", Lock.SHARE, "devices")
        assert finding.why == "Nobody can write to devices while devices_name_idx is built."
        assert finding.rewrite.startswith(
            "CREATE INDEX CONCURRENTLY devices_name_idx ON devices ...; in a file of its own"
        )

    def test_each_action_of_an_alter_table_has_its_own_place(self) -> None:
        found = findings_of("ALTER TABLE a\n  DROP COLUMN b,\n  ALTER c SET NOT NULL,\n  ADD d int;")
        assert [(finding.rule, finding.line, finding.column) for finding in found] == [
            ("drop-column", 2, 3),
            ("set-not-null", 3, 3),
        ]

    def test_a_secret_is_not_repeated(self) -> None:
        (finding,) = findings_of("SELECT 1;\nALTER ROLE x PASSWORD 'hunter2'")
        assert finding.line == 2
        assert "hunter2" not in finding.why + finding.rewrite

    def test_every_lock_says_what_it_stops(self) -> None:
        assert all(lock.stops for lock in Lock)


class TestHistory:
    def test_a_table_of_an_earlier_file_is_no_longer_new(self) -> None:
        assert rules_of("CREATE TABLE a (b int)", "CREATE INDEX i ON a (b)") == ["index-not-concurrent"]

    def test_a_validated_check_of_an_earlier_file_makes_set_not_null_cheap(self) -> None:
        assert (
            rules_of(
                "ALTER TABLE a ADD CONSTRAINT a_b_check CHECK (b IS NOT NULL) NOT VALID",
                "ALTER TABLE public.a VALIDATE CONSTRAINT a_b_check",
                "ALTER TABLE a ALTER COLUMN b SET NOT NULL, DROP CONSTRAINT a_b_check",
            )
            == []
        )

    def test_a_check_that_was_not_validated_proves_nothing(self) -> None:
        first = "ALTER TABLE a ADD CONSTRAINT a_b_check CHECK (b IS NOT NULL) NOT VALID"
        assert rules_of(first, "ALTER TABLE a ALTER COLUMN b SET NOT NULL") == ["set-not-null"]

    def test_validating_in_the_transaction_that_added_keeps_its_lock(self) -> None:
        text = "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID; ALTER TABLE a VALIDATE CONSTRAINT c"
        assert rules_of(text) == ["validate-apart"]
        assert rules_of(NO_TRANSACTION + text) == []

    def test_an_index_on_a_partitioned_table_is_built_partition_by_partition(self) -> None:
        parent = "CREATE TABLE logs (a int) PARTITION BY RANGE (a)"
        (finding,) = findings_of(parent, "CREATE INDEX i ON logs (a)")
        assert finding.rewrite.startswith("CREATE INDEX i ON ONLY logs ...;")
        assert findings_of(parent, "CREATE INDEX i ON ONLY logs (a)") == []

    def test_only_the_files_asked_for_are_reported(self) -> None:
        assert rules_of("DROP TABLE a", "DROP TABLE b", only={"001_step.sql"}) == ["drop-table"]


class TestWaivers:
    def test_a_waived_rule_is_quiet(self) -> None:
        assert findings_of("-- migrate: allow drop-table: nothing reads it since 2.4\nDROP TABLE a") == []

    def test_a_waiver_excuses_only_what_it_names(self) -> None:
        assert rules_of("-- migrate: allow drop-table: nothing reads it\nDROP TABLE a; TRUNCATE b") == [
            "truncate"
        ]

    def test_a_waiver_for_a_rule_that_does_not_exist_is_found(self) -> None:
        (finding,) = findings_of("-- Why.\n-- migrate: allow drop-tabel: typing is hard\nSELECT 1")
        assert (finding.rule, finding.line) == ("unknown-rule", 2)

    def test_a_waiver_that_nothing_needs_is_found(self) -> None:
        assert rules_of("-- migrate: allow truncate: small\nSELECT 1") == ["unneeded-waiver"]


class TestSizes:
    INDEX = "CREATE INDEX i ON a (b)"

    @staticmethod
    def size(rows: int, octets: int) -> dict[Name, TableSize]:
        return {Name("public", "a"): TableSize(rows=rows, octets=octets)}

    @pytest.mark.parametrize(
        ("rows", "octets", "expected"),
        [
            (100, 1000, []),
            (101, 1000, ["index-not-concurrent"]),
            (100, 1001, ["index-not-concurrent"]),
            (0, 0, []),
        ],
    )
    def test_a_table_within_the_threshold_is_quiet(self, rows: int, octets: int, expected: list[str]) -> None:
        limit = Threshold(rows=100, octets=1000)
        assert rules_of(self.INDEX, sizes=self.size(rows, octets), threshold=limit) == expected

    def test_a_table_that_a_pending_file_makes_is_quiet(self) -> None:
        assert rules_of(self.INDEX, sizes={}) == []

    def test_what_breaks_running_code_is_found_on_small_tables_too(self) -> None:
        assert rules_of("ALTER TABLE a DROP COLUMN b", sizes=self.size(1, 1)) == ["drop-column"]

    def test_an_update_of_some_rows_is_found_only_on_a_big_table(self) -> None:
        text = "UPDATE a SET b = 1 WHERE c"
        assert rules_of(text, sizes=self.size(10**6, 10**9)) == ["unbatched-write"]
        assert rules_of(text, sizes=self.size(10, 10)) == []

    def test_a_waiver_is_not_called_unneeded_because_a_table_is_small(self) -> None:
        text = f"-- migrate: allow index-not-concurrent: small\n{self.INDEX}"
        assert rules_of(text, sizes=self.size(1, 1)) == []


class TestRoles:
    @pytest.mark.parametrize(
        "text",
        [
            "GRANT SELECT ON a TO reporting",
            "GRANT SELECT ON a TO iotistic_app, reporting",
            "REVOKE ALL ON a FROM reporting",
            "ALTER TABLE a OWNER TO reporting",
            "ALTER DEFAULT PRIVILEGES FOR ROLE reporting GRANT SELECT ON TABLES TO iotistic_app",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reporting",
            "CREATE POLICY p ON a FOR SELECT TO reporting USING (true)",
            "CREATE SCHEMA s AUTHORIZATION reporting",
            "SET ROLE reporting",
        ],
    )
    def test_a_role_that_not_every_installation_has_is_found(self, text: str) -> None:
        assert rules_of(text, roles={"iotistic_app"}) == ["unknown-role"]
        assert rules_of(text) == []

    @pytest.mark.parametrize(
        "text",
        [
            "GRANT SELECT ON a TO iotistic_app, PUBLIC, CURRENT_USER WITH GRANT OPTION",
            "GRANT pg_monitor TO iotistic_app",
            "CREATE ROLE reporting; GRANT SELECT ON a TO reporting",
            "REVOKE SELECT ON a FROM public CASCADE",
        ],
    )
    def test_a_role_that_is_always_there_is_not(self, text: str) -> None:
        assert rules_of(text, roles={"iotistic_app"}) == []
