"""The options that several commands of the client share."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swf_testbed.cli.console import tell
from swf_testbed.config.environment import settings
from swf_testbed.config.settings import Settings
from swf_testbed.fastmon_client.access import goes_open, monitor_address, open_client, token_for
from swf_testbed.fastmon_client.statistics import FOLLOWED
from swf_testbed.messages import REGISTRY
from swf_testbed.model.errors import BadInput
from swf_testbed.model.names import LAST_RUN_NUMBER, check_namespace
from swf_testbed.monitor_client import MonitorClient

EVERYTHING = "all"

MonitorUrl = Annotated[
    str | None,
    typer.Option("--monitor-url", metavar="URL", help="The monitor; SWF_MONITOR_URL if not said."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", metavar="FILE", help="Its first line is the token, in place of SWF_API_TOKEN."
    ),
]
MessageTypes = Annotated[
    str | None,
    typer.Option(
        "--message-types",
        metavar="TYPE,TYPE",
        help=f"Which types of messages; 'all' for every one. Not said: {', '.join(FOLLOWED)}.",
    ),
]
Agents = Annotated[
    str | None, typer.Option("--agents", metavar="NAME,NAME", help="Only what these agents said.")
]
Run = Annotated[
    int | None, typer.Option("--run", min=0, max=LAST_RUN_NUMBER, metavar="N", help="Only this run.")
]
Namespace = Annotated[
    str | None, typer.Option("--namespace", metavar="NS", help="Only this instance of the testbed.")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="WHEN",
        help="Begin in the past: 'earliest', a message's number, a time ago (30s, 10m, 2h, 1d), or a time "
        "with an offset (2026-11-27T20:00:00Z). Not said: what comes from now on.",
    ),
]
Count = Annotated[int | None, typer.Option("--count", min=1, metavar="N", help="End after so many messages.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show only the summary at the end.")]


@dataclass(frozen=True)
class Access:
    """A monitor and the way in."""

    address: str
    token: str

    @classmethod
    def of(cls, url: str | None, token_file: Path | None, environment: Settings | None = None) -> "Access":
        """From options and environment; warns of a token that others could read."""
        known = environment or settings()
        address = monitor_address(url, known)
        token = token_for(address, token_file, known)
        if goes_open(address, token):
            tell(f"warning: the token goes to {address} unencrypted; use the https address")
        return cls(address, token)

    def client(self, name: str = "fastmon-client") -> MonitorClient:
        """A client."""
        return open_client(self.address, self.token, name)


@dataclass(frozen=True)
class Wish:
    """What to follow, and how to show it; a filter that is None lets everything through."""

    filters: dict[str, object]
    count: int | None
    as_json: bool
    quiet: bool

    @property
    def shown(self) -> dict[str, str]:
        """The filters in words."""
        said = {name: value for name, value in self.filters.items() if value is not None}
        return {
            name: ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            for name, value in said.items()
        }


def filters(
    message_types: str | None, agents: str | None, run: int | None, namespace: str | None
) -> dict[str, object]:
    """The filters of the stream, None where it is not filtered.

    Raises:
        BadInput: an empty list, or a namespace that cannot be one.
    """
    if namespace is not None:
        check_namespace(namespace)
    types = _words("--message-types", message_types)
    _warn_of_unknown(types or ())
    return {
        "msg_types": FOLLOWED if types is None else None if types == [EVERYTHING] else types,
        "agents": _words("--agents", agents),
        "run_ids": None if run is None else [run],
        "namespace": namespace,
    }


def _words(option: str, said: str | None) -> list[str] | None:
    if said is None:
        return None
    words = [word.strip() for word in said.split(",") if word.strip()]
    if not words:
        raise BadInput(option, said, "must name at least one, separated by commas")
    return words


def _warn_of_unknown(types: Iterable[str]) -> None:
    """Another version may know it, so it is no error; but a slip of the pen would be waited for in vain."""
    for name in types:
        if name not in REGISTRY and name != EVERYTHING:
            tell(f"warning: {name} is no type of message that this version knows")
