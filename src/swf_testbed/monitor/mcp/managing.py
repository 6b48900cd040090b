"""Tools for a user's own agents: their agent manager is asked, which starts, stops and kills them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from swf_testbed.messages import Ping, StartTestbed, StopTestbed
from swf_testbed.messages import Status as ManagerStatus
from swf_testbed.messages.control import KillAgent
from swf_testbed.model.errors import Refused
from swf_testbed.model.names import user_word
from swf_testbed.monitor.mcp import asker
from swf_testbed.monitor.mcp.acting import act, ask, sender
from swf_testbed.monitor.mcp.answers import Confirm, Done
from swf_testbed.monitor.mcp.registry import Effect, tool
from swf_testbed.monitor.services.rights import Actor

_PING_S = 5.0
_START_S = 120.0
"""Agents start one after the other, and each is waited for."""

_NO_NAMESPACE = "any"
"""An agent manager knows its namespace from its own testbed.toml; the envelope wants one all the same."""

User = Annotated[str | None, Field(description="whose agent manager; yours if left out")]


def _manager(username: str) -> str:
    return f"the agent manager of {username}"


def _envelope(actor: Actor, username: str) -> dict[str, Any]:
    return {
        "namespace": _NO_NAMESPACE,
        "sender": sender(actor),
        "requested_by": actor.name,
        "username": username,
    }


def _managed(username: str | None) -> tuple[Actor, str]:
    """Who asks, and whose agents they are about: their own, or with staff's rights anybody's."""
    actor = asker.writer()
    whose = username or actor.name
    if user_word(whose) != user_word(actor.name) and not actor.staff:
        raise Refused(f"the agents of {whose} are controlled by {whose} and staff; you are {actor.name}")
    return actor, whose


@tool(Effect.READS)
def check_agent_manager(username: User = None) -> Done:
    """Whether a user's agent manager answers; `testbed agent-manager` on their machine starts it."""
    actor, whose = _managed(username)
    answer = ask(Ping(**_envelope(actor, whose)), _manager(whose), _PING_S)
    return Done(done=True, what=f"{_manager(whose)} answers", result=answer)


@tool(Effect.READS)
def get_testbed_status(username: User = None) -> Done:
    """What runs under a user's agent manager: services, programs and agents, with names and start times."""
    actor, whose = _managed(username)
    answer = ask(ManagerStatus(**_envelope(actor, whose)), _manager(whose))
    return Done(done=True, what=f"status of the testbed of {whose}", result=answer)


@tool(Effect.ADDS)
def start_user_testbed(
    config_name: Annotated[
        str | None, Field(description="whose agents to start; those of testbed.toml if left out")
    ] = None,
    username: User = None,
) -> Done:
    """Start a user's agents, as `testbed run` does before it starts a workflow; refused while some run."""
    actor, whose = _managed(username)
    command = StartTestbed(**_envelope(actor, whose), config_name=config_name)

    def work() -> Done:
        answer = ask(command, _manager(whose), _START_S)
        return Done(done=True, what=f"the agents of {whose} are up", result=answer)

    return act("start_user_testbed", {"whose": whose, "config_name": config_name}, work)


@tool(Effect.ENDS)
def stop_user_testbed(username: User = None, confirm: Confirm = False) -> Done:
    """Stop a user's agents; a run that is under way is ended in good order first, services stay up."""
    actor, whose = _managed(username)
    if not confirm:
        return Done(done=False, what=f"would stop all agents of {whose}, and end what they run")

    def work() -> Done:
        answer = ask(StopTestbed(**_envelope(actor, whose)), _manager(whose), _START_S)
        return Done(done=True, what=f"the agents of {whose} have stopped", result=answer)

    return act("stop_user_testbed", {"whose": whose}, work)


@tool(Effect.ENDS)
def kill_agent(
    name: Annotated[str, Field(description="the program, as get_testbed_status names it")],
    started_at: Annotated[datetime, Field(description="its start time, as get_testbed_status tells it")],
    username: User = None,
    confirm: Confirm = False,
) -> Done:
    """Kill one process of a user's agents, if it is still the one that was started then.

    Its supervisor starts it again; what it had in hand is delivered again.
    """
    actor, whose = _managed(username)
    if not confirm:
        return Done(done=False, what=f"would kill {name} of {whose}, started at {started_at.isoformat()}")
    command = KillAgent(**_envelope(actor, whose), agent=name, started_at=started_at)

    def work() -> Done:
        answer = ask(command, _manager(whose))
        return Done(done=True, what=f"killed {name} of {whose}", result=answer)

    return act("kill_agent", {"whose": whose, "name": name}, work)
