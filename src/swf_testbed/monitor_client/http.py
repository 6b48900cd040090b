"""Requests to the monitor: retried while it is away, its refusals turned into our errors."""

import random
import ssl
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from swf_testbed.config.environment import settings
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput, Conflict, NotFound, Refused, SwfError, Unavailable
from swf_testbed.model.hosts import is_loopback

_AWAY = frozenset({429, 502, 503, 504})
"""Answers that another try may change."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 3.0
_LONGEST_WAIT_S = 3600.0
"""What a server may ask for at most: a mistake of its does not keep a client away for ever."""

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)


def http_client(base_url: str, token: str, user_agent: str, certificate: Path | None = None) -> httpx.Client:
    """A client for one server.

    No proxy is asked for loopback. Certificates of `REQUESTS_CA_BUNDLE`, else of the system, are trusted,
    and on loopback this testbed's own too.

    Args:
        base_url: where the server is; may have a path.
        token: empty for none.
        user_agent: `swf/<name>`.
        certificate: the testbed's own; default: where the settings have it.
    """
    local = is_loopback(base_url)
    headers = {"User-Agent": user_agent, "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Token {token}"
    if local:
        headers["Accept-Encoding"] = "identity"
    return httpx.Client(
        base_url=base_url,
        headers=headers,
        timeout=_TIMEOUT,
        trust_env=not local,
        verify=trust(base_url, certificate),
    )


def trust(base_url: str, certificate: Path | None = None) -> ssl.SSLContext | bool:
    """Which certificates a server at this address may have, as an HTTP client takes it; see `http_client`."""
    parts = urlsplit(base_url)
    if parts.scheme != "https":
        return True
    local = is_loopback(base_url)
    bundle = settings().requests_ca_bundle
    if bundle is None and not local:
        return True
    context = ssl.create_default_context(cafile=bundle)
    own = certificate or settings().monitor_certificate
    if local and own.is_file():
        # This very certificate, whoever signed it.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(own)
    return context


def refuse_certificate(error: httpx.TransportError, base_url: httpx.URL) -> None:
    """Raises `Refused`, with the remedy, if the server's certificate was the problem."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        raise Refused(
            f"the certificate of {base_url} is not trusted ({cause.verify_message}): set REQUESTS_CA_BUNDLE "
            "to a file with the certificate of its authority; of a testbed, "
            "$SWF_HOME/var/private/monitor-certificate.pem"
        ) from None


def pauses(longest_s: float = _LONGEST_PAUSE_S) -> Callable[[], float]:
    """Growing pauses, s, each at random within a factor of two, so that clients do not come back together."""
    longest = _FIRST_PAUSE_S

    def pause() -> float:
        nonlocal longest
        this, longest = longest, min(2 * longest, longest_s)
        return this * random.uniform(0.5, 1.0)  # noqa: S311  # spreads load, hides nothing

    return pause


def retry_after_s(response: httpx.Response) -> float:
    """How long the server asks to wait, s (`Retry-After`, in seconds or as a date); 0 if it does not."""
    said = response.headers.get("retry-after", "")
    if said.isascii() and said.isdigit():
        return min(float(said), _LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(said)
        return min(max(0.0, (until - now()).total_seconds()), _LONGEST_WAIT_S)
    except (ValueError, TypeError):
        return 0.0


def send(client: httpx.Client, request: httpx.Request, patience_s: float) -> Any:
    """The JSON of the answer; the rest as for `receive`."""
    return receive(client, request, patience_s).json()


def receive(client: httpx.Client, request: httpx.Request, patience_s: float) -> httpx.Response:
    """The answer.

    Args:
        client: to send with.
        request: safe to send again: upserts and reads are, and counters only skip a number.
        patience_s: how long to try again while the server is away; 0 is one try.

    Raises:
        Unavailable: no answer in that time.
        BadInput, NotFound, Conflict, Refused: as the server says.
        Refused: its certificate is not trusted.
    """
    until = time.monotonic() + patience_s
    pause = pauses()
    while True:
        asked_s = 0.0
        try:
            response = client.send(request)
        except httpx.TransportError as error:
            refuse_certificate(error, client.base_url)
            problem = f"{type(error).__name__}: {error}"
        else:
            # It is read; but answer and stream hold each other, and so the request with its body, for as
            # long as Python's collector does not come: 150 MB in the merger.
            response.stream = httpx.ByteStream(b"")
            if response.status_code not in _AWAY:
                return _accepted(response)
            problem = f"answered {response.status_code}{_reason(response)}"
            asked_s = retry_after_s(response)
        wait = max(pause(), asked_s)
        if time.monotonic() + wait >= until:
            raise Unavailable(f"the monitor at {client.base_url} did not answer: {problem}")
        time.sleep(wait)


def _accepted(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    raise error_of(response)


class _Quoted(str):
    """A value that the server has already quoted."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _document(response: httpx.Response) -> dict[str, Any]:
    """What the monitor says; nothing if it was somebody before it who answered."""
    try:
        said = response.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _reason(response: httpx.Response) -> str:
    detail = _document(response).get("detail")
    return f": {detail}" if isinstance(detail, str) else ""


def error_of(response: httpx.Response) -> SwfError:
    """What a refusal means; the response has been read."""
    said = _document(response)
    detail = str(said.get("detail") or f"{response.request.url.path} answered {response.status_code}")
    status = response.status_code
    if status == 400 and "field" in said:
        return BadInput(str(said["field"]), _Quoted(said.get("value", "")), str(said.get("allowed", "")))
    if status in {400, 413}:
        return BadInput("request", response.request.url.path, detail)
    kinds: dict[int, type[SwfError]] = {401: Refused, 403: Refused, 404: NotFound, 409: Conflict}
    return kinds.get(status, Unavailable)(detail)
