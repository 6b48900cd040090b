"""Agents and workers: how they log, who started them, and what the environment says of sampling."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, Field

from swf_testbed.config.fastmon import FastmonMode, TfFilesPerStf
from swf_testbed.config.section import Fraction, told
from swf_testbed.config.settings.values import Switch


class Programs(BaseModel):
    """Programs, agents and workers."""

    swf_log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], told("The least that programs log")
    ] = "INFO"
    swf_agent_quiet: Annotated[Switch, told("Agents log warnings and errors only")] = False
    swf_agent_max_workers: Annotated[int, Field(ge=1, le=64, description="Stands in older `.env` files")] = 4
    swf_worker_pool: Annotated[
        str | None, Field(max_length=100, description="Set by the pool controller: whose worker this is")
    ] = None
    swf_worker_number: Annotated[
        int | None, Field(ge=0, description="Set by the engine: which worker of its pool this is")
    ] = None
    swf_worker_job: Annotated[
        str | None,
        Field(
            validation_alias=AliasChoices("SWF_WORKER_JOB", "SLURM_JOB_ID", "PANDAID"),
            max_length=100,
            description="Set by the engine: what it calls this worker's process",
        ),
    ] = None


class Sampling(BaseModel):
    """Sampling: parameters of a run that the fast monitoring agent takes from the environment first."""

    fastmon_mode: Annotated[FastmonMode | None, told("Comes before `fastmon.mode`")] = None
    fastmon_selection_fraction: Annotated[
        Fraction | None, told("Comes before `fastmon.selection_fraction`")
    ] = None
    fastmon_tf_files_per_stf: Annotated[
        TfFilesPerStf | None, told("Comes before `fastmon.tf_files_per_stf`")
    ] = None
    fastmon_watch: Annotated[
        str | None, told("Folders separated by colons; comes before `fastmon.watch`")
    ] = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What the environment says of the parameters of a run, by `section.key`."""
        watch = (
            None if self.fastmon_watch is None else [word for word in self.fastmon_watch.split(":") if word]
        )
        said = {
            "fastmon.mode": self.fastmon_mode,
            "fastmon.selection_fraction": self.fastmon_selection_fraction,
            "fastmon.tf_files_per_stf": self.fastmon_tf_files_per_stf,
            "fastmon.watch": watch,
        }
        return {name: value for name, value in said.items() if value is not None}
