"""The alarms that the testbed raises by itself: what each means, and what to look at."""

from swf_testbed.model.alarm_kind import AlarmKind
from swf_testbed.model.data_alarms import DATA_ALARMS
from swf_testbed.model.status import Severity

_OF = ":"


ALARMS: dict[str, AlarmKind] = {
    kind.name: kind
    for kind in (
        *DATA_ALARMS,
        AlarmKind(
            "quality",
            "bad data of a subsystem",
            Severity.ERROR,
            "A check judges the data of a subsystem as bad; the text says which check, which part and why.",
            "The subsystem's page: the histogram that the check names, beside its reference. Then the "
            "subsystem's own expert system; note the part and the time in the log book.",
            "No check of the subsystem says bad or medium any more, or the run has ended.",
        ),
        AlarmKind(
            "latency",
            "plots are late",
            Severity.WARNING,
            "The time from DAQ egress to the plot exceeds `alarms.latency_raise` for the newest slices.",
            "The run page: which stage takes long. Slices that wait need more workers; a late stage "
            "`registered` or `sampled` points to storage.",
            "It is below `alarms.latency_clear`.",
        ),
        AlarmKind(
            "sampling",
            "too few frames are sampled",
            Severity.WARNING,
            "The sampled part of the newest STFs' frames is below `alarms.sampling_raise` of what the run's "
            "policies ask for; frames are damaged, unreadable, or rejected by a policy.",
            "`testbed sampling show RUN`, and the log of the fastmon agent: replicas that failed, damaged "
            "frames.",
            "It is above `alarms.sampling_clear` of what is asked for.",
        ),
        AlarmKind(
            "queue_full",
            "producers wait for a queue",
            Severity.WARNING,
            "A queue holds what it may hold, or nearly: who sends to it waits until its consumers have made "
            "room. Nothing is lost. The embedded broker tells it itself, of others the agents that wait.",
            "`testbed status`: the agent that consumes the queue, and its log. If it works and is too slow: "
            "more workers.",
            "No producer waits, and on the embedded broker less than half of the bound is left.",
        ),
        AlarmKind(
            "stall",
            "no data though data is taken",
            Severity.ERROR,
            "The run is in physics, and for `alarms.stall` no STF arrived, or what arrived was not sampled "
            "or not merged; the text says which.",
            "`testbed status`: DAQ, data agent, fastmon agent, workers and merger in this order; the "
            "system page: which queue grows.",
            "Data flows again, or the run is not in physics any more.",
        ),
    )
}
"""Every kind by its name; raise them with the subject that `alarm_subject` gives."""


def alarm_subject(name: str, *what: object) -> str:
    """The subject of an alarm: its kind, and what it is about (`quality:btof`); `KeyError` for no kind."""
    return _OF.join([ALARMS[name].name, *map(str, what)])


def alarm_kind(subject: str) -> AlarmKind | None:
    """The kind of an alarm; None for one that somebody else named."""
    return ALARMS.get(subject.partition(_OF)[0])
