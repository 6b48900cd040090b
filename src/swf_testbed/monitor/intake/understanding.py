"""From deliveries to messages that can be stored; what is none is logged and left."""

import logging
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError

from swf_testbed.bus import Delivery
from swf_testbed.messages import Message, decode
from swf_testbed.messages.codec import UnknownType, parse
from swf_testbed.model.errors import BadInput
from swf_testbed.monitor.services.messages import row_of
from swf_testbed.monitor.store.models import WorkflowMessage

log = logging.getLogger(__name__)


class Heard(NamedTuple):
    """A message, the whole document it came in, and where."""

    message: Message
    document: dict[str, Any]
    destination: str

    def row(self) -> WorkflowMessage:
        """As it is stored."""
        return row_of(self.message, self.document, self.destination)


def understood(deliveries: Iterable[Delivery]) -> list[Heard]:
    """The messages among deliveries, in order."""
    heard = []
    for delivery in deliveries:
        try:
            heard.append(_understand(delivery))
        except (BadInput, ValidationError) as error:
            log.warning("skipped what came on %s: %s", delivery.destination, _short(error))
    return heard


def _understand(delivery: Delivery) -> Heard:
    try:
        message = decode(delivery.body)
    except UnknownType:
        message = Message.model_validate(parse(delivery.body))
    return Heard(message, parse(delivery.body), delivery.destination)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
