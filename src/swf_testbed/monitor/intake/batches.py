"""One batch of deliveries: stored with its effects in one transaction."""

import logging
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from django.db import Error, connection

from swf_testbed.bus import Delivery
from swf_testbed.messages import WorkerHeartbeat
from swf_testbed.model.errors import Unavailable
from swf_testbed.monitor.intake import effects
from swf_testbed.monitor.intake.understanding import Heard, understood
from swf_testbed.monitor.services import messages
from swf_testbed.monitor.services.database_trouble import is_outage
from swf_testbed.monitor.services.writing import writing

log = logging.getLogger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 5.0


KeepTrying = Callable[[Error], bool]
"""Told what is wrong with the database, before it is waited for; False to give up."""


def store(deliveries: Sequence[Delivery], keep_trying: KeepTrying) -> None:
    """Store a batch.

    A database that does not answer, or has no room, is waited for. If the batch cannot be stored for any
    other reason, its messages are stored one by one, and the one that cannot is logged and left.

    Raises:
        Unavailable: `keep_trying` gave the database up; nothing is stored.
    """
    heard = understood(deliveries)
    try:
        _persist(heard, keep_trying)
    except Unavailable:
        raise
    except Exception as error:
        log.warning("a batch of %d messages was refused (%s); storing them one by one", len(heard), error)
    else:
        return
    for one in heard:
        try:
            _persist([one], keep_trying)
        except Unavailable:
            raise
        except Exception:
            log.exception("left message %s of type %s", one.message.message_id, one.message.msg_type)


def _persist(heard: Sequence[Heard], keep_trying: KeepTrying) -> None:
    pause = _FIRST_PAUSE_S
    while True:
        try:
            _write(heard)
        except Error as error:
            if not is_outage(error):
                raise
            connection.close()
            if not keep_trying(error):
                raise Unavailable(f"the database: {error}") from None
            log.warning("database: %s; trying again in %.2f s", error, pause)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        else:
            return


def _write(heard: Sequence[Heard]) -> None:
    beats = [entry.message for entry in heard if isinstance(entry.message, WorkerHeartbeat)]
    with writing():
        changes = {beat.message_id for beat in effects.changes_of_state(beats)} if beats else set()
        kept = [
            entry
            for entry in heard
            if not isinstance(entry.message, WorkerHeartbeat) or entry.message.message_id in changes
        ]
        new: dict[UUID, int] = messages.store([entry.row() for entry in kept]) if kept else {}
        # A message that is known has had its effects, in the transaction that stored it.
        effects.apply(
            [
                entry.message
                for entry in heard
                if entry.message.message_id in new or isinstance(entry.message, WorkerHeartbeat)
            ]
        )
