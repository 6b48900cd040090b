"""What this process counts of its work and of the data, in the Prometheus format; all names are here.

What is not counted but looked up when asked for, is a gauge that `services.standing` fills.
"""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics import MetricWrapperBase

_MAX_AGENTS = 200
OTHER = "other"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
registry = CollectorRegistry()
ProcessCollector(registry=registry)

requests = Counter(
    "swf_http_requests",
    "HTTP requests by method, route, status class and testbed program",
    ("method", "route", "status", "agent"),
    registry=registry,
)
messages_stored = Counter(
    "swf_messages_stored",
    "Messages that were stored since this process began, by type",
    ("msg_type",),
    registry=registry,
)
message_lag = Histogram(
    "swf_message_lag_seconds",
    "From the time that a message was sent, by its own words, to when it was stored",
    buckets=_SECONDS,
    registry=registry,
)
slice_latency = Histogram(
    "swf_slice_latency_seconds",
    "From an STF's egress from the DAQ to each stage of its slices; a slice is counted when it is plotted",
    ("stage",),
    buckets=_SECONDS,
    registry=registry,
)
stream_clients = Gauge("swf_stream_clients", "Clients of the event stream", registry=registry)
stream_sent = Counter(
    "swf_stream_messages_sent", "Messages handed to clients of the event stream", registry=registry
)
stream_evicted = Counter(
    "swf_stream_clients_evicted",
    "Clients of the event stream closed because they were slow",
    registry=registry,
)
agents = Gauge(
    "swf_agents",
    "Agents by type and operational state; one without heartbeats counts as EXITED",
    ("agent_type", "state"),
    registry=registry,
)
components_up = Gauge(
    "swf_component_up",
    "1 if the database, the broker, the intake work, else 0; as in the answer of /api/health/",
    ("component",),
    registry=registry,
)
queue_messages = Gauge(
    "swf_queue_messages",
    "Messages in a queue of the embedded broker, waiting or handed out and not yet acknowledged",
    ("queue", "state"),
    registry=registry,
)
subscription_messages = Gauge(
    "swf_subscription_messages",
    "Messages of a durable subscription at the embedded broker, waiting or handed out",
    ("subscription", "state"),
    registry=registry,
)

OURS: tuple[MetricWrapperBase, ...] = (
    requests,
    messages_stored,
    message_lag,
    slice_latency,
    stream_clients,
    stream_sent,
    stream_evicted,
    agents,
    components_up,
    queue_messages,
    subscription_messages,
)
"""All but those of the process, in the order of their page."""

_agents: set[str] = set()


def agent_label(user_agent: str) -> str:
    """The name of a testbed program from its `User-Agent: swf/<name>`; the number of names is bounded."""
    product = user_agent.split(" ", 1)[0]
    name = product.removeprefix("swf/")[:100]
    if name == product or (name not in _agents and len(_agents) >= _MAX_AGENTS):
        return OTHER
    _agents.add(name)
    return name


def replace(gauge: Gauge, values: dict[tuple[str, ...], float]) -> None:
    """Let a gauge have these values, by their labels, and no others."""
    gauge.clear()
    for labels, value in values.items():
        gauge.labels(*labels).set(value)


def exposition() -> bytes:
    """All metrics as text."""
    return generate_latest(registry)
