"""STOMP's verbs: what one client says, and what the broker does about it."""

import asyncio
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

from swf_testbed import __version__
from swf_testbed.broker.connection import Connection
from swf_testbed.broker.frames import VERSIONS, Frame, ProtocolError
from swf_testbed.broker.gate import Gate
from swf_testbed.broker.message import Message
from swf_testbed.broker.subscriptions import Request, Subscription, durable_name, required
from swf_testbed.model.errors import Refused, SwfError, shorten

if TYPE_CHECKING:
    from swf_testbed.broker.server import Server


class Session(Connection):
    """One client, from its CONNECT to its end."""

    def __init__(self, server: "Server") -> None:
        super().__init__(server.limits)
        self._server = server
        self._router, self._store = server.router, server.store
        self.client_id = ""
        self._connected = False
        self._subscriptions: dict[str, Subscription] = {}
        self._by_number: dict[int, Subscription] = {}
        self._numbers = 0
        self._gates: set[Gate] = set()
        self._held_bytes = 0
        self._verbs: dict[str, Callable[[Frame], None]] = {
            "SEND": self._send,
            "ACK": self._ack,
            "NACK": self._nack,
            "SUBSCRIBE": self._subscribe,
            "UNSUBSCRIBE": self._unsubscribe,
            "DISCONNECT": self._disconnect,
            "BEGIN": self._transaction,
            "COMMIT": self._transaction,
            "ABORT": self._transaction,
        }
        self.after("connect_timeout", server.limits.connect_timeout)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See Connection."""
        super().connection_made(transport)
        self._server.remember(self)

    def on_frame(self, frame: Frame) -> None:
        """See Connection."""
        if not self._connected:
            self._connect(frame)
            return
        verb = self._verbs.get(frame.command)
        if verb is None:
            raise ProtocolError(f"command {shorten(frame.command)}: must be one of {', '.join(self._verbs)}")
        if "transaction" in frame.headers:
            self._transaction(frame)
        if verb != self._send or not self._must_wait(frame):
            self._obey(verb, frame)

    def _obey(self, verb: Callable[[Frame], None], frame: Frame) -> None:
        verb(frame)
        receipt = frame.headers.get("receipt")
        if receipt is not None and verb != self._disconnect:
            self._store.barrier(lambda: self.send_frame("RECEIPT", {"receipt-id": receipt}))

    def on_writable(self) -> None:
        """See Connection."""
        for subscription in list(self._subscriptions.values()):
            if subscription.source is not None:
                subscription.source.dispatch()

    def on_end(self) -> None:
        """See Connection."""
        self.cancel("connect_timeout")
        self._leave()

    def on_lost(self) -> None:
        """See Connection."""
        self._server.forget(self)

    def _leave(self) -> None:
        subscriptions = list(self._subscriptions.values())
        self._subscriptions.clear()
        self._by_number.clear()
        for subscription in subscriptions:
            subscription.close()
        for gate in self._gates:
            gate.leave(self)
        self._gates.clear()
        self._server.release(self)

    # -- connecting

    def _connect_timeout(self) -> None:
        self.fail(f"no CONNECT frame within {self._limits.connect_timeout:g} s")

    def _connect(self, frame: Frame) -> None:
        if frame.command not in ("CONNECT", "STOMP"):
            raise ProtocolError(f"command {shorten(frame.command)}: CONNECT must come first")
        headers = frame.headers
        accepted = headers.get("accept-version", "1.0").split(",")
        version = next((each for each in VERSIONS if each in (text.strip() for text in accepted)), None)
        if version is None:
            raise ProtocolError(
                f"accept-version = {shorten(','.join(accepted))}: must hold one of 1.0,1.1,1.2"
            )
        self._server.check_login(headers.get("login", ""), headers.get("passcode", ""))
        sends, wants = _heart_beat(headers.get("heart-beat", "0,0"), self._limits.heartbeat_floor)
        self._server.claim(self, headers.get("client-id", ""))
        self.cancel("connect_timeout")
        self._connected = True
        answer = {
            "version": version,
            "server": f"swf-testbed/{__version__}",
            "session": self.peer,
            "heart-beat": f"{round(wants * 1000)},{round(sends * 1000)}",
        }
        self.send_frame("CONNECTED", answer)
        self.version = self._parser.version = version
        self.keep_beating(send_every=wants, receive_every=sends)

    def _disconnect(self, frame: Frame) -> None:
        self._leave()
        receipt = frame.headers.get("receipt")
        if receipt is not None:
            self._store.barrier(lambda: self._say_goodbye(receipt))
        else:
            self.end()

    def _say_goodbye(self, receipt: str) -> None:
        self.send_frame("RECEIPT", {"receipt-id": receipt})
        self.end()

    def _transaction(self, frame: Frame) -> None:
        raise ProtocolError(
            f"{frame.command}: transactions are not supported by this broker; "
            "send each message with a receipt, and drop copies by message id"
        )

    # -- messages

    def _send(self, frame: Frame) -> None:
        self._router.send(required(frame, "destination"), frame.headers, frame.body)
        if self._store.congested:
            self.pause_reading()
            self._store.barrier(self.resume_reading)

    def _must_wait(self, frame: Frame) -> bool:
        """Whether a message is kept from a full queue; without a receipt its sender is, afterwards."""
        gate = self._router.gate(required(frame, "destination"), frame.headers)
        if gate is None:
            return False
        self._gates.add(gate)
        if "receipt" not in frame.headers:
            if not self._subscriptions:  # what it acknowledges must be read: it may be what makes room
                self.pause_reading()
                gate.wait(self, self.resume_reading)
            return False
        self._held_bytes += len(frame.body)
        gate.wait(self, lambda: self._enter(frame))
        if self._held_bytes >= self._limits.held_bytes:
            self.pause_reading()
        return True

    def _enter(self, frame: Frame) -> None:
        self._held_bytes -= len(frame.body)
        self.resume_reading()
        try:
            self._obey(self._send, frame)
        except SwfError as error:
            self.fail(str(error), frame)

    def _ack(self, frame: Frame) -> None:
        subscription, seq = self._delivery(frame)
        source = subscription.source
        assert source is not None  # noqa: S101  # for the type checker: an active subscription has one
        for message in subscription.take_acknowledged(seq):
            source.settle(message)
        source.dispatch()

    def _nack(self, frame: Frame) -> None:
        subscription, seq = self._delivery(frame)
        source = subscription.source
        assert source is not None  # noqa: S101  # for the type checker: an active subscription has one
        message: Message = subscription.take(seq)
        self._router.dead_letter(message)
        source.settle(message)
        source.dispatch()

    def _delivery(self, frame: Frame) -> tuple[Subscription, int]:
        """The subscription and message that an ACK or NACK speaks of."""
        if self.version == "1.2":
            text = required(frame, "id")
            number, _, seq = text.partition("-")
            candidates = [self._by_number.get(_number(number))]
        else:
            text = seq = required(frame, "message-id")
            name = frame.headers.get("subscription")
            candidates = [self._subscriptions.get(name)] if name else [*self._subscriptions.values()]
        for subscription in candidates:
            if subscription is not None and subscription.holds(_number(seq)):
                return subscription, _number(seq)
        raise ProtocolError(f"{frame.command} of {shorten(text)}: no such unacknowledged message")

    # -- subscriptions

    def _subscribe(self, frame: Frame) -> None:
        request = Request.parse(frame, self.version, self._limits)
        key = request.id or request.destination
        if key in self._subscriptions:
            raise ProtocolError(f"subscription {shorten(key)} exists already")
        if len(self._subscriptions) >= self._limits.max_subscriptions:
            raise ProtocolError(f"{len(self._subscriptions)} subscriptions: no more are allowed")
        self._numbers += 1
        subscription = Subscription(self, self._numbers, request, self._limits)
        self._subscriptions[key] = self._by_number[subscription.number] = subscription
        self._router.subscribe(subscription, self.client_id)

    def _unsubscribe(self, frame: Frame) -> None:
        durable = durable_name(frame)
        key = frame.headers.get("id") or frame.headers.get("destination", "")
        subscription = self._subscriptions.pop(key, None)
        if subscription is not None:
            del self._by_number[subscription.number]
            subscription.close()
        elif not durable:
            raise ProtocolError(f"UNSUBSCRIBE of {shorten(key)}: no such subscription")
        if durable:
            self._router.unsubscribe_durable(self.client_id, durable)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1


def _heart_beat(text: str, floor: float) -> tuple[float, float]:
    """How often the client can send, and wants to receive, in seconds; 0 is not at all."""
    sends, comma, wants = text.partition(",")
    numbers = [_number(part.strip()) for part in (sends, wants)]
    if not comma or min(numbers) < 0 or max(numbers) > 10**9:
        raise ProtocolError(
            f"heart-beat = {shorten(text)}: must be two numbers of milliseconds, as in 10000,10000"
        )
    first, second = (max(number / 1000, floor) if number else 0.0 for number in numbers)
    return first, second


def check_passcode(expected: tuple[str, str], login: str, passcode: str) -> None:
    """Compare in a time that tells nothing.

    Raises:
        Refused: login or passcode is wrong; which one is not said.
    """
    known, said = ("\0".join(pair).encode() for pair in (expected, (login, passcode)))
    if not hmac.compare_digest(known, said):
        raise Refused("login or passcode is wrong")
