"""The process around an agent: settings, logging, signals, connections."""

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from swf_testbed.bus import open_bus
from swf_testbed.config.environment import settings
from swf_testbed.config.instance import instance_namespace
from swf_testbed.config.memory import give_back_regularly
from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import SwfError
from swf_testbed.monitor_client import MonitorClient, MonitorLogHandler
from swf_testbed.runtime.agent import BaseAgent
from swf_testbed.runtime.context import AgentContext
from swf_testbed.runtime.signals import act_on
from swf_testbed.runtime.work import work_in_hand

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def run_agent(cls: type[BaseAgent]) -> int:
    """Run an agent until a signal ends it; the exit code. SIGUSR1 has it heard of at once."""
    try:
        environment = settings()
        set_up_logging(environment)
        namespace = instance_namespace(environment.swf_home, environment.swf_testbed_config)
    except SwfError as error:
        return _refused(cls, error)
    label = f"swf/{cls.agent_type}"
    with (
        open_bus(environment, cls.client_id(namespace)) as bus,
        MonitorClient(environment.swf_monitor_http_url, environment.api_token(), user_agent=label) as monitor,
    ):
        try:
            context = AgentContext(environment, namespace, bus, monitor)
            context.parameters(None)  # a wrong value is refused now, not when it is needed
            agent = cls(context)
        except SwfError as error:
            return _refused(cls, error)

        give_back_regularly()
        act_on((*_SIGNALS, signal.SIGUSR1), partial(_obey, agent))
        with _logging_to_monitor(agent):
            agent.run()
    return 0


def _refused(cls: type[BaseAgent], error: SwfError) -> int:
    print(f"{cls.agent_type}: {error}", file=sys.stderr)  # noqa: T201  # nobody need look into a log
    return 2


def _obey(agent: BaseAgent, number: signal.Signals) -> None:
    if number is signal.SIGUSR1:
        agent.beat_now()
    else:
        agent.stop()


@contextmanager
def _logging_to_monitor(agent: BaseAgent) -> Iterator[None]:
    """Send what is logged to the monitor too, with what it is about; nobody waits for the monitor."""
    context = agent.context
    whose = {"username": context.user, "namespace": context.namespace}
    label = f"swf/{agent.agent_type}"
    url, token = context.settings.swf_monitor_http_url, context.settings.api_token()
    handler = MonitorLogHandler(
        MonitorClient(url, token, user_agent=label, patience_s=0),
        app_name=agent.agent_type,
        instance_name=lambda: context.name,
        context=lambda: {**whose, **work_in_hand()},
    )
    handler.setLevel(logging.INFO)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


def set_up_logging(environment: Settings) -> None:
    """One line a record on stderr, which supervisord keeps and rotates."""
    level = "WARNING" if environment.swf_agent_quiet else environment.swf_log_level
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr, force=True
    )
    for library in ("httpx", "watchfiles"):
        logging.getLogger(library).setLevel(logging.WARNING)
