"""What this process counts of its own work, in the Prometheus format."""

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, generate_latest

_MAX_AGENTS = 200
_OTHER = "other"

disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
registry = CollectorRegistry()
requests = Counter(
    "swf_http_requests",
    "HTTP requests by method, route, status class and testbed program",
    ("method", "route", "status", "agent"),
    registry=registry,
)
stream_clients = Gauge("swf_stream_clients", "Clients of the event stream", registry=registry)
stream_sent = Counter("swf_stream_sent", "Messages handed to clients of the stream", registry=registry)
stream_evicted = Counter("swf_stream_evicted", "Clients closed because they were slow", registry=registry)

_agents: set[str] = set()


def agent_label(user_agent: str) -> str:
    """The name of a testbed program from its `User-Agent: swf/<name>`; the number of names is bounded."""
    product = user_agent.split(" ", 1)[0]
    name = product.removeprefix("swf/")[:100]
    if name == product or (name not in _agents and len(_agents) >= _MAX_AGENTS):
        return _OTHER
    _agents.add(name)
    return name


def exposition() -> bytes:
    """All metrics as text."""
    return generate_latest(registry)
