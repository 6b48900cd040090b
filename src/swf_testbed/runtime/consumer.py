"""From deliveries to handlers: one thread a destination, in order, acknowledged after the work."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from swf_testbed.bus import Bus, Delivery, Inbox
from swf_testbed.messages import Message, decode
from swf_testbed.messages.codec import NotAMessage, UnknownType
from swf_testbed.model.errors import BadInput
from swf_testbed.runtime.activity import Activity
from swf_testbed.runtime.dead_letters import bury
from swf_testbed.runtime.handlers import Handler
from swf_testbed.runtime.patience import Stopping, persist
from swf_testbed.runtime.work import working_on_messages

_log = logging.getLogger(__name__)


class Work(NamedTuple):
    """A delivery that was understood."""

    delivery: Delivery
    message: Message


class Listener(NamedTuple):
    """Who hears: an agent of a namespace.

    Attributes:
        everybody: whether what it hears is its own whatever the namespace.
        not_understood: told of a body that is no message, and why; it becomes a dead letter.
    """

    namespace: str
    agent: str
    everybody: bool = False
    not_understood: Callable[[bytes, BadInput], None] = lambda body, error: None


class Consumer:
    """Takes from one inbox, and hands to the agent's handlers.

    Args:
        inbox: what is heard.
        handlers: by `msg_type`.
        call: runs a handler of the agent with a message or a list of them.
        bus: for dead letters.
        who: hears.
        activity: counts.
        stopping: set when the agent ends.
    """

    def __init__(  # all of it comes from one place, the agent
        self,
        inbox: Inbox,
        handlers: dict[str, Handler],
        call: Callable[[Handler, Any], None],
        bus: Bus,
        who: Listener,
        activity: Activity,
        stopping: threading.Event,
    ) -> None:
        self._inbox, self._handlers, self._call, self._bus = inbox, handlers, call, bus
        self._who = who
        self._activity, self._stopping = activity, stopping
        self._limit = max(handler.batch for handler in handlers.values())
        self._linger_s = max(handler.linger_s for handler in handlers.values())
        self._thread = threading.Thread(
            target=self._consume, name=f"consumer {inbox.subscription.destination}"
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for what is in hand; False if it is still in hand."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _consume(self) -> None:
        while not self._stopping.is_set():
            deliveries = self._inbox.take(self._limit, linger_s=self._linger_s)
            try:
                self._take_up(deliveries)
            except Stopping:
                return
            except Exception:
                _log.exception("deliveries could not be settled; the broker will deliver them again")

    def _take_up(self, deliveries: Sequence[Delivery]) -> None:
        understood = self._understood(deliveries)
        for handler, group in groupby(understood, lambda work: self._handlers[work.message.msg_type]):
            for works in _portions(list(group), handler.batch):
                with self._activity.processing(len(works)), working_on_messages([w.message for w in works]):
                    self._handle(handler, works)

    def _understood(self, deliveries: Sequence[Delivery]) -> Iterator[Work]:
        for delivery in deliveries:
            try:
                message = decode(delivery.body)
            except UnknownType as error:
                self._skip(delivery, str(error))
            except NotAMessage as error:
                self._who.not_understood(delivery.body, error)
                self._fail(delivery, error)
            else:
                foreign = message.namespace != self._who.namespace and not self._who.everybody
                if foreign or message.msg_type not in self._handlers:
                    self._skip(delivery, f"{message.msg_type} of namespace {message.namespace} is not for us")
                else:
                    yield Work(delivery, message)

    def _handle(self, handler: Handler, works: list[Work]) -> None:
        said: Any = [work.message for work in works] if handler.batch > 1 else works[0].message
        try:
            persist(lambda: self._call(handler, said), self._stopping, self._retrying(works))
        except Stopping:
            raise
        except Exception as error:
            if len(works) == 1:
                _log.exception("%s failed for good", handler.method)
                self._fail(works[0].delivery, error)
                return
            # One of them is the poison: alone each shows whether it is.
            for work in works:
                with working_on_messages([work.message]):
                    self._handle(handler, [work])
            return
        self._activity.handled += len(works)
        self._inbox.ack(work.delivery for work in works)

    def _retrying(self, works: list[Work]) -> Callable[[Exception, float], None]:
        def say(error: Exception, delay: float) -> None:
            first = works[0].message
            _log.warning("%s (run %s) again in %.1f s: %s", first.msg_type, first.run_id, delay, error)

        return say

    def _skip(self, delivery: Delivery, why: str) -> None:
        _log.info("skipped: %s", why)
        self._activity.skipped += 1
        self._inbox.ack([delivery])

    def _fail(self, delivery: Delivery, error: Exception) -> None:
        _log.warning("dead letter from %s: %s", delivery.destination, error)
        self._activity.failed += 1
        bury(self._bus, delivery, namespace=self._who.namespace, agent=self._who.agent, error=error)
        self._inbox.ack([delivery])


def _portions(works: list[Work], size: int) -> Iterator[list[Work]]:
    for start in range(0, len(works), size):
        yield works[start : start + size]
