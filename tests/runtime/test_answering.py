"""Whoever carries out a command says what was done, on the real embedded broker."""

import json
import logging
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from swf_testbed.bus import Bus, Subscription
from swf_testbed.config.environment import load_settings
from swf_testbed.messages import StartRun
from swf_testbed.messages.control import StatusRequest
from swf_testbed.model.destinations import replies
from swf_testbed.model.errors import BadInput, Refused, Unavailable
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.runtime import AgentContext
from swf_testbed.runtime.answering import answer

TO = replies("asker")


@pytest.fixture
def context(bus: Bus, tmp_path: Path) -> AgentContext:
    nobody = cast(MonitorClient, None)
    return AgentContext(load_settings({"SWF_HOME": str(tmp_path)}), "here", bus, nobody, name="runner-1")


def _command(correlation_id: UUID | None = None, reply_to: str | None = TO) -> StatusRequest:
    return StatusRequest(
        namespace="here",
        sender="asker",
        execution_id="e-1",
        run_id=7,
        reply_to=reply_to,
        correlation_id=correlation_id,
    )


def _heard(context: AgentContext) -> dict[str, Any]:
    inbox = context.bus.subscribe(Subscription(TO))
    [said] = inbox.take(1, timeout_s=60)
    inbox.ack([said])
    assert said.headers["msg_type"] == "reply"
    return cast(dict[str, Any], json.loads(said.body))


def test_what_was_done_is_said_to_who_asked(context: AgentContext) -> None:
    command = _command(correlation_id := uuid4())
    answer(context, command, lambda: {"started": 3})
    said = _heard(context)
    assert (said["ok"], said.get("error"), said["done"]) == (True, None, {"started": 3})
    assert said["correlation_id"] == str(correlation_id)
    assert (said["sender"], said["namespace"]) == ("runner-1", "here")
    assert (said["run_id"], said["execution_id"]) == (7, "e-1")
    assert said["causation_id"] == str(command.message_id)


def test_an_answer_to_what_has_no_number_of_its_own_names_the_command(context: AgentContext) -> None:
    command = _command()
    answer(context, command, dict)
    assert _heard(context)["correlation_id"] == str(command.message_id)


def test_what_the_asker_said_wrong_is_said_back_and_noted(
    context: AgentContext, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> dict[str, Any]:
        raise BadInput("stf_count", -1, "must be 0 or more")

    with caplog.at_level(logging.WARNING):
        answer(context, _command(), refuse)
    said = _heard(context)
    assert (said["ok"], said["error"], said["done"]) == (False, "stf_count = -1: must be 0 or more", {})
    assert "status_request refused: stf_count = -1: must be 0 or more" in caplog.text


def test_an_error_without_end_is_cut_in_the_answer(context: AgentContext) -> None:
    def refuse() -> dict[str, Any]:
        raise Refused("x" * 5000)

    answer(context, _command(), refuse)
    assert _heard(context)["error"] == "x" * SHORT_TEXT_CHARS


def test_what_does_not_answer_is_for_another_try_and_says_nothing(context: AgentContext) -> None:
    def away() -> dict[str, Any]:
        raise Unavailable("the monitor does not answer")

    with pytest.raises(Unavailable):
        answer(context, _command(), away)
    answer(context, _command(reply_to=None), dict)
    answer(context, _command(), lambda: {"only": "this"})
    assert _heard(context)["done"] == {"only": "this"}


def test_a_message_that_nothing_caused_says_who_and_where(context: AgentContext) -> None:
    said = context.message(StartRun, run_id=3, simulation_tick=0.0)
    assert (said.sender, said.namespace, said.run_id) == ("runner-1", "here", 3)
    assert (said.execution_id, said.causation_id) == (None, None)
    after = context.message(StartRun, cause=said, simulation_tick=1.0, run_id=4)
    assert (after.run_id, after.causation_id) == (4, said.message_id)
