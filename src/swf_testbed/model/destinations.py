"""Where messages go: every broker destination, and the subscriptions that are durable, written once."""

from swf_testbed.model.names import user_word

EVENTS = "/topic/epictopic"
"""Run lifecycle and data messages of every namespace."""

WORKERS = "/topic/panda.workers"
"""To and from the worker pools."""

TRANSFORMER = "/topic/panda.transformer"
"""To the slice transformer."""

STORED = "/topic/swf.stored"
"""From the monitor's intake to its web processes: what was stored, with its number."""

BROKER_STATISTICS = "/queue/swf.broker.statistics"
"""Asks the embedded broker for its counts, answered at `reply-to`."""

_SLICES = "/queue/panda.slices.transformer"
_RESULTS = "/queue/panda.results.fastprocessing"


def slices(namespace: str) -> str:
    """The work queue of a namespace."""
    return f"{_SLICES}.{namespace}"


def results(namespace: str) -> str:
    """Where workers of a namespace answer."""
    return f"{_RESULTS}.{namespace}"


def workflow_control(namespace: str) -> str:
    """Commands to the workflow runner of a namespace."""
    return f"/queue/workflow_control.{namespace}"


def fastmon_control(namespace: str) -> str:
    """Commands to the fast monitoring agent of a namespace."""
    return f"/queue/fastmon_control.{namespace}"


def testbed_control(username: str) -> str:
    """Commands to a user's agent manager."""
    return f"/queue/testbed.{user_word(username)}.control"


def replies(name: str) -> str:
    """Where the answers to one asker's commands arrive; `name` is unique to the asker."""
    return f"/queue/swf.replies.{name}"


def dead_letters(namespace: str) -> str:
    """What could not be handled in a namespace."""
    return f"/queue/swf.dead_letter.{namespace}"


def subscription_name(agent_type: str, namespace: str) -> str:
    """The durable subscription of a role: it belongs to the role, not to a process."""
    return f"{agent_type}.{namespace}"


def is_queue(destination: str) -> bool:
    """True for a queue, false for a topic."""
    return destination.startswith("/queue/")
