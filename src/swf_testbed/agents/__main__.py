"""`python -m swf_testbed.agents NAME`: one agent of this namespace, until a signal ends it."""

import importlib
import sys

from swf_testbed.runtime import BaseAgent, run_agent
from swf_testbed.runtime.catalogue import OWN_AGENTS


def agent_class(name: str) -> type[BaseAgent]:
    """The class of an agent by its short name."""
    module, _, cls = OWN_AGENTS[name].partition(":")
    found: type[BaseAgent] = getattr(importlib.import_module(module), cls)
    return found


def main(words: list[str]) -> int:
    """Run the agent that the one word names."""
    if len(words) != 1 or words[0] not in OWN_AGENTS:
        print(f"usage: python -m swf_testbed.agents {{{','.join(OWN_AGENTS)}}}", file=sys.stderr)  # noqa: T201  # no log yet
        return 2
    return run_agent(agent_class(words[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
