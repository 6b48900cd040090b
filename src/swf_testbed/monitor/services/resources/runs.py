"""Runs, the states that they are in, and their history."""

from swf_testbed.monitor.services import references, statuses
from swf_testbed.monitor.services.declaration import PART_OF_RUN, Resource, Rule
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store import models as store


def _run_in_use(row: Row) -> str:
    return "" if row["end_time"] else "has not ended: end it first"


RESOURCES = (
    Resource(
        "runs",
        store.Run,
        filters=("start_time", "end_time", "execution", "mark", "reference", "created_at"),
        related={"phase": "run_state__phase"},
        namespace="namespace",
        run="run_number",
        time="start_time",
        guarded=True,
        in_use=_run_in_use,
    ),
    Resource(
        "run-states",
        store.RunState,
        filters=("phase", "state", "substate", "state_changed_at", "created_at"),
        namespace="run__namespace",
        run="run",
        time="state_changed_at",
        aliases={"run_number": "run"},
        prepare=references.of_runs,
        hold=statuses.run_state,
        held_fields=("phase",),
        complete=references.count_run_states,
        kept=PART_OF_RUN,
    ),
    Resource(
        "system-state-events",
        store.SystemStateEvent,
        filters=("run_number", "timestamp", "state", "substate"),
        namespace=None,
        run="run_number",
        time="timestamp",
        rule=Rule.APPEND,
    ),
)
