import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iotistic.config import Endpoint
from iotistic.migrations.tenants import (
    FleetReport,
    Source,
    SourceKind,
    State,
    TenantResult,
    TenantsInvalid,
    last_run,
    parse_lines,
    read_journal,
)
from iotistic.migrations.tenants.journal import Header, Journal, RunMissing, list_runs
from iotistic.secret import Secret

BASE = Endpoint(hosts=(("10.0.0.1", 5432),), user="owner", password=Secret("base"))
MOMENT = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def result(name: str, state: State = State.APPLIED, seconds: float = 0) -> TenantResult:
    return TenantResult(name=name, database=name, state=state, took=timedelta(seconds=seconds))


class TestLines:
    def test_a_name_alone_is_the_database_too(self) -> None:
        (tenant,) = parse_lines(["acme"], base=BASE)
        assert (tenant.name, tenant.database, tenant.endpoint) == ("acme", "acme", BASE)

    def test_a_database_on_the_same_server_may_follow(self) -> None:
        (tenant,) = parse_lines(["acme  customer_17"], base=BASE)
        assert (tenant.name, tenant.database, tenant.endpoint) == ("acme", "customer_17", BASE)

    def test_a_url_may_follow(self) -> None:
        (tenant,) = parse_lines(
            ["acme postgresql://me:secret@db.example.com:5433/c17?sslmode=require"], base=BASE
        )
        assert (tenant.name, tenant.database) == ("acme", "c17")
        assert tenant.endpoint.hosts == (("db.example.com", 5433),)
        assert (tenant.endpoint.user, tenant.endpoint.password, tenant.endpoint.sslmode) == (
            "me",
            Secret("secret"),
            "require",
        )

    def test_a_url_without_user_takes_the_bases(self) -> None:
        (tenant,) = parse_lines(["postgresql://db.example.com/billing?sslmode=disable"], base=BASE)
        assert (tenant.name, tenant.endpoint.user, tenant.endpoint.password) == (
            "billing",
            "owner",
            Secret("base"),
        )

    def test_comments_and_empty_lines_are_left_out(self) -> None:
        assert [tenant.name for tenant in parse_lines(["# all", "", "a", "  ", "  # b", "c"], base=BASE)] == [
            "a",
            "c",
        ]

    @pytest.mark.parametrize(
        "lines",
        [
            [],
            ["# none"],
            ["a", "a"],
            ["a x", "b x"],
            ["a b c"],
            ["a postgresql://x"],
            ["a mysql://h/x"],
            ["a postgresql://h/x?nonsense=1"],
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, lines: list[str]) -> None:
        with pytest.raises(TenantsInvalid):
            parse_lines(lines, base=BASE)

    def test_a_refusal_repeats_no_password(self) -> None:
        with pytest.raises(TenantsInvalid) as caught:
            parse_lines(["a postgresql://me:hun ter2@h/x"], base=BASE)
        assert "ter2" not in str(caught.value)
        with pytest.raises(TenantsInvalid) as caught:
            parse_lines(["a postgresql://me:hunter2@h:x/x"], base=BASE)
        assert "hunter2" not in f"{caught.value} {caught.value.hint}"


class TestJournal:
    HEADER = Header(
        run="20261123T200000-abcdef",
        service="shop",
        source=Source(kind=SourceKind.QUERY, text="SELECT name FROM customers"),
        tenants=(("a", "da"), ("b", "db"), ("c", "dc")),
        fingerprint="f",
        started_at=MOMENT,
    )

    def write(self, folder: Path) -> Journal:
        journal = Journal.begin(folder, self.HEADER)
        journal.started("a", MOMENT)
        journal.ended(
            TenantResult(
                name="a",
                database="da",
                state=State.APPLIED,
                applied=("001_x.sql",),
                took=timedelta(seconds=2),
            ),
            MOMENT,
        )
        journal.started("b", MOMENT)
        return journal

    def test_what_was_written_is_read(self, tmp_path: Path) -> None:
        self.write(tmp_path).close()
        record = read_journal(tmp_path, self.HEADER.run)
        assert record.header == self.HEADER
        assert [(one.name, one.state) for one in record.all_results()] == [
            ("a", State.APPLIED),
            ("b", State.INTERRUPTED),
            ("c", State.UNREACHED),
        ]
        assert record.results["a"].applied == ("001_x.sql",)
        assert record.results["a"].took == timedelta(seconds=2)
        assert record.unfinished() == ("b", "c")

    def test_a_line_cut_by_a_crash_is_left_out_and_what_follows_is_read(self, tmp_path: Path) -> None:
        journal = self.write(tmp_path)
        os.write(journal._descriptor, b'{"tenant": "b", "sta')
        journal.close()
        assert read_journal(tmp_path, self.HEADER.run).results["b"].state is State.INTERRUPTED
        again = Journal.go_on(tmp_path, self.HEADER.run)
        again.ended(TenantResult(name="b", database="db", state=State.CURRENT), MOMENT)
        again.close()
        assert read_journal(tmp_path, self.HEADER.run).unfinished() == ("c",)

    def test_a_failure_keeps_its_sentence_and_code(self, tmp_path: Path) -> None:
        journal = Journal.begin(tmp_path, self.HEADER)
        failed = TenantResult(
            name="a",
            database="da",
            state=State.FAILED,
            error="boom",
            code="migration_failed",
            filename="001_x.sql",
        )
        journal.ended(failed, MOMENT)
        journal.close()
        assert read_journal(tmp_path, self.HEADER.run).results["a"] == failed

    def test_only_its_owner_may_read_it(self, tmp_path: Path) -> None:
        journal = self.write(tmp_path / "new")
        journal.close()
        assert journal.path.stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700

    def test_a_run_has_one_journal(self, tmp_path: Path) -> None:
        self.write(tmp_path).close()
        with pytest.raises(FileExistsError):
            Journal.begin(tmp_path, self.HEADER)

    def test_runs_are_listed_in_order(self, tmp_path: Path) -> None:
        for run in ("20260101T000000-b", "20250101T000000-a"):
            (tmp_path / f"{run}.jsonl").write_text("{}\n")
        assert list_runs(tmp_path) == ("20250101T000000-a", "20260101T000000-b")
        assert last_run(tmp_path) == "20260101T000000-b"

    def test_a_run_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(RunMissing):
            last_run(tmp_path / "nowhere")
        with pytest.raises(RunMissing, match="no journal of run x"):
            read_journal(tmp_path, "x")
        (tmp_path / "y.jsonl").write_text(json.dumps({"other": 1}) + "\n")
        with pytest.raises(RunMissing):
            read_journal(tmp_path, "y")


class TestReport:
    def test_it_counts_and_knows_whether_everybody_is_done(self) -> None:
        report = FleetReport(
            run="r",
            service="shop",
            started_at=MOMENT,
            results=(result("a"), result("b", State.CURRENT), result("c", State.UNREACHED)),
        )
        assert report.counts == {State.APPLIED: 1, State.CURRENT: 1, State.UNREACHED: 1}
        assert not report.complete
        assert FleetReport(run="r", service="shop", started_at=MOMENT, results=(result("a"),)).complete

    def test_the_slowest_come_first(self) -> None:
        results = (
            result("a", seconds=1),
            result("b", seconds=3),
            result("c", seconds=2),
            result("d", State.UNREACHED),
        )
        report = FleetReport(run="r", service="shop", started_at=MOMENT, results=results)
        assert [one.name for one in report.slowest(2)] == ["b", "c"]
