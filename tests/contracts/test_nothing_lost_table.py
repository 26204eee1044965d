"""Each way in which a backup or a restore may lose something has a test that brings it about with a real fault."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
BACKUP = "integration/operations/backups/test_backup_and_restore.py"
LOST = "integration/operations/backups/test_nothing_lost.py"
PHYSICAL = "integration/operations/physical/test_physical.py"
RETENTION = "unit/operations/test_retention.py"
PLAIN = "unit/operations/test_plain_dump.py"

ROWS = {
    "writes during the dump": [(BACKUP, "test_rows_written_during_the_dump_change_nothing")],
    "dump killed at each stage": [(LOST, "test_a_backup_killed_at_any_stage_never_counts")],
    "restore killed before, in and after the swap": [
        (LOST, "test_a_restore_killed_before_the_swap_leaves_the_live_database_as_it_was"),
        (LOST, "test_a_restore_killed_in_the_middle_of_the_swap_leaves_the_live_database_open"),
        (LOST, "test_a_restore_killed_right_after_the_swap_is_done"),
    ],
    "drill killed": [(LOST, "test_a_drill_that_was_killed_leaves_no_server_behind")],
    "partitions made and dropped during the dump": [
        (LOST, "test_partitions_that_come_and_go_during_a_backup_cost_it_nothing")
    ],
    "disk full": [(LOST, "test_a_disk_that_fills_up_at_any_point_leaves_no_half_of_a_backup")],
    "one flipped byte": [
        (LOST, "test_one_flipped_byte_in_any_file_is_reported"),
        (PHYSICAL, "test_one_flipped_byte_in_a_base_backup_is_found_before_anything_is_made"),
    ],
    "a link of a chain gone or damaged": [
        (PHYSICAL, "test_increments_are_combined_after_each_was_verified"),
    ],
    "sessions open at restore": [
        (BACKUP, "test_a_restore_replaces_a_database_in_use_and_puts_it_aside"),
        (LOST, "test_who_asks_during_the_swap_sees_one_generation_or_the_other"),
    ],
    "newer server": [(BACKUP, "test_a_backup_of_a_newer_server_is_refused")],
    "missing role": [(BACKUP, "test_a_missing_role_is_named_before_anything_is_made")],
    "target that is not empty": [(BACKUP, "test_a_restore_writes_into_no_database_that_exists")],
    "a migration at the same time": [(BACKUP, "test_while_a_migration_holds_the_lock_nothing_is_swapped")],
    "rows of every kind, names, identities, empty tables": [
        (BACKUP, "test_a_backup_comes_back_with_every_row_as_it_was"),
        (BACKUP, "test_identity_values_go_on_after_the_last_one"),
        (BACKUP, "test_the_manifest_names_each_leaf_and_tables_without_rows"),
        (BACKUP, "test_the_whole_platform_comes_back_and_serves"),
    ],
    "back to the moment before a DROP": [
        (PHYSICAL, "test_a_table_that_was_dropped_is_back_and_what_came_later_is_not")
    ],
    "a moment the log does not reach": [
        (PHYSICAL, "test_a_moment_that_the_log_does_not_reach_is_told_and_leaves_nothing")
    ],
    "pruning": [
        (RETENTION, "test_neither_the_newest_proved_nor_a_pinned_one_is_ever_removed"),
        (RETENTION, "test_without_a_proved_backup_nothing_goes"),
    ],
    "a drill of what is damaged": [
        (BACKUP, "test_a_drill_proves_a_backup_in_a_server_of_its_own"),
        (BACKUP, "test_a_drill_of_a_damaged_backup_proves_nothing"),
    ],
    "dumps of the handbook: UTF-16, cut off, not a dump": [
        (PLAIN, "test_each_way_a_dump_is_broken_is_named")
    ],
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_the_row_is_proved(row: str) -> None:
    for file, name in ROWS[row]:
        tree = ast.parse((TESTS / file).read_text())
        found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in found
