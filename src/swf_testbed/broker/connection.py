"""One client's connection below STOMP's verbs: bytes, flow control, heart-beats, time limits, the end."""

import asyncio
import logging
import select
import socket
from typing import cast

from swf_testbed.broker.frames import Frame, Parser, ProtocolError, encode
from swf_testbed.broker.limits import Limits
from swf_testbed.model.errors import SwfError

log = logging.getLogger(__name__)


class Connection(asyncio.BufferedProtocol):
    """Reads frames and hands them to `on_frame`; writes what is given to `write`, many frames a system call.

    `writable` is False while the client does not read as fast as it is written to. It reads into a buffer of
    its own: what asyncio would take for each piece, 256 KiB, leaves holes in the heap that grow for hours.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.version = "1.0"
        self.writable = True
        self.peer = "?"
        self._loop = asyncio.get_running_loop()
        self._parser = Parser(limits)
        self._in = memoryview(bytearray(limits.read_buffer))
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._transport_full = False
        self._ended = False
        self._reading_paused = False
        self._received = self._sent = self._loop.time()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    # -- what a subclass adds

    def on_frame(self, frame: Frame) -> None:
        """A frame arrived; a `SwfError` raised here becomes an ERROR frame and the connection's end."""
        raise NotImplementedError

    def on_writable(self) -> None:
        """The client has read enough to be written to again."""
        raise NotImplementedError

    def on_end(self) -> None:
        """The connection is over, for whatever reason; called once."""
        raise NotImplementedError

    def on_lost(self) -> None:
        """The socket is closed; called once, after `on_end`."""
        raise NotImplementedError

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self._limits.write_buffer)
        host, port = (transport.get_extra_info("peername") or ("?", 0))[:2]
        self.peer = f"{host}:{port}"
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def get_buffer(self, sizehint: int) -> memoryview:
        """See asyncio."""
        return self._in

    def buffer_updated(self, nbytes: int) -> None:
        """See asyncio."""
        self._received = self._loop.time()
        if self._ended:
            return
        frames = self._parser.frames(self._in[:nbytes])
        while not self._ended:
            try:
                frame = next(frames, None)
            except ProtocolError as error:
                self.fail(str(error))
                return
            if frame is None:
                return
            try:
                self.on_frame(frame)
            except SwfError as error:
                self.fail(str(error), frame)

    def pause_writing(self) -> None:
        """See asyncio."""
        self._transport_full = True
        self.writable = False

    def resume_writing(self) -> None:
        """See asyncio."""
        self._transport_full = False
        self.writable = not self._ended
        if self.writable:
            self.on_writable()

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio."""
        log.debug("%s: connection lost (%s)", self.peer, error)
        self._finish()
        self.cancel("abort")
        self._transport = None
        self.on_lost()

    # -- writing

    def write(self, data: bytes) -> None:
        """Send bytes, together with whatever else is written in this turn of the event loop."""
        if self._ended:
            return
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)
        self._out_bytes += len(data)
        if self._out_bytes >= self._limits.write_buffer:
            self.writable = False

    def _flush(self) -> None:
        if self._write_out() and not self.writable and not self._transport_full and not self._ended:
            self.writable = True
            self.on_writable()

    def _write_out(self) -> bool:
        if self._transport is None or not self._out:
            return False
        out = b"".join(self._out)
        self._out.clear()
        self._out_bytes = 0
        self._sent = self._loop.time()
        self._transport.write(out)
        return True

    def send_frame(self, command: str, headers: dict[str, str], body: bytes = b"") -> None:
        """Send a frame of the broker's own."""
        self.write(encode(Frame(command, headers, body), self.version))

    # -- reading less, for producers that are faster than the disk

    def pause_reading(self) -> None:
        """Take nothing more in until `resume_reading`."""
        if self._transport is not None and not self._reading_paused and not self._ended:
            self._reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on after `pause_reading`."""
        if self._reading_paused:
            self._reading_paused = False
            self._received = self._loop.time()
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    def peer_is_gone(self) -> bool:
        """True when the other side has closed, even if unread bytes still wait before the end."""
        if self._transport is None or self._transport.is_closing():
            return True
        sock = self._transport.get_extra_info("socket")
        poll = select.poll()
        poll.register(sock.fileno(), getattr(select, "POLLRDHUP", 0))
        return bool(poll.poll(0))

    # -- time

    def after(self, name: str, seconds: float) -> None:
        """Call `_<name>` once, later; a timer of the same name is replaced."""
        self.cancel(name)
        self._timers[name] = self._loop.call_later(seconds, getattr(self, f"_{name}"))

    def cancel(self, name: str) -> None:
        """Stop a timer, if it runs."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def keep_beating(self, send_every: float, receive_every: float) -> None:
        """Send at least every `send_every` seconds, expect something every `receive_every`; 0: never."""
        self._send_every = send_every
        self._silence = 2 * receive_every + self._limits.heartbeat_grace if receive_every else 0.0
        if send_every:
            self.after("beat", send_every / 2)
        if receive_every:
            self.after("listen", self._silence)

    def _beat(self) -> None:
        if self._loop.time() - self._sent >= self._send_every / 2 - 0.001 and not self._transport_full:
            self.write(b"\n")
        self.after("beat", self._send_every / 2)

    def _listen(self) -> None:
        left = self._received + self._silence - self._loop.time()
        if left <= 0 and not self._reading_paused:
            self.fail(f"no heart-beat for {self._silence:.1f} s")
        else:
            self.after("listen", max(left, 0.01))

    # -- the end

    def fail(self, reason: str, frame: Frame | None = None) -> None:
        """Send an ERROR frame that says why, and end the connection, as STOMP wants."""
        if self._ended:
            return
        log.info("%s: refused: %s", self.peer, reason)
        headers = {"message": reason.splitlines()[0][:500], "content-type": "text/plain"}
        if frame is not None and "receipt" in frame.headers:
            headers["receipt-id"] = frame.headers["receipt"]
        self.send_frame("ERROR", headers, reason.encode())
        self.end()

    def end(self) -> None:
        """Send what is still to be sent and close.

        What the client goes on sending is read and thrown away for a moment: closing at once would make the
        kernel reset the connection, and the client lose the last frame.
        """
        self.resume_reading()
        self._write_out()
        self._finish()
        if self._transport is None or self._transport.is_closing():
            return
        self.after("abort", self._limits.linger)
        if self._transport.get_write_buffer_size() or not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:  # the client was faster
            self._abort()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def abort(self) -> None:
        """Cut the connection without another byte."""
        self._finish()
        self._abort()

    def _finish(self) -> None:
        if not self._ended:
            self._ended = True
            self.writable = False
            self.cancel("beat")
            self.cancel("listen")
            self._out.clear()
            self.on_end()
