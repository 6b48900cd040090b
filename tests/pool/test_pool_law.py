"""The control law: pure, and under a step in load in simulated time."""

import itertools
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pool_simulation import Moment, Noise, Simulation, steady

from swf_testbed.agents.pool.brakes import Brakes
from swf_testbed.agents.pool.gauge import Arrivals, ServiceTime
from swf_testbed.agents.pool.law import Law, Measured, needed
from swf_testbed.agents.pool.ramp import Ramp
from swf_testbed.config.pool import Pool
from swf_testbed.messages import WorkerHeartbeatContent, WorkerRunContent
from swf_testbed.model.status import WorkerStatus

POOL = Pool(max_workers=200)


def measured(at: float = 0.0, *, queued: int = 0, rate: float = 0.0, workers: int = 0) -> Measured:
    return Measured(at, queued, rate, 1.0, workers)


@pytest.mark.parametrize("start_s", [1.0, 15.0, 30.0])
def test_four_times_the_load_is_met_without_overshoot_and_released_after(start_s: float) -> None:
    before, after, begin, end = 2.0, 8.0, 120.0, 240.0

    def rate(at: float) -> float:
        return after if begin <= at < end else before

    curve = Simulation(POOL, rate, service_s=2.0, start_s=start_s, workers=5).run(600)
    most = steady(after, 2.0, POOL)
    assert max(one.wanted for one in curve) <= 1.3 * most
    assert max(one.workers for one in curve) >= steady(after, 2.0, POOL) * POOL.utilisation
    back = [one.at for one in curve if one.at > begin + start_s and one.wait_s <= POOL.latency_target]
    assert back[0] <= end
    assert all(one.wait_s <= POOL.latency_target for one in curve if one.at > end)
    assert curve[-1].workers <= 1.3 * steady(before, 2.0, POOL)
    assert curve[-1].queued <= before * POOL.latency_target


@pytest.mark.parametrize("stalls", [(), ((130.0, 3.0),)], ids=["smooth", "a-stall"])
def test_payloads_that_have_to_be_loaded_do_not_bring_more_workers_than_needed(
    stalls: tuple[tuple[float, float], ...],
) -> None:
    """A new worker's first slice is slow: it must not bring more workers, whose first slices are slow."""

    def rate(at: float) -> float:
        return 32.0 if 120 <= at < 240 else 8.0

    pool = Pool(max_workers=200, latency_target=2)
    curve = Simulation(
        pool, rate, service_s=0.2, start_s=2.0, workers=2, first_s=5.0, batch=4, stalls=stalls
    ).run(400)
    most = steady(32, 0.2, pool)
    assert max(one.wanted for one in curve) <= 1.3 * most, [one for one in curve if one.wanted > 1.3 * most]
    assert all(one.wait_s <= pool.latency_target for one in curve if 180 < one.at < 240)
    assert curve[-1].workers <= steady(8, 0.2, pool) + 1


DISTURBED = {
    "scatter": (2.0, Noise(sigma=0.3)),
    "workers-that-come-late": (15.0, Noise(sigma=0.3)),
    "outliers": (2.0, Noise(sigma=0.3, outliers=0.01, times=10.0)),
    "standstill-before": (2.0, Noise(sigma=0.3, standstills=((55.0, 15.0),))),
    "standstill-within": (2.0, Noise(sigma=0.3, standstills=((100.0, 8.0),))),
}
SEEDS = range(20) if os.environ.get("SWF_LONG_TESTS") else range(1)


@pytest.mark.timeout(1200)  # with many seeds
@pytest.mark.parametrize("disturbed", DISTURBED)
@pytest.mark.parametrize("service_s", [0.02, 0.05, 0.2, 1.0, 5.0])
def test_a_step_is_met_without_overshoot_however_the_measurements_scatter(
    service_s: float, disturbed: str
) -> None:
    """Slices of all lengths, some ten times as long as others; `SWF_LONG_TESTS=1` takes many seeds."""
    start_s, noise = DISTURBED[disturbed]
    pool, begin, end = Pool(max_workers=400, latency_target=2), 60.0, 180.0
    before = 2.45 * pool.utilisation / service_s
    most = steady(4 * before, service_s * (1 + noise.outliers * (noise.times - 1)), pool)

    def rate(at: float) -> float:
        return 4 * before if begin <= at < end else before

    for seed in SEEDS:
        again = replace(noise, seed=seed)
        curve = Simulation(pool, rate, service_s, start_s, 3, first_s=1.0, noise=again).run(end)
        assert max(max(one.wanted, one.workers) for one in curve) <= 1.3 * most, (seed, curve)
        assert all(one.wait_s <= pool.latency_target for one in curve if one.at > end - 10), (seed, curve)


