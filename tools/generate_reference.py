"""Writes the reference pages that follow from the code: settings, parameters, messages, metrics, REST,
MCP, client, commands.

    python tools/generate_reference.py

What a page says stands in the code; a test fails when a page says something else.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel
from schema_tables import alone, default_of, description, kind_of, kinds, section, table

from swf_testbed.config.environment import default_home
from swf_testbed.config.fastmon import StreamSampling
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.payloads import AnyPayload
from swf_testbed.config.schedule import ScheduleStep
from swf_testbed.config.settings import GROUPS, Settings
from swf_testbed.config.simulation import SideStream
from swf_testbed.daq.anomalies import AnyAnomaly
from swf_testbed.fastmon.policies import AnyPolicy
from swf_testbed.model.alarm_kind import AlarmKind
from swf_testbed.model.alarms import ALARMS
from swf_testbed.monitor import metrics
from swf_testbed.monitor.startup import set_up_django
from swf_testbed.records.health import Overall

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
PACKAGE = ROOT / "src" / "swf_testbed"
COMMAND = "python tools/generate_reference.py"

_NOTE = f"<!-- Written by `{COMMAND}`: changes here are lost. -->\n"


def settings_page() -> str:
    """Every environment variable."""
    source = _source_text()
    groups = "\n".join(_group(group, source) for group in GROUPS)
    return f"""\
{_NOTE}
# Settings

The environment says where things are: addresses, credentials, places. `~/.env` and `$SWF_HOME/.env` are
read too, in this order, a later one before an earlier one; the process's own environment comes before both.
An empty value counts as not set. A value that is not allowed is refused at start, by name.

{groups}
{(default_home.__doc__ or "").strip()}
"""


def _group(group: type[BaseModel], source: str) -> str:
    """The variables that one class adds to those of the classes above it."""
    schema = Settings.model_json_schema()
    own = [name for name in group.model_fields if name in group.__annotations__]
    rows = [["Variable", "Value", "Default", "Notes"], ["---"] * 4]
    for name in own:
        entry = schema["properties"][name.upper()]
        default = "see below" if name == "swf_home" else default_of(entry)
        notes = [description(entry).rstrip("."), *_remarks(name, source)]
        rows.append([f"`{name.upper()}`", kind_of(entry, schema), default, "; ".join(notes)])
    return f"## {group.__name__}\n\n{(group.__doc__ or '').strip()}\n\n{table(rows)}"


def _remarks(name: str, source: str) -> Iterator[str]:
    """By which other names a variable is known, and whether anything heeds it."""
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        yield f"also {', '.join(f'`{choice}`' for choice in alias.choices if choice != name.upper())}"
    if not re.search(rf"\.{name}\b", source):
        yield "checked, not used by this version"


def parameters_page() -> str:
    """Every parameter of a run, by section."""
    schema = Parameters.model_json_schema()
    sections = "\n".join(
        section(f"`[{name}]`", schema["properties"][name], schema) for name in Parameters.model_fields
    )
    return f"""\
{_NOTE}
# Parameters

What a run is like. It is written as TOML in a workflow's file or in `testbed.toml`, or on the command line as
`--set section.key=value`; how the places rank is told in
[Change the parameters of a run](../how-to/change-parameters.md). A parameter that nobody knows, or of the
wrong type, is an error.

{sections}
## Schedule steps

The tables of `daq_state_machine.schedule`, told in [Write a schedule](../how-to/write-a-schedule.md).
{alone(ScheduleStep)}
## Streams

The tables of `simulation.streams`. {alone(SideStream)}
## Sampling policies

The tables of `fastmon.policies`: a frame is taken if all policies accept it.

{kinds(AnyPolicy)}
The tables of `fastmon.subsystems` are lists of such policies by the name of a subsystem; the tables of
`fastmon.streams` have, by the name of a stream, what is otherwise there. {alone(StreamSampling)}
## Anomalies

The tables of `simulation.anomalies`: faults of the simulated detector. Times are seconds since physics began.

{kinds(AnyAnomaly)}
## Payloads

The tables `[payloads.NAME]` of testbed.toml: what workers can run, told in
[Run your own code on frames](../how-to/payloads.md).

{kinds(AnyPayload)}"""


def metrics_page() -> str:
    """Every metric of the monitor."""
    set_up_django()
    from swf_testbed.monitor.services.slice_moments import STAGES
    from swf_testbed.monitor.services.standing import MAX_AGE_S

    rows = [["Metric", "Kind", "Labels", "Tells"], ["---"] * 4]
    for metric in metrics.OURS:
        (told,) = metric.describe()
        name = f"{told.name}_total" if told.type == "counter" else told.name
        labels = ", ".join(
            f"`{label}`" for label in metric._labelnames
        )  # the library has no public name for it
        rows.append([f"`{name}`", told.type, labels, told.documentation])
    return f"""\
{_NOTE}
# Metrics

