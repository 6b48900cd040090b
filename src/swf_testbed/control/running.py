"""A run from the command to its summary: services, agents, the command, the wait, the end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from swf_testbed.bus import open_bus
from swf_testbed.config.catalogue import TESTBED_FILE, find_workflow, is_path, workflow_names
from swf_testbed.config.documents import Configuration
from swf_testbed.config.instance import instance_table
from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import stop_agents
from swf_testbed.control.commands import run_workflow, stop_workflow
from swf_testbed.control.crew import crew_of
from swf_testbed.control.missing import Wanted
from swf_testbed.control.progress import Events, Follower
from swf_testbed.control.readiness import CLIENT, open_monitor
from swf_testbed.control.services import Tell
from swf_testbed.control.several_runs import combined
from swf_testbed.control.standing import bring_up
from swf_testbed.control.summary import run_numbers, summary_document
from swf_testbed.daq.plan import duration_s, runs_in
from swf_testbed.model.errors import BadInput

LIMIT_FACTOR, LIMIT_MARGIN_S = 2.0, 300.0
"""An execution may take so much more than its plan: a loaded machine writes files late."""

_SAMPLERS = frozenset({"fastmon", "merger"})
"""Without these agents no plots are waited for."""

_PROCESSOR = "processing"
"""Without this one, no processing of whole STFs."""

_REQUESTS = re.compile(
    r'^swf_http_requests_total\{[^}]*agent="(?P<agent>[^"]*)"[^}]*\} (?P<count>\S+)$', re.M
)
_NOT_AGENTS = frozenset({CLIENT.removeprefix("swf/"), "other"})


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a person asked to be run.

    Args:
        workflow: its name or path.
        realtime: whether it is paced; as the configuration says if left out.
        overrides: values by `section.key`.
        planned: whether the parameters tell how long it takes; a user's own workflow knows that alone.
    """

    workflow: str
    realtime: bool | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    planned: bool = True


def workflow_said(name: str | None, settings: Settings) -> str:
    """The workflow that is meant, a path made whole; without a name, the one that testbed.toml describes."""
    if name is not None:
        found = find_workflow(name, settings.swf_home, settings.workflow_path)
        return str(found.absolute()) if is_path(name) else name
    own = settings.swf_testbed_config or settings.swf_home / TESTBED_FILE
    if "workflow" in instance_table(settings.swf_home, settings.swf_testbed_config):
        return str(own)
    names = ", ".join(workflow_names(settings.swf_home, settings.workflow_path))
    raise BadInput("workflow", name, f"name one of {names}, or describe one under [workflow] in {own}")


class Session:
    """One run that this process has started; close it, or use it as a context manager.

    Args:
        settings: of this home.
        configuration: of the run.
        request: what was asked for.
        tell: told what is done while services and agents come up.

    Raises:
        Refused: agents run already, or the runner refuses.
        Unavailable: something does not come up; agents that were started are stopped again.
    """

    def __init__(
        self, settings: Settings, configuration: Configuration, request: RunRequest, tell: Tell
    ) -> None:
        self._settings, self._configuration, self._request = settings, configuration, request
        self._namespace = configuration.testbed.namespace
        bring_up(settings, crew_of(settings, configuration), tell)
        self._monitor = open_monitor(settings)
        self._bus = open_bus(settings)
        try:
            self._command()
        except BaseException:
            tell("stopping the agents again")
            stop_agents(settings)
            self.close()
            raise

    def _command(self) -> None:
        request = self._request
        self._events = Events(self._monitor, self._namespace)
        self._calls_before = self._http_calls()
        self.realtime = (
            self._configuration.workflow.realtime if request.realtime is None else request.realtime
        )
        self.execution_id, self.run_number = run_workflow(
            self._bus,
            self._namespace,
            request.workflow,
            realtime=self.realtime,
            params=dict(request.overrides),
        )

    @property
    def page(self) -> str:
        """The run's page in the monitor."""
        return f"{self._settings.swf_monitor_http_url}/runs/{self.run_number}/"

    def follow(self) -> Follower:
        """How it goes, to the end of its last slice."""
        planned = duration_s(self._configuration.parameters) if self._request.planned else None
        limit = None if planned is None else LIMIT_FACTOR * planned + LIMIT_MARGIN_S
        run = (self.execution_id, self.run_number)
        runs = runs_in(self._configuration.parameters.daq_state_machine) if self._request.planned else 1
        return Follower(self._monitor, self._events, run, limit_s=limit, wanted=self._wanted, runs=runs)

    @property
    def _wanted(self) -> Wanted:
        enabled = {name for name, agent in self._configuration.agents.items() if agent.enabled}
        return Wanted(sampled=enabled >= _SAMPLERS, processed=_PROCESSOR in enabled)

    def stop(self) -> None:
        """Have the run end in good order."""
        stop_workflow(self._bus, self._namespace, self.execution_id)

    def document(self) -> dict[str, Any]:
        """What it came to, counted now."""
        calls = self._http_calls() - self._calls_before
        return combined(
            [
                summary_document(
                    self._monitor, self.execution_id, number, page=self.page, wanted=self._wanted
                )
                for number in run_numbers(self._monitor, self.execution_id, self.run_number)
            ],
            http_calls=calls,
        )

    def _http_calls(self) -> float:
        """Requests of the testbed's programs that the monitor has answered since it came up."""
        found = _REQUESTS.finditer(self._monitor.metrics())
        return sum(float(one["count"]) for one in found if one["agent"] not in _NOT_AGENTS)

    def close(self) -> None:
        """Let go of broker and monitor; agents go on."""
        if hasattr(self, "_events"):
            self._events.close()
        self._bus.close()
        self._monitor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