def test_a_steady_load_has_a_steady_number_of_workers() -> None:
    curve = Simulation(POOL, lambda at: 5.0, service_s=1.0, start_s=2.0).run(400)
    late = [one for one in curve if one.at > 120]
    assert len({one.wanted for one in late}) <= 2
    assert _changes(late) <= 2
    assert max(one.wait_s for one in late) <= POOL.latency_target


def _changes(curve: list[Moment]) -> int:
    return sum(one.wanted != two.wanted for one, two in itertools.pairwise(curve))


def test_a_backlog_without_further_work_is_worked_off_and_the_workers_go() -> None:
    def burst(at: float) -> float:
        return 100.0 if at < 5 else 0.0

    curve = Simulation(POOL, burst, service_s=1.0, start_s=2.0).run(300)
    assert curve[-1].queued == 0
    assert curve[-1].workers == 0
    assert any(one.queued == 0 for one in curve if 5 < one.at < 60)


@given(st.integers(0, 10**6), st.floats(0, 10**4), st.integers(0, 500), st.integers(0, 300))
def test_what_is_wanted_lies_within_the_limits(queued: int, rate: float, workers: int, floor: int) -> None:
    pool = Pool(min_workers=3, max_workers=50)
    assert 3 <= Law(pool).wanted(measured(queued=queued, rate=rate, workers=workers), floor) <= 50


def test_one_slice_has_a_worker_and_none_has_none() -> None:
    assert Law(POOL).wanted(measured(queued=1)) == 1
    assert Law(POOL).wanted(measured()) == 0


def test_while_slices_hardly_wait_those_that_are_there_are_enough() -> None:
    law = Law(POOL)
    assert law.wanted(measured(0, rate=8, workers=5)) == 5
    assert law.wanted(measured(2, queued=12, rate=8, workers=5)) == 5
    assert law.wanted(measured(4, queued=13, rate=8, workers=5)) == 10
    assert Law(POOL).wanted(measured(0, rate=8, workers=5), floor=7) == 7
    assert Law(Pool(min_workers=6, max_workers=9)).wanted(measured(0, workers=5)) == 6


def test_a_backlog_is_worked_off_by_who_is_there_for_the_load_and_a_few_more() -> None:
    """8 a second keep 8 workers busy, so there are 10: two of them work off 60 slices in 30 s."""
    load = needed(measured(rate=8), POOL)
    assert load == 10
    assert needed(measured(rate=8, queued=40 + 60), POOL) == load
    assert needed(measured(rate=8, queued=40 + 90), POOL) == 11
    for queued in range(50, 2000, 50):
        more = needed(measured(rate=8, queued=queued), POOL)
        assert load <= more <= max(1.12 * load, (queued - 40) / 30) + 1e-9
        # It grows with what waits, and nowhere at once.
        assert 0 <= needed(measured(rate=8, queued=queued + 1), POOL) - more <= 1 / 30 + 1e-9


def test_a_backlog_alone_has_what_it_keeps_busy_for_as_long_as_workers_are_held() -> None:
    quick = Pool(max_workers=200, latency_target=2, hold=60)
    assert needed(measured(queued=600), quick) == 10
    assert needed(measured(queued=600), POOL) == 20


def test_who_has_taken_workers_over_releases_none_before_it_has_measured_for_a_while() -> None:
    law = Law(POOL)
    assert law.wanted(measured(1000, workers=9)) == 9
    assert law.wanted(measured(1029, rate=4, workers=9)) == 9
    assert law.wanted(measured(1031, rate=4, workers=9)) == 5


def test_more_are_wanted_when_two_decisions_in_a_row_say_so() -> None:
    law = Law(POOL)
    law.wanted(measured(0, rate=4, workers=5))
    assert law.wanted(measured(2, rate=40, queued=300, workers=5)) == 5
    assert law.wanted(measured(4, rate=8, queued=300, workers=5)) == 12


def test_fewer_are_enough_only_when_they_were_for_a_while() -> None:
    law = Law(POOL)
    assert law.wanted(measured(0, rate=8, workers=10)) == 10
    assert law.wanted(measured(5, rate=1, workers=10)) == 10
    assert law.wanted(measured(29, rate=4, workers=10)) == 10
    assert law.wanted(measured(31, rate=1, workers=10)) == 5
    assert law.wanted(measured(62, rate=1, workers=5)) == 2


def wanted(count: int = 30, up: float = 300, down: float = 60) -> WorkerRunContent:
    return WorkerRunContent(
        run_id=1,
        target_worker_count=count,
        slice_processing_time=2.0,
        worker_rampup_time=up,
        worker_rampdown_time=down,
    )


def test_a_run_that_is_near_has_its_workers_in_even_steps_until_it_can_be_measured() -> None:
    ramp = Ramp(hold_s=30)
    assert (ramp.floor(0), ramp.service_s()) == (0, None)
    ramp.announced(wanted(), 100)
    assert [ramp.floor(at) for at in (100, 110, 250, 400, 900)] == [1, 1, 15, 30, 30]
    assert ramp.service_s() == 2.0
    ramp.working(900)
    assert (ramp.floor(929), ramp.floor(931)) == (30, 0)
    assert ramp.ceiling(931, idle=True) is None


