"""What a command asks for, made certain before anything is written or said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from swf_testbed.config.catalogue import is_path
from swf_testbed.config.compose import OVERRIDE, Composition, compose
from swf_testbed.config.documents import Configuration
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.schedule import REPLACED
from swf_testbed.config.settings import Settings
from swf_testbed.messages import RunWorkflow
from swf_testbed.model.errors import BadInput
from swf_testbed.workflows.code import SHIPPED_CODE, WorkflowCode, find_code, load_code
from swf_testbed.workflows.environment import WorkflowOptions

NAMESPACE = "testbed.namespace"


@dataclass(frozen=True, slots=True)
class PreparedWorkflow:
    """A workflow ready to run: its configuration, its code, and the options of the two together."""

    made: Composition
    code: WorkflowCode
    options: WorkflowOptions
    realtime: bool

    @property
    def configuration(self) -> Configuration:
        """Everything that was said, and the defaults."""
        return self.made.configuration

    @property
    def namespace(self) -> str:
        """Where it runs."""
        return self.configuration.testbed.namespace

    @property
    def parameters(self) -> Parameters:
        """The parameters of the run."""
        return self.configuration.parameters

    @property
    def planned(self) -> bool:
        """Whether the run is what its parameters plan, and not what a user's own code makes of them."""
        return self.code.path.parent == SHIPPED_CODE


def prepare(
    workflow: str,
    settings: Settings,
    *,
    config: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    overrides_from: str = OVERRIDE,
    realtime: bool = True,
) -> PreparedWorkflow:
    """A workflow ready to run: everything is checked that can be checked before.

    Args:
        workflow: a name or path, as `find_workflow` takes it; with `config` the name of the code alone.
        settings: say where workflows are looked for.
        config: the name or path of a configuration to run the workflow with, in place of its own.
        overrides: values by `section.key`.
        overrides_from: who said the overrides.
        realtime: whether a simulated second takes a second.

    Raises:
        BadInput: names what is wrong, and what is allowed.
    """
    said = dict(overrides or {})
    if config not in {None, workflow} and not is_path(workflow):
        said.setdefault("workflow.name", workflow)
    made = compose(
        config or workflow,
        settings.swf_home,
        search=settings.workflow_path,
        testbed_file=settings.swf_testbed_config,
        environment=settings.parameters,
        overrides=said,
        overrides_from=overrides_from,
    )
    if made.configuration.parameters.daq_state_machine.schedule:
        _refuse_beside_schedule(said)
    code = load_code(find_code(made, settings.swf_home, settings.workflow_path))
    options = code.options_of(made.configuration.parameters.options)
    return PreparedWorkflow(made.with_options(options.model_dump(mode="json")), code, options, realtime)


def _refuse_beside_schedule(overrides: Mapping[str, Any]) -> None:
    """An override is never ignored in silence."""
    for name, value in overrides.items():
        if name.rpartition(".")[2] in REPLACED and value is not None:
            raise BadInput(name, value, "counts for nothing beside a schedule: change the schedule's steps")


def understand(command: RunWorkflow, settings: Settings, namespace: str) -> PreparedWorkflow:
    """The workflow that a command asks for, ready to run.

    Args:
        command: its `params` come before everything.
        settings: of the runner.
        namespace: of the runner; in another only what says so in its own `params` is run.

    Raises:
        BadInput: names what is wrong, and what is allowed.
    """
    overrides = dict(command.params)
    if command.duration:
        # A number of STFs would come before it.
        overrides.setdefault("daq_state_machine.stf_count", None)
        overrides["daq_state_machine.physics_period_duration"] = command.duration
    prepared = prepare(
        command.workflow_name,
        settings,
        config=command.config,
        overrides=overrides,
        overrides_from="command",
        realtime=command.realtime,
    )
    if prepared.namespace != namespace and NAMESPACE not in command.params:
        raise BadInput(NAMESPACE, prepared.namespace, f"runs as {namespace}")
    return prepared
