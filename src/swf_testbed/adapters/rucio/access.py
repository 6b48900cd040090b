"""A connection to a Rucio server: who asks, how long is waited, and what its errors mean."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from swf_testbed.adapters.rucio.errors import meaning
from swf_testbed.model.errors import SwfError, Unavailable

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_clients_log = logging.getLogger(f"{__name__}.client")
_clients_log.setLevel(logging.CRITICAL)
"""Says each try of the client as an error; what comes of it is told by what is raised."""

TIMEOUT_S = 30
TRIES = 3
_FIRST_WAIT_S = 0.3


@dataclass(frozen=True, kw_only=True)
class Access:
    """How a Rucio server is reached. What is left out is read from rucio.cfg and `RUCIO_*`.

    Attributes:
        token_dir: where the token is kept that stands for a login; for this server and account alone.
        timeout_s: how long one answer is waited for, s.
    """

    token_dir: Path
    url: str | None = None
    auth_url: str | None = None
    account: str | None = None
    username: str | None = None
    password: str | None = None
    timeout_s: int = TIMEOUT_S


class Connection:
    """Asks a Rucio server, each thread by a client of its own; made when something is asked first."""

    def __init__(self, access: Access) -> None:
        self._access, self._own = access, threading.local()

    @property
    def account(self) -> str:
        """Who asks."""
        return str(self.ask("logging in", lambda client: client.account))

    def ask(self, what: str, question: Callable[[Any], _T]) -> _T:
        """Ask, and again after a moment while the server does not answer.

        Args:
            what: for errors, like "closing group.daq:swf.100010.run".
            question: is given the client of `rucio.client`; must be such that asking twice is asking once.

        Raises:
            Unavailable: it does not answer, or has failed itself.
            BadInput, BadData, NotFound, Refused, Conflict: it does not want to.
        """
        for left in reversed(range(TRIES)):
            try:
                return question(self._client())
            except SwfError:
                raise
            except Exception as error:
                understood = meaning(what, error)
                if not isinstance(understood, Unavailable) or not left:
                    raise understood from error
                _log.info("%s; asked again", understood)
                time.sleep(_FIRST_WAIT_S * 2 ** (TRIES - 1 - left))
        raise AssertionError("unreachable")

    def _client(self) -> Any:
        if not hasattr(self._own, "client"):
            self._own.client = _login(self._access)
        return self._own.client


def _login(access: Access) -> Any:
    try:
        from rucio.client import Client
    except ImportError as error:
        raise Unavailable(
            "storage by Rucio needs its client: pip install 'swf-testbed[rucio,xrootd]'"
        ) from error
    folder = access.token_dir / _named(access)

    class OwnTokenClient(Client):  # type: ignore[misc]  # has no types
        """Keeps its token apart: Rucio's own place is one for all servers."""

        def _get_auth_tokens(self) -> tuple[str | None, str, str, str]:
            return None, str(folder / "expires"), str(folder / "token"), str(folder)

    login = {"username": access.username, "password": access.password} if access.username else None
    return OwnTokenClient(
        rucio_host=access.url,
        auth_host=access.auth_url or access.url,
        account=access.account,
        auth_type="userpass" if login else None,
        creds=login,
        timeout=access.timeout_s,
        user_agent="swf-testbed",
        logger=_clients_log,
    )


def _named(access: Access) -> str:
    """A folder of the token's own, that tells nothing of the login."""
    who = "\n".join(str(part) for part in (access.url, access.auth_url, access.account, access.username))
    return sha256(who.encode()).hexdigest()[:16]