def test_after_a_run_workers_are_released_in_even_steps_once_the_work_is_done() -> None:
    ramp = Ramp(hold_s=30)
    ramp.announced(wanted(), 0)
    ramp.ended(1, 100, workers=30)
    ramp.ended(1, 120, workers=3)
    assert ramp.ceiling(110, idle=False) is None
    assert [ramp.ceiling(at, idle=True) for at in (100, 130, 159)] == [30, 15, 1]
    assert ramp.ceiling(160, idle=True) == 0
    assert ramp.ceiling(161, idle=True) is None


def test_launches_are_so_many_a_minute() -> None:
    brakes = Brakes(Pool(launches_per_minute=10))
    assert brakes.allowed(25, 0) == 10
    brakes.launched(10, 0)
    assert brakes.allowed(25, 59) == 0
    assert brakes.allowed(25, 60) == 10


def test_workers_that_die_at_once_stop_launching_until_a_single_one_lives() -> None:
    brakes = Brakes(Pool(crash_limit=3, crash_age=10, crash_pause=60))
    for at in (1, 2):
        brakes.died(0.5, at, "exit code 1")
    brakes.died(500, 3, "exit code 1")
    assert brakes.allowed(4, 4) == 4
    brakes.died(0.5, 5, "exit code 1")
    assert brakes.allowed(4, 6) == 0
    assert "3 workers in a row died at once (exit code 1); the next is tried in 59 s" in brakes.said(6)
    assert brakes.allowed(4, 65) == 1
    brakes.launched(1, 65)
    assert brakes.allowed(4, 66) == 0
    brakes.lived(5)
    assert brakes.allowed(4, 66) == 0
    brakes.lived(11)
    assert brakes.allowed(4, 77) == 4
    assert brakes.said(77) == ""


def test_arrivals_are_counted_over_a_while_and_a_broker_that_begins_anew_is_no_minus() -> None:
    arrivals = Arrivals()
    assert arrivals.saw(0, 100) == 0
    assert arrivals.saw(2, 120) == 10
    assert arrivals.saw(20, 300) == pytest.approx(10, abs=1)
    assert arrivals.saw(22, 5) == 0
    assert arrivals.saw(24, 25) == 10


def test_what_comes_at_once_after_a_silence_came_all_through_it() -> None:
    arrivals = Arrivals()
    for at in range(0, 20, 2):
        arrivals.saw(at, 10 * at)
    for at in range(20, 32, 2):
        assert arrivals.saw(at, 180) <= 10
    assert arrivals.saw(32, 320) == pytest.approx(10)
    assert [arrivals.saw(at, 10 * at) for at in (34, 36, 44, 60)] == pytest.approx([10] * 4)


def test_after_a_long_pause_the_pause_is_forgotten() -> None:
    arrivals = Arrivals()
    for at in range(0, 3600, 2):
        assert arrivals.saw(at, 0) == 0
    assert arrivals.saw(3600, 30) == 1.0


def beat(done: int, busy_s: float, failed: int = 0) -> WorkerHeartbeatContent:
    return WorkerHeartbeatContent(
        worker_id="w",
        hostname="h",
        state=WorkerStatus.BUSY,
        slices_completed=done,
        slices_failed=failed,
        busy_s=busy_s,
    )


def test_the_service_time_is_what_workers_were_busy_for() -> None:
    service = ServiceTime()
    service.heard(None, beat(0, 0), 0)
    assert service.measured_s is None
    for at in range(1, 300):
        service.heard(beat(at, 0.5 * at), beat(at + 1, 0.5 * at + 0.5), at)
    assert service.measured_s == pytest.approx(0.5)
    for at in range(300, 360):
        service.heard(beat(at, 150.0 + at), beat(at, 151.0 + at, failed=1), at)
    assert service.measured_s == pytest.approx(1.0)


def test_a_machine_that_stood_still_does_not_change_the_service_time() -> None:
    service = ServiceTime()
    for at in range(100):
        for worker in range(1, 4):
            held_s = 15.0 if at == 90 else 0.0
            service.heard(beat(worker, 0), beat(worker + 1, 0.2 + held_s), at)
            assert service.measured_s == pytest.approx(0.2)


def test_the_first_slice_of_a_worker_counts_only_while_there_is_no_other() -> None:
    service = ServiceTime()
    service.heard(beat(0, 0), beat(1, 6.0), 0)
    assert service.measured_s == 6.0
    service.heard(beat(1, 6.0), beat(2, 6.2), 1)
    service.heard(beat(0, 0), beat(1, 9.0), 2)
    assert service.measured_s == pytest.approx(0.2)
