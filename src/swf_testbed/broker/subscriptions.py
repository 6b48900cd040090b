"""One subscription of one client: what it wants, what it holds unacknowledged, how a message reaches it."""

from dataclasses import dataclass
from typing import Protocol

from swf_testbed.broker.frames import Frame, ProtocolError, encode_headers
from swf_testbed.broker.limits import Limits
from swf_testbed.broker.message import Message
from swf_testbed.broker.selectors import Selector, compile_selector
from swf_testbed.model.errors import BadInput, one_of, shorten

ACK_MODES = ("auto", "client", "client-individual")
_DURABLE_HEADERS = ("activemq.subscriptionName", "durable-subscription-name", "durable-subscriber-name")
"""Of ActiveMQ Classic and of Artemis (which reads both of the last two)."""


class Outlet(Protocol):
    """The connection a subscription writes to."""

    version: str
    writable: bool

    def write(self, data: bytes) -> None:
        """Put bytes into the connection's buffer."""

    def fail(self, reason: str) -> None:
        """Send an ERROR frame and end the connection."""


class Source(Protocol):
    """Where a subscription's messages come from: a backlog or a topic."""

    def dispatch(self) -> None:
        """Hand out what can be handed out now."""

    def settle(self, message: Message) -> None:
        """An unacknowledged message is done with."""

    def detach(self, subscription: "Subscription", held: list[Message]) -> None:
        """A subscription ends; `held` is what it had not acknowledged, in the order of delivery."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a SUBSCRIBE frame asks for."""

    destination: str
    id: str
    ack: str
    prefetch: int
    selector: str
    durable: str
    browser: bool

    @classmethod
    def parse(cls, frame: Frame, version: str, limits: Limits) -> "Request":
        """Read the headers.

        Raises:
            ProtocolError: a header is missing or not allowed.
        """
        headers = frame.headers
        destination = required(frame, "destination")
        if version != "1.0":
            required(frame, "id")
        ack = headers.get("ack", "auto")
        if ack not in ACK_MODES:
            raise ProtocolError(f"ack = {shorten(ack)}: {one_of(ACK_MODES)}")
        is_queue = destination.startswith("/queue/")
        durable = durable_name(frame)
        browser = headers.get("browser") == "true"
        if durable and is_queue:
            raise ProtocolError("a durable subscription is of a topic: a queue keeps its messages anyway")
        if browser and not is_queue:
            raise ProtocolError("only a queue can be browsed")
        default = limits.queue_prefetch if is_queue else limits.topic_prefetch
        return cls(
            destination=destination,
            id=headers.get("id", ""),
            ack=ack,
            prefetch=_prefetch(headers.get("activemq.prefetchSize"), default, limits),
            selector=headers.get("selector", "").strip(),
            durable=durable,
            browser=browser,
        )


def required(frame: Frame, name: str) -> str:
    """A header that must be there.

    Raises:
        ProtocolError: it is not, or it is empty.
    """
    value = frame.headers.get(name)
    if not value:
        raise ProtocolError(f"{frame.command} needs a header '{name}'")
    return value


def durable_name(frame: Frame) -> str:
    """The durable subscription a SUBSCRIBE or UNSUBSCRIBE frame names, or ''."""
    for name in _DURABLE_HEADERS:
        if frame.headers.get(name):
            return frame.headers[name]
    return ""


def _prefetch(text: str | None, default: int, limits: Limits) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= limits.max_prefetch):
        raise ProtocolError(f"activemq.prefetchSize = {shorten(text)}: must be 1 to {limits.max_prefetch}")
    return int(text)


def parse_selector(text: str) -> Selector | None:
    """The compiled selector, or None where there is none.

    Raises:
        ProtocolError: it cannot be understood.
    """
    try:
        return compile_selector(text) if text else None
    except BadInput as error:
        raise ProtocolError(str(error)) from error


class Subscription:
    """An active subscription; `number` tells it from the connection's others."""

    def __init__(self, outlet: Outlet, number: int, request: Request, limits: Limits) -> None:
        self.outlet, self.number, self.request = outlet, number, request
        self.auto = request.ack == "auto"
        self.selector = parse_selector(request.selector)
        self.suspended = False
        """True while a backlog must first go back to messages this one wants and was passed over with."""
        self.source: Source | None = None
        self._unacked: dict[int, Message] = {}
        self._unacked_bytes = 0
        self._max_bytes = limits.unacked_bytes
        self._prefix = encode_headers({"subscription": request.id}, outlet.version) if request.id else b""
        self._says_ack = not self.auto and outlet.version == "1.2"

    @property
    def free(self) -> bool:
        """True when one more message may be handed over."""
        if self.auto or not self.outlet.writable:
            return self.outlet.writable
        return len(self._unacked) < self.request.prefetch and self._unacked_bytes < self._max_bytes

    def selects(self, message: Message) -> bool:
        """True when the selector, if there is one, takes the message."""
        return self.selector is None or self.selector(message.headers)

    def deliver(self, message: Message, *, redelivered: bool = False) -> None:
        """Send a message; unless acknowledgement is automatic it is held until acknowledged."""
        prefix = self._prefix
        if not self.auto:
            self._unacked[message.seq] = message
            self._unacked_bytes += message.size
            if self._says_ack:
                prefix += b"ack:%d-%d\n" % (self.number, message.seq)
        if redelivered:
            prefix += b"redelivered:true\n"
        self.outlet.write(message.wire(self.outlet.version, prefix))

    def holds(self, seq: int) -> bool:
        """True when the message was delivered and not acknowledged."""
        return seq in self._unacked

    def take(self, seq: int) -> Message:
        """Take one held message out, to be acknowledged or refused."""
        message = self._unacked.pop(seq)
        self._unacked_bytes -= message.size
        return message

    def take_acknowledged(self, seq: int) -> list[Message]:
        """What an ACK of a held message means: it alone, or with ack mode `client` all before it too."""
        if self.request.ack == "client-individual":
            return [self.take(seq)]
        held = list(self._unacked)
        return [self.take(each) for each in held[: held.index(seq) + 1]]

    def close(self) -> None:
        """End: what is held goes back to where it came from."""
        source, self.source = self.source, None
        held = list(self._unacked.values())
        self._unacked.clear()
        self._unacked_bytes = 0
        if source is not None:
            source.detach(self, held)
