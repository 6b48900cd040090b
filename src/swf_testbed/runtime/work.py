"""What the present thread works on, for whoever logs there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from swf_testbed.messages import Message

_in_hand: ContextVar[Mapping[str, Any]] = ContextVar("work_in_hand", default={})  # noqa: B039  # never changed


def work_in_hand() -> Mapping[str, Any]:
    """The `execution_id` and `run_id` that are worked on, as far as there are any."""
    return _in_hand.get()


@contextmanager
def working_on(*, execution_id: str | None, run_id: int | None) -> Iterator[None]:
    """Work on a run, in this thread, until the context ends."""
    token = _in_hand.set({"execution_id": execution_id, "run_id": run_id})
    try:
        yield
    finally:
        _in_hand.reset(token)


@contextmanager
def working_on_messages(messages: Sequence[Message]) -> Iterator[None]:
    """Work on messages: on what they have in common."""
    executions = {message.execution_id for message in messages}
    runs = {message.run_id for message in messages}
    with working_on(
        execution_id=executions.pop() if len(executions) == 1 else None,
        run_id=runs.pop() if len(runs) == 1 else None,
    ):
        yield
