"""Commands to the workflow runner, and its answers."""

import contextlib
import time
from typing import Any
from uuid import uuid4

from swf_testbed.bus import Bus, Subscription
from swf_testbed.config.settings import username
from swf_testbed.messages import Reply, RunWorkflow, StatusRequest, StopWorkflow, decode
from swf_testbed.messages.control import Command
from swf_testbed.model import destinations
from swf_testbed.model.errors import Refused, Unavailable

ANSWER_S = 60.0
"""How long the runner may take to answer: it writes the execution first."""


def run_workflow(
    bus: Bus, namespace: str, workflow: str, *, realtime: bool, params: dict[str, Any]
) -> tuple[str, int]:
    """Have a workflow run; its execution id and run number.

    Raises:
        Refused: the runner's own words.
        Unavailable: no answer in `ANSWER_S`.
    """
    command = RunWorkflow(
        **_envelope(namespace), workflow_name=workflow, config=workflow, realtime=realtime, params=params
    )
    done = ask(bus, command)
    return str(done["execution_id"]), int(done["run_id"])


def stop_workflow(bus: Bus, namespace: str, execution_id: str) -> None:
    """Have an execution end in good order; errors as for `run_workflow`."""
    ask(bus, StopWorkflow(**_envelope(namespace), execution_id=execution_id))


def runner_status(bus: Bus, namespace: str) -> dict[str, Any]:
    """What the runner runs; errors as for `run_workflow`."""
    return ask(bus, StatusRequest(**_envelope(namespace)))


def _envelope(namespace: str) -> dict[str, Any]:
    user = username()
    return {"namespace": namespace, "sender": f"cli-{user}", "requested_by": user}


def ask(bus: Bus, command: Command) -> dict[str, Any]:
    """Send a command and wait for what was done."""
    reply_to = destinations.replies(f"{command.sender}-{uuid4().hex}")
    asked = command.model_copy(update={"reply_to": reply_to, "correlation_id": uuid4()})
    with contextlib.closing(bus.subscribe(Subscription(reply_to))) as inbox:
        bus.publish(asked, timeout_s=ANSWER_S)
        until = time.monotonic() + ANSWER_S
        while (left := until - time.monotonic()) > 0:
            for delivery in inbox.take(timeout_s=left):
                inbox.ack([delivery])
                reply = decode(delivery.body)
                if isinstance(reply, Reply) and reply.correlation_id == asked.correlation_id:
                    return _done(reply)
    raise Unavailable(f"the workflow runner did not answer {command.msg_type} within {ANSWER_S:.0f} s")


def _done(reply: Reply) -> dict[str, Any]:
    if not reply.ok:
        raise Refused(f"the workflow runner refuses: {reply.error}")
    return reply.done
