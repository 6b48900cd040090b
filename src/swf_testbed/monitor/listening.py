"""Sockets that listen where a setting says; who has the port already is told by name."""

import errno
import socket
from urllib.parse import urlsplit

from swf_testbed.model.errors import BadInput, Refused

_BACKLOG = 2048
_NO_SUCH_FAMILY = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})


def listen(variable: str, url: str, scheme: str) -> list[socket.socket]:
    """A socket for every address of the URL's host (`localhost` may have two).

    Args:
        variable: the setting that the URL is from, for errors.
        url: where to listen.
        scheme: what the URL must begin with.

    Raises:
        BadInput: another scheme, or a host that is not this machine's.
        Refused: somebody else listens there.
    """
    parts = urlsplit(url)
    if parts.scheme != scheme:
        raise BadInput(variable, url, f"must begin with {scheme}:// where the monitor is served")
    host, port = parts.hostname or "", parts.port or socket.getservbyname(scheme)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise BadInput(variable, url, f"the host is not known here: {error.strerror}") from None
    opened: list[socket.socket] = []
    absent = ""
    for family, address in {(entry[0], entry[4]): None for entry in found}:
        try:
            opened.append(socket.create_server(address[:2], family=family, backlog=_BACKLOG))
            # Connections inherit it; asyncio sets it only on sockets of its own, and an answer of two pieces
            # would wait 40 ms for the client to confirm the first.
            opened[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            if error.errno in _NO_SUCH_FAMILY:
                absent = str(error.strerror)
                continue
            for one in opened:
                one.close()
            raise Refused(_why(variable, host, port, error)) from None
    if not opened:
        raise BadInput(variable, url, f"the host is not an address of this machine: {absent}")
    return opened


def _why(variable: str, host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} belongs to another program; end that, or set {variable} to a free port"
    return f"port {port} of {host} cannot be had ({error.strerror}); set {variable} to another"
