"""The monitor as everyone else sees it."""

from swf_testbed.monitor_client.client import MonitorClient, Page, Upserted
from swf_testbed.monitor_client.log_handler import MonitorLogHandler
from swf_testbed.monitor_client.sse import Event, EventStream

__all__ = ["Event", "EventStream", "MonitorClient", "MonitorLogHandler", "Page", "Upserted"]
