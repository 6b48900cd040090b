"""Where PanDA is, and as whom it is asked: the section `[panda]`."""

from typing import Annotated

from pydantic import Field

from swf_testbed.config.section import IN_MEGABYTES, AboveZero, Section, told

Text = Annotated[str, Field(max_length=500)]


class Panda(Section):
    """The PanDA server, and what its tasks say of themselves; read from testbed.toml alone.

    The token comes from the environment (`PANDA_AUTH_ID_TOKEN`).
    """

    url: Annotated[Text, told("of the server, `https://HOST:PORT`; required to use PanDA")] = ""
    site: Annotated[Text, told("the queue of PanDA that runs the jobs")] = "E1_BNL"
    cloud: Annotated[Text, told("the group of queues that it belongs to")] = "EIC"
    vo: Annotated[Text, told("virtual organisation of the tasks")] = "wlcg"
    working_group: Annotated[Text, told("the group that the tasks are accounted to")] = "EIC"
    role: Annotated[Text, told("as which one asks: a group, or `GROUP.ROLE`")] = "EIC"
    processing_type: Annotated[Text, told("of tasks: what people find them by")] = "epicproduction"
    source_label: Annotated[Text, told("PanDA's `prodSourceLabel`: `test`, `user` or `managed`")] = "test"
    transformation: Annotated[Text, told("what PanDA's pilot runs for each job")] = ""
    pool_transformation: Annotated[
        Text,
        Field(
            description='what PanDA\'s pilot runs for each worker, called as `runGen` is: `-j "" -p COMMAND`'
        ),
    ] = ""
    scope: Annotated[Text, told("of the input datasets")] = "group.daq"
    memory_mb: Annotated[
        int, Field(ge=1, le=10_000_000, json_schema_extra=IN_MEGABYTES, description="of a core")
    ] = 2000
    poll_interval: Annotated[AboveZero, told("how often tasks are asked for")] = 10.0
    appearance: Annotated[
        AboveZero, told("how long a task that was submitted may be unknown to the server")
    ] = 60.0
