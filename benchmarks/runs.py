"""STFs a second through the runner in fast mode: `python benchmarks/runs.py [--stfs N]`.

Services, runner and data agent are programs of their own, in a scratch home. The runner takes a run of N
small STF files of recycled frames, as making hits is not the point; the data agent verifies, registers and
announces each. Beside it the broker's ceiling: what one client can say to the same broker, messages of the
same kind and size with a receipt each in turn, as the runner does, half before the run and half after.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from figures import Figure, tell

from swf_test_servers import own_home
from swf_testbed.bus import Inbox, StompBus, Subscription, open_bus
from swf_testbed.config.documents import AgentEntry
from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.control.commands import run_workflow
from swf_testbed.control.crew import Crew
from swf_testbed.control.readiness import open_monitor
from swf_testbed.control.standing import bring_up, stop_testbed
from swf_testbed.messages import EndRun, Message, StfGen, StfReady, decode
from swf_testbed.model import destinations
from swf_testbed.records import WorkflowExecution

NAMESPACE, ELSEWHERE = "benchmark", "ceiling"
PATIENCE_S = 120.0


def scratch_settings(home: Path) -> Settings:
    """A testbed of its own."""
    (home / "testbed.toml").write_text(f'[testbed]\nnamespace = "{NAMESPACE}"\n')
    return load_settings({"HOME": str(home), **own_home(home)})


class Run:
    """What is heard of a run, and when."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.first: StfGen | None = None
        self.execution_id = ""
        self.began = self.said = self.registered = 0.0

    def hear(self, stfs: int) -> None:
        """To the last file that the data agent announces."""
        ready = 0
        while ready < stfs or not self.said:
            taken = self._inbox.take(500, linger_s=0.01, timeout_s=PATIENCE_S)
            if not taken:
                raise TimeoutError(f"only {ready} of {stfs} files were registered")
            present = time.perf_counter()
            for message in (decode(one.body) for one in taken):
                ready += isinstance(message, StfReady)
                self._note(message, present)
            self._inbox.ack(taken)
        self.registered = time.perf_counter()

    def _note(self, message: Message, present: float) -> None:
        if isinstance(message, StfGen) and self.first is None:
            self.first, self.began = message, present
        if isinstance(message, EndRun):
            self.said = present


def ceiling(bus: StompBus, like: StfGen, count: int, first: int) -> float:
    """Seconds for so many messages of a kind, a receipt each in turn."""
    said = like.model_dump(exclude={"message_id"})
    messages = [
        StfGen.model_validate({**said, "namespace": ELSEWHERE, "sequence": first + number})
        for number in range(count)
    ]
    began = time.perf_counter()
    for message in messages:
        bus.publish(message)
    return time.perf_counter() - began


def measure(settings: Settings, stfs: int, frames: int) -> tuple[float, Run]:
    """Seconds of the ceiling for `stfs` messages, and the run."""
    parameters = {
        "daq_state_machine.physics_period_count": 1,
        "daq_state_machine.stf_count": stfs,
        "simulation.tf_per_stf": frames,
        "simulation.recycle_frames": frames,
    }
    selector = f"namespace = '{NAMESPACE}'"
    with open_bus(settings) as bus:
        inbox = bus.subscribe(Subscription(destinations.EVENTS, selector=selector))
        if not inbox.wait_established(PATIENCE_S):
            raise TimeoutError("the broker does not confirm the subscription")
        run = Run(inbox)
        with contextlib.closing(inbox):
            example = first_announcement(bus, run, parameters)
            before = ceiling(bus, example, stfs // 2, 1)
            run = Run(inbox)
            run.execution_id = run_workflow(
                bus, NAMESPACE, "stf_datataking", realtime=False, params=parameters
            )[0]
            run.hear(stfs)
            after = ceiling(bus, example, stfs - stfs // 2, stfs)
        return before + after, run


def first_announcement(bus: StompBus, run: Run, parameters: dict[str, int]) -> StfGen:
    """Of a run of one file, which also warms everything up."""
    run_workflow(
        bus,
        NAMESPACE,
        "stf_datataking",
        realtime=False,
        params={**parameters, "daq_state_machine.stf_count": 1},
    )
    run.hear(1)
    assert run.first is not None
    return run.first


def latencies(settings: Settings, execution_id: str) -> dict[str, Any]:
    """What the runner itself has measured."""
    with open_monitor(settings) as monitor:
        while not (record := monitor.get(WorkflowExecution, execution_id)).status.terminal:
            time.sleep(0.1)
    found: Any = record.performance_metrics["latency_s"]
    return dict(found)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stfs", type=int, default=1000)
    parser.add_argument(
        "--frames", type=int, default=10, help="of an STF file: few, as files are not the point"
    )
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="swf-runs-") as home:
        settings = scratch_settings(Path(home))
        bring_up(settings, Crew(NAMESPACE, {"data": AgentEntry()}), lambda _: None)
        try:
            ceiling_s, run = measure(settings, said.stfs, said.frames)
            steps = latencies(settings, run.execution_id)
        finally:
            stop_testbed(settings)
    rows = (
        ("STFs written and said by the runner", run.said - run.began),
        ("STFs registered and said by the data agent", run.registered - run.began),
    )
    print(f"{said.stfs} STFs of {said.frames} frames")
    ceiling = ("broker, one client, a receipt each in turn", said.stfs / ceiling_s)
    tell(*(Figure(name, said.stfs / seconds, "STFs/s", *ceiling, "higher") for name, seconds in rows))
    for step, seconds in steps.items():
        print(f"an STF's {step}: p50 {seconds['p50'] * 1e3:.1f} ms, p95 {seconds['p95'] * 1e3:.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
