"""Files and history compared, without a database."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.migrations.entry import Entry, EntryKind, EntryState
from iotistic.migrations.errors import HistoryRefused, ProblemKind
from iotistic.migrations.files import MigrationFile, arrange, fingerprint_of
from iotistic.migrations.plan import RunOptions, compare, make_plan
from iotistic.migrations.script import ALGORITHM, digest, normalised_checksum, read_scripts

ALONE = "-- migrate: no-transaction\n"


def files_of(**texts: str) -> tuple[MigrationFile, ...]:
    return arrange([(f"{name.lstrip('_')}.sql", text.encode()) for name, text in texts.items()], service="s")


def entry_for(file: MigrationFile) -> Entry:
    return Entry(
        filename=file.filename,
        number=file.number,
        kind=EntryKind.REPEATABLE if file.repeatable else EntryKind.SQL,
        checksum=file.checksum,
        normalised_checksum=normalised_checksum(file),
        algorithm=ALGORITHM,
    )


FILES = files_of(_1_a="SELECT 1;", _2_b="SELECT 2;", _3_c="SELECT 3;", R__v="SELECT 'v';")
ONE, TWO, THREE, VIEW = FILES


def steps(
    *entries: Entry, files: tuple[MigrationFile, ...] = FILES, options: RunOptions | None = None
) -> list[str]:
    return [step.script.file.filename for step in make_plan("s", files, entries, options).steps]


def refused(
    *entries: Entry, files: tuple[MigrationFile, ...] = FILES, options: RunOptions | None = None
) -> list[ProblemKind]:
    with pytest.raises(HistoryRefused) as caught:
        make_plan("s", files, entries, options)
    return [problem.kind for problem in caught.value.problems]


def test_an_empty_history_runs_everything() -> None:
    assert steps() == ["1_a.sql", "2_b.sql", "3_c.sql", "R__v.sql"]


def test_what_is_applied_is_not_run() -> None:
    assert steps(entry_for(ONE), entry_for(TWO), entry_for(VIEW)) == ["3_c.sql"]


def test_a_complete_history_has_no_steps() -> None:
    assert steps(*map(entry_for, FILES)) == []


def test_a_target_leaves_later_and_repeatable_files_alone() -> None:
    plan = make_plan("s", FILES, (), RunOptions(target=2))
    assert [step.script.file.filename for step in plan.steps] == ["1_a.sql", "2_b.sql"]
    assert plan.left == ("3_c.sql", "R__v.sql")


def test_a_target_that_is_applied_already_has_no_steps() -> None:
    assert steps(entry_for(ONE), entry_for(TWO), options=RunOptions(target=1)) == []


def test_a_target_between_two_numbers_is_refused() -> None:
    assert refused(options=RunOptions(target=4)) == [ProblemKind.TARGET]


def test_a_late_file_is_refused_and_runs_on_request() -> None:
    assert refused(entry_for(ONE), entry_for(THREE)) == [ProblemKind.LATE]
    assert steps(entry_for(ONE), entry_for(THREE), options=RunOptions(out_of_order=True)) == [
        "2_b.sql",
        "R__v.sql",
    ]


def test_a_late_file_beyond_the_target_is_no_reason_to_refuse() -> None:
    assert steps(entry_for(THREE), entry_for(ONE), options=RunOptions(target=1)) == []


def test_an_edited_file_is_refused_even_with_nothing_pending() -> None:
    edited = replace(entry_for(TWO), checksum="x", normalised_checksum="y")
    assert refused(entry_for(ONE), edited, entry_for(THREE), entry_for(VIEW)) == [ProblemKind.EDITED]


def test_another_algorithms_normalised_checksum_proves_nothing() -> None:
    entry = replace(entry_for(TWO), checksum="x", algorithm="sha256/0")
    assert compare(FILES, [entry]).edited == (TWO,)
    assert compare(FILES, [replace(entry, algorithm=ALGORITHM)]).cosmetic == (TWO,)


def test_a_record_without_a_checksum_is_believed() -> None:
    entry = Entry(filename=TWO.filename, number=2)
    comparison = compare(FILES, [entry])
    assert comparison.edited == comparison.cosmetic == ()


def test_a_changed_repeatable_file_runs_again() -> None:
    entries = [
        entry_for(ONE),
        entry_for(TWO),
        entry_for(THREE),
        replace(entry_for(VIEW), checksum="x", normalised_checksum="y"),
    ]
    assert steps(*entries) == ["R__v.sql"]


def test_a_deleted_repeatable_file_is_no_drift() -> None:
    assert steps(*map(entry_for, FILES), files=FILES[:-1]) == []


def test_a_missing_file_is_refused_or_allowed() -> None:
    entries = [entry_for(file) for file in FILES]
    assert refused(*entries, files=(ONE, THREE, VIEW)) == [ProblemKind.MISSING]
    assert steps(*entries, files=(ONE, THREE, VIEW), options=RunOptions(allow_missing=True)) == []


def test_the_file_of_a_baseline_may_be_gone() -> None:
    entries = [
        replace(entry_for(ONE), kind=EntryKind.BASELINE),
        entry_for(TWO),
        entry_for(THREE),
        entry_for(VIEW),
    ]
    assert steps(*entries, files=(TWO, THREE, VIEW)) == []


def test_a_number_under_a_new_name_is_one_problem_not_two() -> None:
    renamed = files_of(_1_a="SELECT 1;", _2_bee="SELECT 2;")
    assert refused(entry_for(ONE), entry_for(TWO), files=renamed) == [ProblemKind.RENAMED]


def test_all_reasons_to_refuse_are_listed() -> None:
    edited = replace(entry_for(ONE), checksum="x", normalised_checksum="y")
    gone = Entry(filename="5_gone.sql", number=5)
    found = refused(edited, entry_for(THREE), gone)
    assert found == [ProblemKind.EDITED, ProblemKind.MISSING, ProblemKind.LATE]


def test_an_interrupted_file_goes_on_where_it_stopped() -> None:
    files = files_of(_1_a=ALONE + "SELECT 1;\nSELECT 2;\nSELECT 3;")
    done = digest(read_scripts("s", files)[0].statements[0])
    entry = replace(
        entry_for(files[0]), state=EntryState.RUNNING, statements_total=3, statements_done=1, digests=(done,)
    )
    [step] = make_plan("s", files, [entry]).steps
    assert (step.start, step.resumed, step.unsure) == (1, True, True)
    [step] = make_plan("s", files, [replace(entry, state=EntryState.FAILED)]).steps
    assert (step.start, step.resumed, step.unsure) == (1, True, False)


def test_an_interrupted_file_below_applied_ones_is_not_late() -> None:
    files = files_of(_1_a=ALONE + "SELECT 1;", _2_b="SELECT 2;")
    entry = replace(entry_for(files[0]), state=EntryState.FAILED)
    assert steps(entry, entry_for(files[1]), files=files) == ["1_a.sql"]


@pytest.mark.parametrize("text", [ALONE + "SELECT 9;\nSELECT 2;", "SELECT 1;\nSELECT 2;", ALONE])
def test_an_interrupted_file_whose_done_part_changed_is_refused(text: str) -> None:
    was = files_of(_1_a=ALONE + "SELECT 1;\nSELECT 2;")
    done = digest(read_scripts("s", was)[0].statements[0])
    entry = replace(entry_for(was[0]), state=EntryState.FAILED, statements_done=1, digests=(done,))
    assert refused(entry, files=files_of(_1_a=text)) == [ProblemKind.UNFINISHED]


def test_what_is_only_dressed_differently_is_a_notice() -> None:
    entries = [entry_for(ONE), replace(entry_for(TWO), checksum="x"), entry_for(THREE), entry_for(VIEW)]
    plan = make_plan("s", FILES, entries)
    assert plan.steps == ()
    assert plan.notices == ("2_b.sql differs from the applied one in comments or blanks only.",)


@given(applied=st.sets(st.sampled_from(FILES)), out_of_order=st.booleans())
def test_every_file_is_either_on_record_or_a_step_or_the_run_is_refused(
    applied: set[MigrationFile], out_of_order: bool
) -> None:
    entries = [entry_for(file) for file in applied]
    options = RunOptions(out_of_order=out_of_order)
    if compare(FILES, entries).late and not out_of_order:
        assert set(refused(*entries, options=options)) == {ProblemKind.LATE}
        return
    plan = make_plan("s", FILES, entries, options)
    run = [step.script.file for step in plan.steps]
    assert set(run) | applied == set(FILES)
    assert not set(run) & applied
    assert run == sorted(run, key=lambda file: file.order)


def test_a_fingerprint_is_of_names_and_checksums_in_their_order() -> None:
    assert fingerprint_of([("a", "1"), ("b", "2")]) != fingerprint_of([("a", "2"), ("b", "1")])
    assert fingerprint_of([]) == fingerprint_of(())
