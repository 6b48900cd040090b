"""The pool controller as an agent: hears runs and workers, decides every few seconds."""

import logging
import sys
import threading
from typing import Any, ClassVar

from swf_testbed.adapters.pool import WorkerSpec, open_engine
from swf_testbed.agents.pool.asking import AskingController
from swf_testbed.agents.pool.controller import Controller
from swf_testbed.agents.pool.gauge import clock, depth_gauge
from swf_testbed.agents.pool.voice import Voice
from swf_testbed.config.memory import memory_environment
from swf_testbed.config.pool import Pool
from swf_testbed.messages import (
    CreatedWorkflowTask,
    EndRun,
    RunImminentWorker,
    WorkerHeartbeat,
)
from swf_testbed.messages.tasks import AdjustedWorker, TaskReply
from swf_testbed.runtime import AgentContext, BaseAgent, handles

RELEASE_S = 8.0
"""What workers have for the slice in hand when the controller ends; supervisord waits 15 s for it."""

_MARGIN_S = 120.0
"""The engine's limit of a worker's time lies so far beyond the worker's own."""

_log = logging.getLogger(__name__)


class PoolAgent(BaseAgent):
    """Keeps as many workers as the work needs; when it is killed, they go on, and its successor adopts them.

    When it ends in good order, it ends them too.
    """

    agent_type: ClassVar[str] = "pool"
    heartbeat_s: ClassVar[float] = 5.0

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        parameters = context.parameters(None)
        self.pool = parameters.pool
        folder = context.settings.state_dir / "pool"
        self._lock = threading.Lock()
        self.voice = Voice(context)
        others_bring_them = self.pool.engine == "transformer"
        self.controller = (AskingController if others_bring_them else Controller)(
            self.pool,
            context.namespace,
            open_engine(parameters, context.settings, folder),
            worker_spec(context, self.pool),
            folder / f"{context.namespace}.last",
            self.voice,
        )
        self._thread = threading.Thread(target=self._control, name="control", daemon=True)

    def metadata(self) -> dict[str, Any]:
        """How the pool stands."""
        return {"pool": self.controller.report.model_dump(mode="json")}

    def on_start(self) -> None:
        """Take over what is there, and begin to decide."""
        with self._lock:
            self.controller.adopt(clock())
        self._depth = depth_gauge(self.context)
        self._thread.start()

    def on_stop(self) -> None:
        """Release all workers."""
        if self._thread.is_alive():
            self._thread.join(self.pool.interval + RELEASE_S)
        with self._lock:
            self.controller.release_all(RELEASE_S)

    @handles(RunImminentWorker)
    def prepare(self, said: RunImminentWorker) -> None:
        """A run wants workers soon."""
        with self._lock:
            self.controller.ramp.announced(said.content, clock())

    @handles(EndRun)
    def let_go(self, said: EndRun) -> None:
        """A run has ended."""
        if said.run_id is not None:
            with self._lock:
                self.controller.ramp.ended(said.run_id, clock(), self.controller.report.present)

    @handles(WorkerHeartbeat, batch=100)
    def hear(self, beats: list[WorkerHeartbeat]) -> None:
        """Workers say how they are."""
        with self._lock:
            for beat in beats:
                self.controller.heard(beat.content, clock())

    @handles(CreatedWorkflowTask, AdjustedWorker)
    def hear_reply(self, said: TaskReply) -> None:
        """A system that brings workers gives its numbers."""
        if said.ok:
            with self._lock:
                self.voice.knows(said)

    def _control(self) -> None:
        while not self.stopping.wait(self.pool.interval):
            try:
                depth = self._depth()
                with self._lock:
                    before = self.controller.report.desired, self.controller.report.present
                    after = self.controller.step(depth, clock())
                if before != (after.desired, after.present):
                    self.beat_now()
            except Exception:
                _log.exception("a decision failed; the next is made in %.1f s", self.pool.interval)


def worker_spec(context: AgentContext, pool: Pool) -> WorkerSpec:
    """What is started as a worker of this testbed."""
    environment = context.settings
    # -P: a file of the folder that somebody stands in must not pass for a library.
    argv = (sys.executable, "-P", "-m", "swf_testbed.agents", "worker")
    told = {"SWF_HOME": str(environment.swf_home), "SWF_WORKER_POOL": context.namespace}
    return WorkerSpec(
        argv=argv,
        environment={**memory_environment("worker"), **told},
        folder=environment.log_dir / "workers",
        cores=context.parameters(None).fast_processing.core_count,
        memory_mb=pool.memory_mb,
        walltime_s=pool.walltime + pool.drain_time + _MARGIN_S,
        labels={"testbed": context.namespace},
    )
