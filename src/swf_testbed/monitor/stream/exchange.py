"""What happens in one web process and is told to all: messages were stored, records have changed."""

import asyncio
import logging
from collections.abc import Collection
from typing import Any

from swf_testbed.monitor.services import messages
from swf_testbed.monitor.services.changes import changed
from swf_testbed.monitor.services.fanout import Fanout, Word
from swf_testbed.monitor.stream.follower import Follower
from swf_testbed.monitor.stream.hub import Hub
from swf_testbed.monitor.stream.presence import Presence

log = logging.getLogger(__name__)


class Exchange:
    """Tells what is done here, and hears what is done elsewhere; called by any thread."""

    def __init__(self, hub: Hub, follower: Follower, presence: Presence) -> None:
        self._hub, self._follower, self._presence = hub, follower, presence
        self._loop = asyncio.get_running_loop()
        self._fanout: Fanout | None = None

    def hear(self, word: Word | None) -> None:
        """A word of another process, or of ours, which has come back; None if some may have been missed."""
        if word is None:
            self._presence.missed()
            self._follower.wake()
            return
        ours = word.process == self._hub.process
        if word.serves or ours:
            self._presence.heard(word.process)
        if word.stored and not ours:
            self._follower.wake()
        if word.changed and not ours:
            self._tell_clients(word.changed)

    def begin(self, fanout: Fanout) -> None:
        """Tell from now on."""
        self._fanout = fanout
        messages.stored.connect(self._on_stored)
        changed.connect(self._on_changed)

    def end(self) -> None:
        """Tell no more."""
        messages.stored.disconnect(self._on_stored)
        changed.disconnect(self._on_changed)

    def _on_stored(self, sender: object, **_: Any) -> None:
        del sender
        self._follower.wake()
        if self._fanout is not None:
            self._fanout.tell(stored=True)

    def _on_changed(self, sender: object, *, resource: str, **_: Any) -> None:
        del sender
        self._tell_clients({resource})
        if self._fanout is not None:
            self._fanout.tell(changed={resource})

    def _tell_clients(self, resources: Collection[str]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._hub.tell_changed, resources)
        except RuntimeError:
            log.debug("stream: the server's loop is closed")
