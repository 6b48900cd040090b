"""How runs are sampled: as they began, and as commands have changed that since.

Changes are kept in the monitor, as events of the run, so that an agent that begins again knows them. One
counts for the STFs that left the DAQ after it was accepted: which those are does not depend on when, and how
often, an STF is sampled.
"""

from collections import OrderedDict
from datetime import datetime
from typing import Any

from swf_testbed.config.fastmon import SAMPLING
from swf_testbed.config.parameters import Parameters
from swf_testbed.fastmon.sampling import changed
from swf_testbed.messages import SetSampling
from swf_testbed.model.clock import iso, now
from swf_testbed.model.errors import BadInput, NotFound
from swf_testbed.model.states import State
from swf_testbed.records import Run, SystemStateEvent
from swf_testbed.records.runs import SAMPLING_CHANGED
from swf_testbed.runtime import AgentContext

_RUNS_IN_MEMORY = 16


class SamplingChanges:
    """The changes of the sampling of runs."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._known: OrderedDict[int, list[SystemStateEvent]] = OrderedDict()

    def parameters(self, run: int, execution_id: str | None, egress_at: datetime | None) -> Parameters:
        """The parameters that count for an STF that left the DAQ then; None is now."""
        events = self._events(run)
        due = [one for one in events if egress_at is None or one.timestamp < egress_at]
        return self._after(execution_id, due)

    def accept(self, command: SetSampling) -> dict[str, Any]:
        """Carry out a command; the same command again changes nothing.

        Returns:
            `run_id`, the whole `sampling` as it is now, and when it was last changed.

        Raises:
            BadInput: there is no such run here, or what is asked is not possible.
        """
        run = self._run(command.run_id)
        events = self._events(run.run_number)
        if command.sampling and command.message_id not in {one.message_id for one in events}:
            event = self._event(command)
            self._after(run.execution, [*events, event])  # refused before it is written
            self._context.monitor.upsert([event])
            events.append(event)
        section = self._after(run.execution, events).fastmon
        return {
            "run_id": run.run_number,
            "sampling": section.model_dump(mode="json", include=set(SAMPLING)),
            "since": iso(events[-1].timestamp) if events else None,
        }

    def _after(self, execution_id: str | None, events: list[SystemStateEvent]) -> Parameters:
        parameters = self._context.parameters(execution_id)
        return changed(parameters, [one.event_data["change"] for one in events]) if events else parameters  # type: ignore[misc]  # as `_event` wrote it

    def _run(self, number: int) -> Run:
        try:
            run = self._context.monitor.get(Run, number)
        except NotFound:
            raise BadInput("run_id", number, "must be a run that the monitor knows") from None
        if run.namespace not in {None, self._context.namespace}:
            raise BadInput("run_id", number, f"is a run of the namespace {run.namespace}")
        if run.end_time is not None:
            raise BadInput("run_id", number, f"ended at {iso(run.end_time)}; it is sampled as it was")
        return run

    def _events(self, run: int) -> list[SystemStateEvent]:
        found = self._known.get(run)
        if found is None:
            listed = self._context.monitor.list(
                SystemStateEvent, run_number=run, event_type=SAMPLING_CHANGED, ordering="timestamp,message_id"
            )
            found = self._known[run] = list(listed)
            while len(self._known) > _RUNS_IN_MEMORY:
                self._known.popitem(last=False)
        return found

    def _event(self, command: SetSampling) -> SystemStateEvent:
        state, substate = self._state(command.run_id)
        return SystemStateEvent.model_validate(
            {
                "message_id": command.message_id,
                "event_type": SAMPLING_CHANGED,
                "timestamp": now(),
                "run_number": command.run_id,
                "state": state,
                "substate": substate,
                "event_data": {
                    "change": command.sampling,
                    "requested_by": command.requested_by,
                    "namespace": command.namespace,
                },
            }
        )

    def _state(self, run: int) -> tuple[str, str | None]:
        try:
            found = self._context.monitor.state_at(run_number=run)
        except NotFound:
            return State.RUN, None
        return found.state, found.substate