`GET /api/metrics` answers in the text format of Prometheus, without a token. Durations are in seconds.
Counters and histograms count what this process has seen since it began; gauges tell how things stand, from
the database and the broker, which are asked at most every {MAX_AGE_S:.0f} s. Those of queues and
subscriptions are there with the embedded broker alone. The usual metrics of the process
(`process_cpu_seconds_total`, `process_resident_memory_bytes` and others) are there too.

{table(rows)}
The stages of a slice: {", ".join(f"`{stage}`" for stage in STAGES)}.

`GET /api/health/` answers 200, or 503 when the database does not answer; its `status` is {_words(Overall)}.
{(Overall.__doc__ or "").strip()}
"""


def alarms_page() -> str:
    """Every alarm that the testbed raises by itself."""
    rows = [["Alarm", "Says", "Severity", "Latched"], ["---"] * 4]
    rows += [
        [
            f"[`{kind.name}`](#{_anchor(kind)})",
            kind.title,
            kind.severity.value,
            "yes" if kind.latched else "no",
        ]
        for kind in ALARMS.values()
    ]
    sections = "\n".join(
        f"## `{kind.name}`: {kind.title}\n\n{kind.means}\n\n"
        f"Severity {kind.severity.value}. {_latch(kind)}\n\n"
        f"**Look at:** {kind.look}\n\n**Over when:** {kind.clears}\n"
        for kind in ALARMS.values()
    )
    return f"""\
{_NOTE}
# Alarms

What the testbed raises by itself. The subject of an alarm is its name, and often what it is about:
`quality:btof`. An alarm is raised once; while it stands, the same again changes its text at most.
[How to handle alarms](../how-to/handle-alarms.md).

An alarm is `active` until it is over or somebody acknowledges it; then it is `acknowledged` until it is over.
A *latched* alarm that is over before anybody has acknowledged it is `returned`, and stays until somebody has.
`over` is the end.

{table(rows)}
{sections}"""


def _anchor(kind: AlarmKind) -> str:
    """Where the heading of a kind is found, as Markdown makes addresses of headings."""
    return f"{kind.name}-{kind.title}".lower().replace(" ", "-")


def _latch(kind: AlarmKind) -> str:
    return "Latched: it stays until somebody has acknowledged it." if kind.latched else "Not latched."


def messages_page() -> str:
    """Every message on the bus."""
    from swf_testbed.messages.reference import page

    return f"{_NOTE}\n{page()}"


def rest_page() -> str:
    """Every resource of the REST interface, and who may do what with it."""
    set_up_django()
    from swf_testbed.monitor.api.reference import page

    return f"{_NOTE}\n{page()}"


def checks_page() -> str:
    """Every product and every check of fast monitoring."""
    from swf_testbed.fastmon.reference_page import page

    return f"{_NOTE}\n{page()}"


def watcher_page() -> str:
    """Every rule of the watcher."""
    from swf_testbed.agents.data.watcher.reference import page

    return f"{_NOTE}\n{page()}"


def mcp_page() -> str:
    """Every tool that an assistant may call."""
    set_up_django()
    from swf_testbed.monitor.mcp.reference import page

    return f"{_NOTE}\n{page()}"


def client_page() -> str:
    """Every command and option of the fast monitoring client."""
    from swf_testbed.cli.fastmon_client.reference import page

    return f"{_NOTE}\n{page()}"


def commands_page() -> str:
    """Every command of the programs."""
    from swf_testbed.cli.reference import page

    return f"{_NOTE}\n{page()}"


def dependencies_page() -> str:
    """Every dependency, with its reason and licence."""
    from dependencies import page

    return f"{_NOTE}\n{page()}"


def _words(values: Any) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _source_text() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py")))


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "parameters.md": parameters_page,
    "metrics.md": metrics_page,
    "alarms.md": alarms_page,
    "watcher.md": watcher_page,
    "messages.md": messages_page,
    "rest.md": rest_page,
    "checks.md": checks_page,
    "mcp.md": mcp_page,
    "fastmon-client.md": client_page,
    "commands.md": commands_page,
    "dependencies.md": dependencies_page,
}
"""The generated pages by file name."""


def main() -> int:
    """Write them all."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")
        print(f"reference: wrote {(FOLDER / name).relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
