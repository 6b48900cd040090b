"""A user's own agent to begin with."""

import re
from pathlib import Path
from typing import NamedTuple

from swf_testbed.config.catalogue import TESTBED_FILE
from swf_testbed.config.settings import Settings
from swf_testbed.control.programs import RUNNER
from swf_testbed.model.errors import BadInput, Conflict
from swf_testbed.runtime.catalogue import OWN_AGENTS

_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")

_TEMPLATE = '''\
"""The agent {name}: says which STF files are ready."""

from swf_testbed.messages import StfReady
from swf_testbed.runtime import BaseAgent, handles, run_agent


class {cls}(BaseAgent):
    agent_type = "{name}"

    @handles(StfReady)
    def ready(self, stf: StfReady) -> None:
        print(f"run {{stf.run_id}}: {{stf.filename}} has {{stf.tf_count}} frames", flush=True)


if __name__ == "__main__":
    raise SystemExit(run_agent({cls}))
'''


class NewAgent(NamedTuple):
    """Where it is, and what `[agents.NAME]` names it in which file."""

    path: Path
    testbed_file: Path
    entry: str


def write_agent(settings: Settings, name: str) -> NewAgent:
    """Write an agent that runs as it is.

    Raises:
        BadInput: a name that cannot be one.
        Conflict: the file is there already.
    """
    taken = {RUNNER, *OWN_AGENTS}
    if not _NAME.fullmatch(name) or name in taken:
        raise BadInput(
            "NAME", name, f"must be small letters, digits and _, and none of {', '.join(sorted(taken))}"
        )
    path = settings.swf_home / f"{name}.py"
    cls = "".join(word.capitalize() for word in name.split("_"))
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(_TEMPLATE.format(name=name, cls=cls))
    except FileExistsError:
        raise Conflict(f"{path} is there already; it stays as it is") from None
    testbed_file = settings.swf_testbed_config or settings.swf_home / TESTBED_FILE
    return NewAgent(path, testbed_file, f'[agents.{name}]\nscript = "{path.name}"')
