from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tsbs_iot import DIAGNOSTICS, READINGS, STEP, Report, arrivals, measurements, trucks

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def made(count: int = 20, seed: int = 1) -> list[Report]:
    return list(measurements(trucks(count, seed), START, HOUR, seed))


def test_a_seed_names_a_workload() -> None:
    assert made() == made()
    assert list(arrivals(made())) == list(arrivals(made()))
    assert made(seed=1) != made(seed=2)


def test_a_larger_fleet_begins_with_the_same_trucks() -> None:
    assert trucks(20)[:5] == trucks(5)


def test_every_truck_measures_both_kinds_at_every_step() -> None:
    reports = made(count=3)
    assert len(reports) == 3 * 2 * (HOUR // STEP)
    assert {tuple(report.values) for report in reports} == {READINGS, DIAGNOSTICS}
    assert max(report.timestamp for report in reports) == START + HOUR - STEP


def test_values_keep_to_their_bounds() -> None:
    for report in made():
        values = report.values
        if report.measurement == "readings":
            assert -90 <= values["latitude"] <= 90
            assert 0 <= values["velocity"] <= 100
            assert 0 <= values["fuel_consumption"] <= 50
        else:
            assert 0 <= values["fuel_state"] <= 1
            assert values["status"] in {0, 1, 2, 3, 4, 5}


def test_disorder_loses_some_holds_some_and_repeats_none() -> None:
    sent = made()
    came = list(arrivals(sent))
    keys = [(report.truck.number, report.timestamp, report.measurement) for report in came]
    assert len(set(keys)) == len(keys)
    # 10 % of each report's tries to arrive, 1 % of the batches: a report that was held may be lost on its second try.
    assert 0.82 < len(came) / len(sent) < 0.90
    place = {key: number for number, key in enumerate(keys)}
    ordered = [
        place[key]
        for report in sent
        if (key := (report.truck.number, report.timestamp, report.measurement)) in place
    ]
    backwards = sum(later < earlier for earlier, later in pairwise(ordered))
    assert backwards > len(came) / 10
    whole = {"readings": len(READINGS), "diagnostics": len(DIAGNOSTICS)}
    incomplete = sum(len(report.values) < whole[report.measurement] for report in came)
    assert 0.08 < incomplete / len(came) < 0.12
