"""What could not be handled: looked at over the broker, and sent again by those who control the namespace."""

import json
from typing import Any

from swf_testbed.bus import Bus
from swf_testbed.model.errors import NotFound, Unavailable
from swf_testbed.model.names import check_namespace
from swf_testbed.monitor.services import broker
from swf_testbed.monitor.services.rights import Actor, may_control
from swf_testbed.runtime.dead_letters import DeadLetter, list_dead_letters, resend


def letters(namespace: str) -> list[DeadLetter]:
    """All of a namespace, oldest first.

    Raises:
        BadInput: no name of a namespace.
        Unavailable: the broker does not answer.
    """
    return list_dead_letters(_bus(), check_namespace(namespace))


def letter(namespace: str, identity: str) -> DeadLetter:
    """One of them; `NotFound` when it is there no more."""
    found = next((one for one in letters(namespace) if one.id == identity), None)
    if found is None:
        raise NotFound(f"{namespace} has no dead letter {identity}; it may have been sent again")
    return found


def send_again(namespace: str, identities: set[str] | None, actor: Actor) -> int:
    """Send letters again to where they were going, those with these ids or all; how many were sent.

    Raises:
        Refused: the actor does not control the namespace.
        NotFound: one is there no more.
    """
    may_control(actor, check_namespace(namespace))
    there = letters(namespace)
    if missing := (identities or set()) - {one.id for one in there}:
        raise NotFound(f"{namespace} has no dead letter {min(missing)}; it may have been sent again")
    chosen = [one for one in there if identities is None or one.id in identities]
    return len(resend(_bus(), namespace, chosen)) if chosen else 0


def document_of(found: DeadLetter) -> Any:
    """What a letter says: its JSON, or its text if it is none."""
    try:
        return json.loads(found.body)
    except ValueError:
        return found.body.decode("utf-8", "replace")


def _bus() -> Bus:
    link = broker.present()
    if link is None or not link.connected:
        raise Unavailable("the broker does not answer; `./testbed status` tells more")
    return link.bus
