"""Numbers given away once, whoever asks at the same time."""

from enum import StrEnum

from swf_testbed.model.names import FIRST_RUN_NUMBER
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import Counter


class CounterName(StrEnum):
    """The counters there are."""

    RUN_NUMBER = "run_number"
    AGENT_ID = "agent_id"
    WORKFLOW_EXECUTION = "sequence"


_FIRST = {CounterName.RUN_NUMBER: FIRST_RUN_NUMBER}


def next_number(name: CounterName) -> int:
    """The next number of a counter; none is given away twice."""
    with writing():
        counter, _ = Counter.objects.select_for_update().get_or_create(
            name=name.value, defaults={"value": _FIRST.get(name, 1) - 1}
        )
        counter.value += 1
        counter.save(update_fields=["value"])
        return counter.value
