"""The page of the watcher's rules in the reference."""

from swf_testbed.agents.data.watcher.rules import RULES, Rule
from swf_testbed.config.data import Watcher
from swf_testbed.config.section import unit_of
from swf_testbed.model.alarms import ALARMS


def page() -> str:
    """Every rule: what it looks for, its parameters, and what to look at when it has raised its alarm."""
    sections = "\n".join(map(_section, RULES))
    return f"""\
# Rules of the watcher

The data agent looks at the flow of files every `data.watcher.interval` seconds. What a rule finds is raised
as an alarm of its name, and cleared when the rule finds it no more. Parameters are set in testbed.toml, in
`[data.watcher]`, within [these ranges](parameters.md#datawatcher). All alarms are in [Alarms](alarms.md).

{sections}"""


def _section(rule: type[Rule]) -> str:
    kind = ALARMS[rule.name]
    first_line = (rule.__doc__ or "").strip().splitlines()[0]
    limits = "".join(map(_limit, rule.parameters))
    head = "\n| Parameter | Default | Is |\n| --- | --- | --- |\n"
    table = f"{head}{limits}" if limits else "\nIt has no parameters.\n"
    return f"""\
## `{rule.name}`: {kind.title}

{first_line}
{table}
**Look at:** {kind.look}

**Over when:** {kind.clears}
"""


def _limit(name: str) -> str:
    field = Watcher.model_fields[name]
    default = " ".join((f"{field.default:g}", unit_of(field))).strip()
    told = (field.description or "").partition("`: ")
    return f"| `{name}` | {default} | {told[2] or told[0]} |\n"
