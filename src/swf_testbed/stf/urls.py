"""Where files lie: paths and URLs, as they are read and as they may be shown."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from swf_testbed.model.errors import BadInput

Range = tuple[int, int]
"""Offset and length, bytes."""


def shown(url: str) -> str:
    """A URL as it may stand in a message: without user, password and query, which may be secrets."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def local_path(url: str) -> Path:
    """The path of a file:// URL; `BadInput` for another, or one that names another host."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        raise BadInput("url", shown(url), "must be a file:// URL that names no other host")
    return Path(unquote(parts.path))
