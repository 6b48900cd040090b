"""Whether the services answer, and are ours: found out by a real handshake with each."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import httpx

from swf_testbed.bus import StompBus, open_bus
from swf_testbed.config.compose import instance_namespace
from swf_testbed.config.settings import Settings
from swf_testbed.control.programs import BROKER, MONITOR
from swf_testbed.model.errors import Unavailable
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.monitor_client.http import http_client

CLIENT = "swf/cli"
"""What the command line calls itself at the monitor, which counts requests by program."""

_LOGIN_S, _ANSWER_S = 3.0, 5.0


class Answer(StrEnum):
    """What a handshake came to."""

    OURS = "up"
    NOBODY = "down"
    STRANGER = "not ours"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service is expected; `variable` is what to set to have it elsewhere."""

    service: str
    host: str
    port: int
    variable: str

    @property
    def taken(self) -> bool:
        """Whether anybody listens there."""
        try:
            socket.create_connection((self.host, self.port), timeout=2).close()
        except OSError:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def endpoints(settings: Settings) -> dict[str, tuple[Endpoint, ...]]:
    """Where each service with an address is expected; the monitor is at two."""
    said = {"SWF_MONITOR_HTTP_URL": settings.monitor_port, "SWF_MONITOR_URL": settings.monitor_tls_port}
    urls = (settings.swf_monitor_http_url, settings.swf_monitor_url)
    monitor = (
        Endpoint(MONITOR, urlsplit(url).hostname or "", port, variable)
        for url, (variable, port) in zip(urls, said.items(), strict=True)
    )
    return {
        BROKER: (Endpoint(BROKER, settings.activemq_host, settings.activemq_port, "ACTIVEMQ_PORT"),),
        MONITOR: tuple(monitor),
    }


def ask_broker(settings: Settings) -> Answer:
    """A STOMP login with our password."""
    if not endpoints(settings)[BROKER][0].taken:
        return Answer.NOBODY
    with open_bus(settings) as bus:
        return Answer.OURS if bus.wait_connected(_LOGIN_S) else Answer.STRANGER


def ask_monitor(settings: Settings) -> Answer:
    """At both addresses, a request that changes nothing but is allowed only with our token."""
    if not any(endpoint.taken for endpoint in endpoints(settings)[MONITOR]):
        return Answer.NOBODY
    urls = (settings.swf_monitor_http_url, settings.swf_monitor_url)
    return Answer.OURS if all(_knows_us(settings, url) for url in urls) else Answer.STRANGER


def _knows_us(settings: Settings, url: str) -> bool:
    namespace = instance_namespace(settings.swf_home, settings.swf_testbed_config)
    try:
        with http_client(url, settings.api_token(), CLIENT, settings.monitor_certificate) as client:
            client.timeout = httpx.Timeout(_ANSWER_S)
            return (
                client.get("/api/health/").is_success
                and client.post("/api/namespaces/ensure/", json={"name": namespace}).is_success
            )
    except httpx.TransportError:
        return False


def connected_bus(settings: Settings) -> StompBus:
    """A connection to the broker of this testbed; `Unavailable`, with the remedy, if it does not answer."""
    (endpoint,) = endpoints(settings)[BROKER]
    if not endpoint.taken:
        raise Unavailable(f"there is no broker at {endpoint}; `testbed start` brings it up")
    bus = open_bus(settings)
    if not bus.wait_connected(_ANSWER_S):
        bus.close()
        raise Unavailable(bus.last_error or f"the broker at {endpoint} does not answer")
    return bus


def open_monitor(settings: Settings) -> MonitorClient:
    """The monitor of this testbed, as the command line sees it."""
    return MonitorClient(settings.swf_monitor_http_url, settings.api_token(), CLIENT)


HANDSHAKES: dict[str, Callable[[Settings], Answer]] = {BROKER: ask_broker, MONITOR: ask_monitor}
"""By service; the others have no address of their own."""
