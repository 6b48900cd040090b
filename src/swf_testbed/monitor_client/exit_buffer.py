"""Reads the exit buffer through the monitor, which wants a token."""

import threading
from contextlib import ExitStack

import httpx

from swf_testbed.config.settings import Settings
from swf_testbed.monitor_client.http import http_client

PATH = "/exit-buffer/"


class ExitBufferDoor:
    """HTTP clients for what the testbed's own monitor serves: the token is sent there, and nowhere else.

    Args:
        settings: where the monitor is, and the token.
        user_agent: `swf/<name>`.
    """

    def __init__(self, settings: Settings, user_agent: str) -> None:
        self._settings, self._user_agent = settings, user_agent
        self._lock, self._stack = threading.Lock(), ExitStack()
        self._clients: dict[str, httpx.Client] = {}

    def client(self, url: str) -> httpx.Client | None:
        """The client to read a URL by; None if it is not the monitor's, and is read without a token."""
        swf = self._settings
        for base in (swf.swf_monitor_http_url, swf.swf_monitor_url):
            if url.startswith(f"{base.rstrip('/')}{PATH}"):
                return self._client(base)
        return None

    def _client(self, base: str) -> httpx.Client:
        with self._lock:
            if base not in self._clients:
                token = self._settings.api_token()
                self._clients[base] = self._stack.enter_context(http_client(base, token, self._user_agent))
            return self._clients[base]

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._clients.clear()
            self._stack.close()
