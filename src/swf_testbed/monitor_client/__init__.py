"""The monitor as everyone else sees it."""

from swf_testbed.monitor_client.changes import Changes
from swf_testbed.monitor_client.client import MonitorClient, Page, Upserted
from swf_testbed.monitor_client.log_handler import MonitorLogHandler
from swf_testbed.monitor_client.sse import Connected, Disconnected, Event, EventStream, StreamItem

__all__ = [
    "Changes",
    "Connected",
    "Disconnected",
    "Event",
    "EventStream",
    "MonitorClient",
    "MonitorLogHandler",
    "Page",
    "StreamItem",
    "Upserted",
]
