"""One run, hurt at a random moment, and what it came to."""

import contextlib
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.counting import PATIENCE_S, await_whole, count_run
from bench.injuries import CELLS, Injury
from bench.stack import NAMESPACE, WORKFLOW, Stack
from swf_testbed.bus import Inbox, Subscription
from swf_testbed.control.commands import run_workflow
from swf_testbed.messages import StfGen, decode
from swf_testbed.messages.codec import NotAMessage
from swf_testbed.model import destinations
from swf_testbed.model.clock import now
from swf_testbed.model.errors import SwfError
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Run
from swf_testbed.runtime.dead_letters import list_dead_letters

STFS, SAMPLES, SLICES = 20, 3, 6
INTERVAL_S = 0.25
PARAMETERS: dict[str, Any] = {
    "daq_state_machine.no_beam_not_ready_delay": 0.1,
    "daq_state_machine.beam_not_ready_delay": 0.1,
    "daq_state_machine.broadcast_delay": 0.1,
    "daq_state_machine.beam_ready_delay": 0.1,
    "daq_state_machine.beam_not_ready_end_delay": 0.1,
    "daq_state_machine.standby_duration": 0.2,
    "daq_state_machine.physics_period_count": 2,
    "daq_state_machine.stf_interval": INTERVAL_S,
    "daq_state_machine.stf_generation_time": 0.01,
    "daq_state_machine.stf_count": STFS,
    "simulation.scale": 0.001,
    "simulation.tf_per_stf": 60,
    "simulation.recycle_frames": 60,
    "fastmon.tf_files_per_stf": SAMPLES,
    "fastmon.selection_fraction": 0.2,
    "fast_processing.slices_per_sample": SLICES,
}


@dataclass
class Outcome:
    """What a trial came to; `problems` is empty when nothing was lost and nothing came twice.

    Attributes:
        seed: makes the trial again: target, fault and moment follow from it.
        at_stf: after which STF's announcement the fault began, and how much later, s.
        lost: STFs, samples, slices, results and stored messages that are missing.
        twice: of these, what is there more than once.
        status: of the execution; a runner that dies ends its run as `failed`, one that is stopped as
            `terminated`.
        recovered_s: from the end of the fault, or of the run if that was later, until all was whole.
        plot_s: the longest that any data waited from the DAQ to a plot.
    """

    stack: str
    seed: int
    target: str
    fault: str
    at_stf: int = 0
    after_s: float = 0.0
    run: int = 0
    status: str = ""
    stfs: int = 0
    lost: int = 0
    twice: int = 0
    redelivered: int = 0
    recovered_s: float | None = None
    plot_s: float | None = None
    took_s: float = 0.0
    problems: list[str] = field(default_factory=list)
    skipped: str | None = None

    @property
    def good(self) -> bool:
        """Nothing lost, nothing twice, and the run ended as it should."""
        return not self.problems

    def document(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


def cell_of(seed: int, only: tuple[str, str] | None) -> Injury:
    """Which fault of which target a seed stands for."""
    return Injury(*(only or CELLS[seed % len(CELLS)]))


def try_once(stack: Stack, name: str, seed: int, only: tuple[str, str] | None = None) -> Outcome:
    """One trial; what is wrong is told in its outcome."""
    injury = cell_of(seed, only)
    outcome = Outcome(name, seed, injury.target, injury.fault)
    outcome.skipped = injury.reason_against(embedded=stack.embedded)
    if outcome.skipped:
        return outcome
    began = time.monotonic()
    try:
        _try(stack, injury, random.Random(seed), outcome)  # noqa: S311  # a moment, not a secret
    except (SwfError, TimeoutError, AssertionError) as error:
        outcome.problems.append(f"{type(error).__name__}: {error}")
    outcome.took_s = round(time.monotonic() - began, 1)
    return outcome


def _try(stack: Stack, injury: Injury, chance: random.Random, outcome: Outcome) -> None:
    outcome.at_stf, outcome.after_s = chance.randint(1, STFS - 1), round(chance.uniform(0, INTERVAL_S), 3)
    with _announcements(stack) as inbox, stack.bus() as bus:
        execution_id, outcome.run = run_workflow(
            bus, NAMESPACE, WORKFLOW, realtime=True, params=dict(PARAMETERS)
        )
        _await_stf(inbox, outcome.run, outcome.at_stf)
    time.sleep(outcome.after_s)
    injury.inflict(stack, chance)
    over = now()
    stack.await_services()
    with stack.monitor() as monitor:
        await_whole(monitor, execution_id, outcome.run)
        end = monitor.get(Run, outcome.run).end_time
        since = over if end is None else max(over, end)
        outcome.recovered_s = round((now() - since).total_seconds(), 2)
        _judge(monitor, injury, execution_id, outcome)
    with stack.bus() as bus:
        if letters := list_dead_letters(bus, NAMESPACE):
            outcome.problems.append(f"dead letter: {letters[-1].error}")
    stack.await_agents()


@contextlib.contextmanager
def _announcements(stack: Stack) -> Iterator[Inbox]:
    """What the DAQ says from now on."""
    selector = f"namespace = '{NAMESPACE}' AND msg_type = 'stf_gen'"
    with stack.bus() as bus:
        inbox = bus.subscribe(Subscription(destinations.EVENTS, selector=selector))
        if not inbox.wait_established(PATIENCE_S):
            raise TimeoutError("the broker does not confirm the subscription")
        with contextlib.closing(inbox):
            yield inbox


def _await_stf(inbox: Inbox, run: int, sequence: int) -> None:
    while True:
        taken = inbox.take(timeout_s=PATIENCE_S)
        if not taken:
            raise TimeoutError(f"STF {sequence} of run {run} was never announced")
        inbox.ack(taken)
        with contextlib.suppress(NotAMessage):
            said = decode(taken[0].body)
            if isinstance(said, StfGen) and (said.run_id, said.sequence) == (run, sequence):
                return


def _judge(monitor: MonitorClient, injury: Injury, execution_id: str, outcome: Outcome) -> None:
    found = count_run(monitor, execution_id, outcome.run, samples=SAMPLES, slices=SLICES)
    document = found.document
    outcome.status, outcome.stfs = document["status"], document["stf_count"]
    outcome.redelivered = document["redelivered"]
    outcome.plot_s = document["latency_s"]["egress_to_plot"]["max"]
    outcome.lost, outcome.twice = found.lost, found.twice
    outcome.problems += found.problems
    if outcome.status != "completed" and not injury.ends_run:
        outcome.problems.append(f"the execution is {outcome.status}: {document['error']}")
    if outcome.stfs != STFS and not injury.ends_run:
        outcome.problems.append(f"{outcome.stfs} STF files and not {STFS}")
