"""Writes the reference pages that follow from the code: settings, parameters, messages, metrics, REST,
MCP, client, commands.

    python tools/generate_reference.py

What a page says stands in the code; a test fails when a page says something else.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, TypeAdapter

from swf_testbed.config.environment import default_home
from swf_testbed.config.parameters import Parameters, SideStream, StreamSampling
from swf_testbed.config.payloads import AnyPayload
from swf_testbed.config.schedule import ScheduleStep
from swf_testbed.config.settings import Settings
from swf_testbed.daq.anomalies import AnyAnomaly
from swf_testbed.fastmon.policies import AnyPolicy
from swf_testbed.model.alarm_kind import AlarmKind
from swf_testbed.model.alarms import ALARMS
from swf_testbed.monitor import metrics
from swf_testbed.monitor.startup import set_up_django
from swf_testbed.records.health import Overall
from swf_testbed.records.judgement import AlarmState

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
PACKAGE = ROOT / "src" / "swf_testbed"
COMMAND = "python tools/generate_reference.py"

_NOTE = f"<!-- Written by `{COMMAND}`: changes here are lost. -->\n"
_LIMITS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
_LISTS = {"object": "list of tables", "integer": "list of integers", "string": "list of texts"}
_EXACT_POWERS = {2**63: "2^63"}


def settings_page() -> str:
    """Every environment variable."""
    rows = [["Variable", "Value", "Default", "Notes"], ["---"] * 4]
    schema = Settings.model_json_schema()
    source = _source_text()
    for name, field in Settings.model_fields.items():
        entry = _resolved(schema["properties"][name.upper()], schema)
        default = "see below" if name == "swf_home" else _default(entry)
        notes = [entry.get("description", "").rstrip(".")]
        if isinstance(field.validation_alias, AliasChoices):
            others = [f"`{choice}`" for choice in field.validation_alias.choices if choice != name.upper()]
            notes.append(f"also {', '.join(others)}")
        if not re.search(rf"\.{name}\b", source):
            notes.append("checked, not used by this version")
        rows.append([f"`{name.upper()}`", _value(entry), default, "; ".join(note for note in notes if note)])
    return f"""\
{_NOTE}
# Settings

The environment says where things are: addresses, credentials, places. `~/.env` and `$SWF_HOME/.env` are
read too, in this order, a later one before an earlier one; the process's own environment comes before both.
An empty value counts as not set. A value that is not allowed is refused at start, by name.

{_table(rows)}
{(default_home.__doc__ or "").strip()}
"""


def parameters_page() -> str:
    """Every parameter of a run, by section."""
    schema = Parameters.model_json_schema()
    sections = "\n".join(
        _section(f"`[{name}]`", schema["properties"][name], schema) for name in Parameters.model_fields
    )
    return f"""\
{_NOTE}
# Parameters

What a run is like. Written as TOML in a workflow's file or in `testbed.toml`, or on the command line as
`--set section.key=value`; how the places rank is told in
[Change the parameters of a run](../how-to/change-parameters.md). A parameter that nobody knows, or of the
wrong type, is an error.

{sections}
## Schedule steps

The tables of `daq_state_machine.schedule`, told in [Write a schedule](../how-to/write-a-schedule.md).
{_alone(ScheduleStep)}
## Streams

The tables of `simulation.streams`. {_alone(SideStream)}
## Sampling policies

The tables of `fastmon.policies`: a frame is taken if all policies accept it.

{_kinds(AnyPolicy)}
The tables of `fastmon.subsystems` are lists of such policies by the name of a subsystem; the tables of
`fastmon.streams` have, by the name of a stream, what is otherwise there. {_alone(StreamSampling)}
## Anomalies

The tables of `simulation.anomalies`: faults of the simulated detector. Times are seconds since physics began.

{_kinds(AnyAnomaly)}
## Payloads

The tables `[payloads.NAME]` of testbed.toml: what workers can run, told in
[Run your own code on frames](../how-to/payloads.md).

