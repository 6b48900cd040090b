"""Who works and who listens: workers, agents, subscribers, and the namespaces they are in."""

from swf_testbed.monitor.services import news
from swf_testbed.monitor.services.declaration import Resource
from swf_testbed.monitor.store import models as store

RESOURCES = (
    Resource(
        "workers",
        store.Worker,
        filters=("run_number", "status", "location", "last_heartbeat", "created_at"),
        namespace="namespace",
        run="run_number",
        time="last_heartbeat",
        guarded=True,
    ),
    Resource(
        "systemagents",
        store.SystemAgent,
        filters=("agent_type", "status", "operational_state", "last_heartbeat", "created_at"),
        namespace="namespace",
        time="last_heartbeat",
        tells=news.agents,
        told_fields=news.AGENT_STATE,
        guarded=True,
    ),
    Resource(
        "subscribers",
        store.Subscriber,
        filters=("delivery_type", "is_active", "connected_at", "disconnected_at", "created_at"),
        time="connected_at",
    ),
    Resource("namespaces", store.Namespace, filters=("owner", "created_at"), namespace="name"),
)
