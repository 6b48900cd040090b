"""Commands about messages that could not be handled."""

import json
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from swf_testbed.bus import StompBus
from swf_testbed.cli.console import show, show_json, show_table
from swf_testbed.config.environment import settings
from swf_testbed.config.instance import instance_namespace
from swf_testbed.control.readiness import connected_bus
from swf_testbed.model.errors import BadInput
from swf_testbed.runtime.dead_letters import DeadLetter, list_dead_letters, resend

_SHORTEST_ID = 6

app = typer.Typer(
    name="dead-letters",
    help="Messages that could not be handled: look at them, and send them again.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the dead letters of this namespace, oldest first."""
    with _bus() as bus:
        letters = list_dead_letters(bus, _namespace())
    if as_json:
        show_json([_document(letter) for letter in letters])
        return
    show_table(
        "Dead letters",
        ("id", "type", "failed at", "agent", "error"),
        [(one.id, one.msg_type, one.failed_at, one.agent, one.error) for one in letters],
    )


@app.command("show")
def show_(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id, or its first 6 characters or more.")],
) -> None:
    """Show one dead letter whole: where it was going, who failed on it and why, and what it says."""
    with _bus() as bus:
        letter = _find(list_dead_letters(bus, _namespace()), id_)
    show_json({**_document(letter), "headers": letter.headers, "body": _body(letter)})


@app.command("resend")
def resend_(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Which ones, by id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter of this namespace.")] = False,
) -> None:
    """Send dead letters again to where they were first sent, and take them from this list."""
    if bool(ids) == everything:
        raise BadInput("dead letters", ids, "give ids, or --all")
    with _bus() as bus:
        letters = list_dead_letters(bus, _namespace())
        chosen = letters if everything else [_find(letters, said) for said in ids or ()]
        sent = resend(bus, _namespace(), chosen)
    for letter in sent:
        show(f"sent again: {letter.id} to {letter.origin}")
    if not sent:
        show("there are no dead letters")


def _find(letters: Iterable[DeadLetter], said: str) -> DeadLetter:
    """The one whose id is, or begins with, what was said."""
    fitting = [letter for letter in letters if letter.id.startswith(said)]
    if len(said) < _SHORTEST_ID or len({letter.id for letter in fitting}) != 1:
        problem = "fits several" if len(said) >= _SHORTEST_ID and fitting else "fits none"
        raise BadInput(
            "dead letter",
            said,
            f"{problem}; give the id of `dead-letters list`, or its first {_SHORTEST_ID} signs",
        )
    return fitting[0]


def _namespace() -> str:
    environment = settings()
    return instance_namespace(environment.swf_home, environment.swf_testbed_config)


def _bus() -> StompBus:
    return connected_bus(settings())


def _document(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "msg_type": letter.msg_type,
        "failed_at": letter.failed_at,
        "agent": letter.agent,
        "error": letter.error,
        "origin": letter.origin,
    }


def _body(letter: DeadLetter) -> Any:
    try:
        return json.loads(letter.body)
    except ValueError:
        return letter.body.decode("utf-8", "replace")
