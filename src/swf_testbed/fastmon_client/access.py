"""Which monitor is meant, and with which token."""

from pathlib import Path
from urllib.parse import urlsplit

from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import BadInput
from swf_testbed.model.hosts import is_loopback
from swf_testbed.monitor_client import MonitorClient

PATIENCE_S = 5.0
"""How long a monitor may take to answer at first; later it is waited for without end."""


def monitor_address(said: str | None, settings: Settings) -> str:
    """The address that was said, or `SWF_MONITOR_URL`; `BadInput` if it is no address."""
    if said is None:
        return settings.swf_monitor_url
    parts = urlsplit(said)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadInput("--monitor-url", said, "must be an address like https://swf.example.org/swf-monitor")
    return said.rstrip("/")


def token_for(address: str, token_file: Path | None, settings: Settings) -> str:
    """The token to show at an address; empty for none.

    It is read from `token_file`, or else from `SWF_API_TOKEN`. The token that this machine's testbed made for
    itself is shown to this machine alone.
    """
    if token_file is not None:
        return _first_line(token_file)
    return settings.token_for(address)


def goes_open(address: str, token: str) -> bool:
    """Whether the token would cross a network that others can listen to."""
    parts = urlsplit(address)
    return bool(token) and parts.scheme == "http" and not is_loopback(address)


def open_client(address: str, token: str, name: str = "fastmon-client") -> MonitorClient:
    """A client that gives up early, as a person waits; `name` is how the monitor calls it."""
    return MonitorClient(address, token, user_agent=f"swf/{name}", patience_s=PATIENCE_S)


def _first_line(path: Path) -> str:
    try:
        token = path.read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("--token-file", str(path), f"cannot be read: {error}") from None
    if not token:
        raise BadInput("--token-file", str(path), "must hold a token on its first line")
    return token
