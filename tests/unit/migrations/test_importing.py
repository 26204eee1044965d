import pytest

from iotistic.migrations import History
from iotistic.migrations.entry import Entry
from iotistic.migrations.files import arrange
from iotistic.migrations.importing.foreign import ForeignHistory, ForeignRecord, ForeignTable, Tool, slug_of
from iotistic.migrations.importing.matching import ImportPlan, ImportRefused, plan_import

FILES = arrange(
    [
        (name, b"")
        for name in ("001_users.sql", "002_parts.sql", "003_add_index.sql", "004_late.sql", "R__views.sql")
    ],
    service="shop",
)


def history(folder: object = None, table: str = "schema_migrations") -> History:
    del folder
    return History(service="shop", folder=None, table=table)  # type: ignore[arg-type]


def foreign(
    *records: ForeignRecord, tool: Tool = Tool.KNEX, table: str = "knex_migrations"
) -> ForeignHistory:
    return ForeignHistory(
        table=ForeignTable(tool=tool, schema="public", table=table),
        records=records,
        head_only=tool in {Tool.GOLANG_MIGRATE, Tool.ALEMBIC},
    )


def record(name: str, number: int | None = None, slug: str | None = None) -> ForeignRecord:
    return ForeignRecord(name=name, number=number, slug=slug)


def files_of(plan: ImportPlan) -> list[str]:
    return [match.filename for match in plan.matches]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("20200101120000_add-users.js", "add_users"),
        ("V1__Add users.sql", "add_users"),
        ("V1.2__Add users.sql", "add_users"),
        ("001_add_users.up.sql", "add_users"),
        ("R__views.sql", "r_views"),
        ("add_users.ts", "add_users"),
        ("42", ""),
    ],
)
def test_a_name_is_what_is_left_without_number_and_ending(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_equal_filenames_match() -> None:
    plan = plan_import(foreign(record("002_parts.sql", 9, "other")), history(), FILES, ())
    assert files_of(plan) == ["002_parts.sql"]
    assert plan.pending == ("001_users.sql", "003_add_index.sql", "004_late.sql", "R__views.sql")


def test_equal_names_match_whatever_the_number() -> None:
    plan = plan_import(foreign(record("20200101_users.js", 20200101, "users")), history(), FILES, ())
    assert files_of(plan) == ["001_users.sql"]


def test_equal_numbers_match_where_the_tool_keeps_no_names() -> None:
    assert files_of(
        plan_import(foreign(record("2", 2), tool=Tool.DBMATE), history(table="x"), FILES, ())
    ) == ["002_parts.sql"]


def test_equal_numbers_with_different_names_do_not_match() -> None:
    plan = plan_import(foreign(record("V2__other.sql", 2, "other")), history(), FILES, ())
    assert files_of(plan) == []
    assert plan.unmatched[0].why == "number 2 is 002_parts.sql here, which says something else"


def test_a_name_that_two_files_have_does_not_decide() -> None:
    twins = arrange([("001_index.sql", b""), ("002_index.sql", b"")], service="shop")
    plan = plan_import(foreign(record("x_index.js", 77, "index")), history(), twins, ())
    assert plan.unmatched[0].why.startswith("several files are called that")
    assert files_of(plan_import(foreign(record("2_index.js", 2, "index")), history(), twins, ())) == [
        "002_index.sql"
    ]


def test_a_record_nobody_knows_is_left_behind() -> None:
    plan = plan_import(foreign(record("9_gone.js", 9, "gone")), history(), FILES, ())
    assert [(one.name, one.why) for one in plan.unmatched] == [
        ("9_gone.js", "no file here has its number or its name")
    ]


def test_the_mapping_decides() -> None:
    plan = plan_import(
        foreign(record("V2__other.sql", 2, "other")),
        history(),
        FILES,
        (),
        mapping={"V2__other.sql": "003_add_index.sql"},
    )
    assert files_of(plan) == ["003_add_index.sql"]


@pytest.mark.parametrize(
    "mapping", [{"nobody": "001_users.sql"}, {"a": "999_none.sql"}, {"a": "R__views.sql"}]
)
def test_a_mapping_of_what_is_not_there_is_refused(mapping: dict[str, str]) -> None:
    with pytest.raises(ImportRefused):
        plan_import(foreign(record("a")), history(), FILES, (), mapping=mapping)


def test_a_tool_that_keeps_only_its_version_stands_for_all_before() -> None:
    plan = plan_import(foreign(record("3", 3), tool=Tool.GOLANG_MIGRATE), history(table="x"), FILES, ())
    assert files_of(plan) == ["001_users.sql", "002_parts.sql", "003_add_index.sql"]


def test_a_version_that_no_file_has_needs_to_be_said() -> None:
    plan = plan_import(foreign(record("ab12cd"), tool=Tool.ALEMBIC), history(), FILES, ())
    assert (files_of(plan), "--through N" in plan.unmatched[0].why) == ([], True)
    assert files_of(
        plan_import(foreign(record("ab12cd"), tool=Tool.ALEMBIC), history(), FILES, (), through=2)
    ) == [
        "001_users.sql",
        "002_parts.sql",
    ]
    mapped = plan_import(
        foreign(record("ab12cd"), tool=Tool.ALEMBIC),
        history(),
        FILES,
        (),
        mapping={"ab12cd": "001_users.sql"},
    )
    assert files_of(mapped) == ["001_users.sql"]


def test_what_is_on_record_is_left_as_it_is() -> None:
    entry = Entry(filename="001_users.sql", number=1)
    plan = plan_import(
        foreign(record("1_users.js", 1, "users"), record("2_parts.js", 2, "parts")), history(), FILES, [entry]
    )
    assert (files_of(plan), plan.recorded) == (["002_parts.sql"], ("001_users.sql",))


def test_a_gap_is_told_because_a_run_will_refuse_it() -> None:
    plan = plan_import(
        foreign(record("1_users.js", 1, "users"), record("3_add_index.js", 3, "add_index")),
        history(),
        FILES,
        (),
    )
    assert "002_parts.sql" in plan.notices[0]


def test_a_table_where_ours_belongs_is_renamed() -> None:
    same = foreign(record("1", 1), tool=Tool.GOLANG_MIGRATE, table="schema_migrations")
    assert plan_import(same, history(), FILES, ()).rename_source == "schema_migrations_golang_migrate"
    assert plan_import(same, history(table="other"), FILES, ()).rename_source is None


def test_the_original_platforms_own_table_needs_no_import() -> None:
    same = foreign(record("001_users.sql", 1), tool=Tool.UPSTREAM, table="schema_migrations")
    plan = plan_import(same, history(), FILES, ())
    assert (plan.matches, plan.rename_source, "read as it is" in plan.notices[0]) == ((), None, True)
