"""Whether the services answer, and are ours: found out by a real handshake with each."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import httpx

from swf_testbed.bus import StompBus, open_bus
from swf_testbed.config.instance import instance_namespace
from swf_testbed.config.settings import Mode, Settings
from swf_testbed.control.database import database_version
from swf_testbed.control.programs import BROKER, DATABASE, MONITOR
from swf_testbed.model.errors import BadData, SwfError, Unavailable
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.monitor_client.http import error_of, http_client, refuse_certificate
from swf_testbed.records.health import Health

CLIENT = "swf/cli"
"""What the command line calls itself at the monitor, which counts requests by program."""

_LOGIN_S, _ANSWER_S = 3.0, 5.0


class Answer(StrEnum):
    """What a handshake came to."""

    OURS = "up"
    NOBODY = "down"
    STRANGER = "not ours"


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a handshake came to: of ours `said` is its version, else why it is not."""

    answer: Answer
    said: str = ""


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
    database = Endpoint(DATABASE, settings.db_host, settings.db_port, "DB_PORT")
    external = {} if settings.swf_mode is Mode.EMBEDDED else {DATABASE: (database,)}
    return external | {
        BROKER: (Endpoint(BROKER, settings.activemq_host, settings.activemq_port, "ACTIVEMQ_PORT"),),
        MONITOR: tuple(monitor),
    }


def greet_database(settings: Settings) -> Greeting:
    """A log-in at the database server, and the question for its version."""
    if not endpoints(settings)[DATABASE][0].taken:
        return Greeting(Answer.NOBODY)
    try:
        return Greeting(Answer.OURS, database_version(settings))
    except OSError as error:
        return Greeting(Answer.STRANGER, str(error))


def greet_broker(settings: Settings) -> Greeting:
    """A STOMP login with our password."""
    if not endpoints(settings)[BROKER][0].taken:
        return Greeting(Answer.NOBODY)
    bus = open_bus(settings)
    if bus.wait_connected(_LOGIN_S):
        bus.close()
        return Greeting(Answer.OURS)
    # Beside us: it may still be waiting for somebody who does not speak STOMP.
    threading.Thread(target=bus.close, daemon=True).start()
    return Greeting(Answer.STRANGER, bus.last_error or f"no answer to a log-in within {_LOGIN_S:.0f} s")


def greet_monitor(settings: Settings) -> Greeting:
    """At both addresses, a request that changes nothing but is allowed only with our token."""
    if not any(endpoint.taken for endpoint in endpoints(settings)[MONITOR]):
        return Greeting(Answer.NOBODY)
    version = ""
    try:
        for url in (settings.swf_monitor_http_url, settings.swf_monitor_url):
            version = greet_web(settings, url)
    except (SwfError, httpx.TransportError) as error:
        return Greeting(Answer.STRANGER, f"{url}: {error}")
    return Greeting(Answer.OURS, version)


def greet_web(settings: Settings, url: str) -> str:
    """Ask a monitor's health, and whether it takes our token; its version.

    Raises:
        httpx.TransportError: nobody, or not a web server.
        SwfError: not a monitor, or not one that knows us; `Refused` if the certificate is not trusted.
    """
    namespace = instance_namespace(settings.swf_home, settings.swf_testbed_config)
    with http_client(url, settings.api_token(), CLIENT, settings.monitor_certificate) as client:
        client.timeout = httpx.Timeout(_ANSWER_S)
        try:
            health = client.get("/api/health/")
            ensured = client.post("/api/namespaces/ensure/", json={"name": namespace})
        except httpx.TransportError as error:
            refuse_certificate(error, client.base_url)
            raise
    for response in (health, ensured):
        if not response.is_success:
            raise error_of(response)
    return _version(health)


def _version(health: httpx.Response) -> str:
    try:
        return f"swf-testbed {Health.model_validate_json(health.content).versions.swf_testbed}"
    except ValueError:
        raise BadData("what answers is not a monitor") from None


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


GREETINGS: dict[str, Callable[[Settings], Greeting]] = {
    DATABASE: greet_database,
    BROKER: greet_broker,
    MONITOR: greet_monitor,
}
"""By service; the others have no address of their own."""
