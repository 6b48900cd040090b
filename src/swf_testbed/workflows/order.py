"""What a command asks for, made certain before anything is written or said."""

from dataclasses import dataclass
from typing import Any

from swf_testbed.config.catalogue import is_path
from swf_testbed.config.compose import Composition, compose
from swf_testbed.config.documents import Configuration
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.settings import Settings
from swf_testbed.messages import RunWorkflow
from swf_testbed.model.errors import BadInput
from swf_testbed.workflows.code import WorkflowCode, find_code, load_code
from swf_testbed.workflows.environment import WorkflowOptions

NAMESPACE = "testbed.namespace"


@dataclass(frozen=True, slots=True)
class Order:
    """A workflow to be run: its configuration, its code, and the options of the two together."""

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
        """The parameters, the defaults of the workflow's own options among them."""
        options = self.options.model_dump(mode="json")
        return self.configuration.parameters.model_copy(update={"options": options})


def understand(command: RunWorkflow, settings: Settings, namespace: str) -> Order:
    """The order that a command gives.

    Args:
        command: may name a workflow and another's configuration; its `params` come before everything.
        settings: of the runner.
        namespace: of the runner; in another only what says so in its own `params` is run.

    Raises:
        BadInput: names what is wrong, and what is allowed.
    """
    made = compose(
        command.config or command.workflow_name,
        settings.swf_home,
        search=settings.workflow_path,
        testbed_file=settings.swf_testbed_config,
        overrides=_overrides(command),
        overrides_from="command",
    )
    said = made.configuration.testbed.namespace
    if said != namespace and NAMESPACE not in command.params:
        raise BadInput(NAMESPACE, said, f"runs as {namespace}")
    code = load_code(find_code(made, settings.swf_home, settings.workflow_path))
    options = code.options_of(made.configuration.parameters.options)
    return Order(made, code, options, command.realtime)


def _overrides(command: RunWorkflow) -> dict[str, Any]:
    overrides = dict(command.params)
    if command.duration:
        # A number of STFs would come before it.
        overrides.setdefault("daq_state_machine.stf_count", None)
        overrides["daq_state_machine.physics_period_duration"] = command.duration
    if command.config not in {None, command.workflow_name} and not is_path(command.workflow_name):
        overrides.setdefault("workflow.name", command.workflow_name)
    return overrides
