"""The documents that a person writes: a workflow's TOML and testbed.toml, as types."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from swf_testbed.config.parameters import Parameters
from swf_testbed.config.section import Section
from swf_testbed.model.errors import BadInput
from swf_testbed.model.names import check_namespace

DOCUMENT_SECTIONS = ("testbed", "workflow", "agents")
"""The sections that are no parameters of a run."""

Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=100)]


class AgentEntry(Section):
    """One `[agents.NAME]`: a program of the testbed, or a person's own `script` or installed `module`.

    `options` are command-line options given to a script or module; `count` runs several of it.
    """

    enabled: bool = True
    script: str | None = None
    module: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$", max_length=200)] | None = None
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether it is one of the testbed's own programs."""
        return self.script is None and self.module is None


class InstanceAgents(BaseModel):
    """Every `[agents.NAME]` of testbed.toml, whatever else it says."""

    agents: dict[Word, AgentEntry] = Field(default_factory=dict)


class InstanceEntry(Section):
    """`[testbed]`: which instance this is."""

    namespace: str

    @field_validator("namespace")
    @classmethod
    def _said(cls, value: str) -> str:
        if not value:
            raise ValueError("must not be empty: set it under [testbed] in testbed.toml")
        try:
            return check_namespace(value)
        except BadInput as error:
            raise ValueError(error.allowed) from None


class WorkflowEntry(Section):
    """`[workflow]`: what is run, in which version, built from what."""

    name: Word
    version: Annotated[str, Field(max_length=50)] = "1.0"
    description: Annotated[str, Field(max_length=2000)] = ""
    config: Word | None = None
    realtime: bool = True
    includes: Annotated[tuple[str, ...], Field(strict=False)] = ()


class Configuration(BaseModel):
    """Everything together, fully expanded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    testbed: InstanceEntry
    workflow: WorkflowEntry
    agents: dict[Word, AgentEntry] = Field(default_factory=dict)
    parameters: Parameters = Parameters()

    def document(self) -> dict[str, Any]:
        """Everything by section, as a person writes it."""
        sections = self.model_dump(mode="json")
        parameters: dict[str, Any] = sections.pop("parameters")
        return {**sections, **parameters}

    def parameter_values(self) -> dict[str, Any]:
        """The parameters as they are stored with an execution."""
        return self.parameters.model_dump(mode="json")
