"""Where a message goes that could not be handled: kept with its error, to be looked at and sent again."""

from swf_testbed.bus import Bus, Delivery
from swf_testbed.messages.codec import MAX_BODY
from swf_testbed.model import destinations
from swf_testbed.model.clock import iso, now

ERROR, ORIGIN, AGENT, FAILED_AT = "swf-error", "swf-destination", "swf-agent", "swf-failed-at"
_KEPT_HEADERS = ("msg_type", "namespace", "run_id", "swf-message-id")
_ERROR_CHARS = 1000


def bury(bus: Bus, delivery: Delivery, *, namespace: str, agent: str, error: Exception) -> None:
    """Move a delivery to the dead letters of a namespace, with who failed, when, and why."""
    headers = {key: delivery.headers[key] for key in _KEPT_HEADERS if key in delivery.headers}
    headers |= {
        ERROR: f"{type(error).__name__}: {error}"[:_ERROR_CHARS],
        ORIGIN: delivery.destination,
        AGENT: agent,
        FAILED_AT: iso(now()),
        "persistent": "true",
    }
    bus.publish_body(destinations.dead_letters(namespace), delivery.body[:MAX_BODY], headers)
