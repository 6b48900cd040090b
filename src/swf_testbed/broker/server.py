"""The broker as a whole: it listens, knows its connections, keeps time, and stops cleanly."""

import asyncio
import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path

from swf_testbed.broker.limits import Limits
from swf_testbed.broker.router import Router
from swf_testbed.broker.session import Session, check_passcode
from swf_testbed.broker.store import Store
from swf_testbed.model.errors import Refused, Unavailable

log = logging.getLogger(__name__)


class Server:
    """A STOMP broker in the running event loop.

    Args:
        data: directory of what is stored; belongs to one broker at a time.
        login: user and passcode that clients must give; None lets everybody in.
        tls: serves TLS when given.

    Raises:
        Unavailable: the directory is in use by another broker.
        BadData: the directory holds something else.
    """

    def __init__(
        self,
        data: Path,
        *,
        login: tuple[str, str] | None = None,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.store = Store(data, self.limits.store_backlog)
        self.router = Router(self.store, self.limits)
        self.failure: Exception | None = None
        self._login, self._tls = login, tls
        self._sessions: set[Session] = set()
        self._client_ids: dict[str, Session] = {}
        self._listener: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._stopped = asyncio.Event()
        self._empty = asyncio.Event()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; return the port.

        Raises:
            Unavailable: the address cannot be had.
        """
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(
                self._accept,
                host,
                port,
                ssl=self._tls,
                ssl_handshake_timeout=self.limits.connect_timeout if self._tls else None,
                backlog=512,
            )
        except OSError as error:
            self.store.close()
            raise Unavailable(f"cannot listen on {host}:{port}: {error.strerror}") from error
        self.store.start(self._disk_failed)
        self.router.started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._sweep()
        number: int = self._listener.sockets[0].getsockname()[1]
        log.info("listening on %s:%d", host, number)
        return number

    async def wait_stopped(self) -> None:
        """Until `request_stop` is called, or the disk fails (then `failure` says how)."""
        await self._stopped.wait()

    def request_stop(self) -> None:
        """Make `wait_stopped` return."""
        self._stopped.set()

    async def close(self, *, abandon: bool = False) -> None:
        """Stop: close every connection, commit what was taken in (`abandon` drops it, as a kill would)."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        if abandon:
            self.store.abandon()
        if self._listener is not None:
            self._listener.close()
        for session in self._sessions:
            session.writable = False  # what one lets go must not be handed to the next
        for session in list(self._sessions):
            if abandon:
                session.abort()
            else:
                session.end()
        self.store.close()
        await self._wait_for_sessions()
        log.info("stopped")

    # -- what a session asks

    def check_login(self, login: str, passcode: str) -> None:
        """Let a client in.

        Raises:
            Refused: not this one.
        """
        if self._login is not None:
            check_passcode(self._login, login, passcode)

    def claim(self, session: Session, client_id: str) -> None:
        """Give a session its client id, '' for none.

        Raises:
            Refused: a live connection has it; a dead one, or one whose client is gone, gives it up.
        """
        if not client_id:
            return
        holder = self._client_ids.get(client_id)
        if holder is not None:
            if not holder.peer_is_gone():
                raise Refused(f"client-id {client_id!r} is already connected from {holder.peer}")
            holder.abort()
        self._client_ids[client_id] = session
        session.client_id = client_id

    def release(self, session: Session) -> None:
        """Take a session's client id back."""
        if self._client_ids.get(session.client_id) is session:
            del self._client_ids[session.client_id]

    def remember(self, session: Session) -> None:
        """A session begins; one too many is refused."""
        self._sessions.add(session)
        self.router.connections = len(self._sessions)
        if len(self._sessions) > self.limits.max_connections:
            session.fail(f"{self.limits.max_connections} connections are open: no more are allowed")

    def forget(self, session: Session) -> None:
        """A session's socket is closed."""
        self._sessions.discard(session)
        self.router.connections = len(self._sessions)
        if not self._sessions:
            self._empty.set()

    # -- inside

    def _accept(self) -> Session:
        return Session(self)

    async def _wait_for_sessions(self) -> None:
        """Until every socket is closed; sessions cut themselves after their linger time."""
        self._empty.clear()
        if self._sessions:
            await self._empty.wait()

    def _sweep(self) -> None:
        self.router.sweep()
        self._sweeper = asyncio.get_running_loop().call_later(self.limits.sweep_interval, self._sweep)

    def _disk_failed(self, error: Exception) -> None:
        log.critical("cannot store messages: %s; stopping", error)
        self.failure = error
        self._stopped.set()
