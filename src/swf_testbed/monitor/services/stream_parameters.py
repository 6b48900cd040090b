"""The parameters of the event stream, declared once: it reads them, and the interface describes them."""

from typing import Any, NamedTuple

from swf_testbed.model.names import LAST_RUN_NUMBER

EARLIEST = "earliest"
"""From the oldest message that is kept."""

LONGEST, MOST = 200, 100
LAST_NUMBER = 2**62

_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[^,]+$"}
_RUN = {"type": "integer", "minimum": 0, "maximum": LAST_RUN_NUMBER}
_POSITION = {
    "anyOf": [{"type": "integer", "minimum": 0, "maximum": LAST_NUMBER}, {"enum": [EARLIEST]}],
}


class Parameter(NamedTuple):
    """One parameter: the JSON Schema of a value, what it does, and whether there may be several values."""

    schema: dict[str, Any]
    tells: str
    many: bool


PARAMETERS: dict[str, Parameter] = {
    "msg_types": Parameter(_TEXT, "Only events of these types.", many=True),
    "agents": Parameter(_TEXT, "Only what these agents have said.", many=True),
    "run_ids": Parameter(_RUN, "Only what is about these runs.", many=True),
    "namespace": Parameter(_TEXT, "Only what is of these namespaces.", many=True),
    "execution_id": Parameter(_TEXT, "Only what is about these executions of workflows.", many=True),
    "changes": Parameter(
        _TEXT,
        "Tell, as `changed`, when records of these resources have changed; then only those `msg_types` come "
        "that are named.",
        many=True,
    ),
    "last_event_id": Parameter(
        _POSITION,
        f"Begin with what follows this number; `{EARLIEST}` is the oldest message that is kept. The header "
        "`Last-Event-ID` says the same, and counts before this.",
        many=False,
    ),
    "since": Parameter(
        {"type": "string", "format": "date-time"},
        "Begin with what was stored from this time on; not together with `last_event_id`.",
        many=False,
    ),
}
"""By name; one that is said several times, or with commas, accepts any of its values."""