{_kinds(AnyPayload)}"""


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

{_table(rows)}
The stages of a slice: {", ".join(f"`{stage}`" for stage in STAGES)}.

`GET /api/health/` answers 200, or 503 when the database does not answer; its `status` is {_words(Overall)}.
{(Overall.__doc__ or "").strip()}
"""


def alarms_page() -> str:
    """Every alarm that the testbed raises by itself."""
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
`quality:btof`. An alarm is raised once; while it stands, the same again changes its text at most. Its states
are {_words(AlarmState)}. [How to handle alarms](../how-to/handle-alarms.md).

{sections}"""


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


def _kinds(union: Any) -> str:
    """Every member of a union that is told apart by `kind`."""
    schema = TypeAdapter(union).json_schema()
    kinds = schema["discriminator"]["mapping"]
    return "\n".join(
        _section(f'`kind = "{kind}"`', {"$ref": ref}, schema, level=3) for kind, ref in kinds.items()
    )


def _alone(model: type[BaseModel]) -> str:
    """The keys of a table that stands in a list."""
    schema = model.model_json_schema()
    return _section("", schema, schema).removeprefix("##").strip() + "\n"


def _section(title: str, entry: dict[str, Any], schema: dict[str, Any], level: int = 2) -> str:
    section = _resolved(entry, schema)
    head = f"{'#' * level} {title}\n\n{section.get('description', '')}\n"
    if "properties" not in section:
        return head
    required = section.get("required", ())
    rows = [["Key", "Value", "Default", "Notes"], ["---"] * 4]
    parts = []
    for key, said in section["properties"].items():
        value = _resolved(said, schema)
        if "properties" in value:
            parts.append(_section(f"{title.rstrip('`]')}.{key}]`", said, schema, level + 1))
        elif "const" not in value:
            default = "required" if key in required else _default(value)
            rows.append([f"`{key}`", _value(value), default, value.get("description", "")])
    return "\n".join([f"{head}\n{_table(rows)}", *parts])


def _resolved(entry: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = entry.get("$ref", "").removeprefix("#/$defs/")
    if "anyOf" in entry:
        return {**entry, "anyOf": [_resolved(one, schema) for one in entry["anyOf"]]}
    return {**schema["$defs"][reference], **entry} if reference else entry


def _value(entry: dict[str, Any]) -> str:
    """Type and range of a value, in words."""
    if "anyOf" in entry:
        return " or ".join(_value(one) for one in entry["anyOf"] if one.get("type") != "null")
    if "enum" in entry:
        return ", ".join(f"`{one}`" for one in entry["enum"])
    if pattern := entry.get("pattern"):
        choices = re.fullmatch(r"\^\(([A-Z|]+)\)\$", pattern)
        shown = ", ".join(f"`{one}`" for one in choices[1].split("|")) if choices else f"matches `{pattern}`"
        return shown.replace("|", "\\|")
    limits = [text.format(_number(entry[key])) for key, text in _LIMITS.items() if key in entry]
    unit = [f"in {entry['unit']}"] if "unit" in entry else []
    return ", ".join([" ".join([_kind(entry), *unit]), *limits])


def _kind(entry: dict[str, Any]) -> str:
    if entry.get("type") == "array":
        items = entry.get("items", {})
        return _LISTS["object"] if "$ref" in items else _LISTS.get(items.get("type"), "list")
    words = {
        "string": "text",
        "boolean": "true, false",
        "integer": "integer",
        "number": "number",
        "object": "table",
    }
    return {"path": "path", "password": "secret"}.get(entry.get("format", ""), words[entry["type"]])


def _number(value: float) -> str:
    return _EXACT_POWERS.get(int(value), f"{value:g}" if value < 1e6 else f"{int(value)}")


def _default(entry: dict[str, Any]) -> str:
    value = entry.get("default")
    if value is None or value == "":
        return "not set"
    if value in ([], {}):
        return "none"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{shown}`"


def _table(rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


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
