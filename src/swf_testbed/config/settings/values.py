"""Kinds of values that variables of the environment have, each refused with what is allowed."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def _switch(value: Any) -> Any:
    if isinstance(value, str):
        word = value.strip().lower()
        if word not in _TRUE | _FALSE:
            raise ValueError("must be true or false")
        return word in _TRUE
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError("must be an http:// or https:// address")
    return value.rstrip("/")


def _with_plain_path(value: str) -> str:
    if not _PREFIX.fullmatch(urlsplit(value).path):
        raise ValueError("must have a plain path, like https://swf.example.org/swf-monitor")
    return value


def _networks(value: str) -> str:
    for word in words(value):
        try:
            ip_network(word)
        except ValueError:
            raise ValueError(f"{word} is neither an address nor a network like 192.0.2.0/24") from None
    return value


Switch = Annotated[bool, BeforeValidator(_switch)]
Port = Annotated[int, Field(ge=1, le=65_535)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
"""Of http or https, without a slash at its end."""

PublicAddress = Annotated[WebAddress, AfterValidator(_with_plain_path)]
"""What a reverse proxy is reached by; its path may stand in front of every page's."""

Networks = Annotated[str, AfterValidator(_networks)]
"""Addresses and networks, separated by commas."""


def words(said: str | None) -> list[str]:
    """What is separated by commas."""
    return [word.strip() for word in (said or "").split(",") if word.strip()]


def first_line(path: Path) -> str:
    """The first line of a file that holds a secret; empty if there is none."""
    try:
        return path.read_text("utf-8").partition("\n")[0].strip()
    except FileNotFoundError:
        return ""
