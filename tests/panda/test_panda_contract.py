"""The stand-in answers as the real server did, pair by pair: what passes on it rests on what is recorded."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from swf_test_servers.recorded_panda import TOKEN, RecordedPanda, serving

PAIRS = json.loads((Path(__file__).parent / "contract.json").read_text("utf-8"))
_BEFORE_JEDI = "job ids"
"""The first pair for which JEDI must have had its turn."""


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[str, httpx.Response]]:
    """What the stand-in says to each request, in their order."""
    panda, found = RecordedPanda(), {}
    with serving(panda) as url, httpx.Client(base_url=url, trust_env=False) as client:
        for pair in PAIRS:
            if pair["label"] == _BEFORE_JEDI:
                panda.brokerage()
            found[pair["label"]] = _ask(client, pair)
        yield found


def _ask(client: httpx.Client, pair: dict[str, Any]) -> httpx.Response:
    said = pair["request"]
    token = "bad" if pair["label"] == "bad token" else TOKEN
    headers = {name: text.replace("<token>", token) for name, text in said["headers"].items()}
    return client.request(
        said["method"], said["path"], headers=headers, json=said["json"], params=said["params"]
    )


@pytest.mark.parametrize("pair", PAIRS, ids=[pair["label"].replace(" ", "-") for pair in PAIRS])
def test_it_answers_as_recorded(pair: dict[str, Any], answers: dict[str, httpx.Response]) -> None:
    answer, recorded = answers[pair["label"]], pair["response"]
    assert answer.status_code == recorded["status"]
    assert answer.headers["content-type"].startswith(recorded["content_type"])
    if isinstance(recorded["body"], str):
        assert _head(answer.text) == _head(recorded["body"])
        return
    body = answer.json()
    assert {name: body[name] for name in ("success", "message")} == {
        name: recorded["body"][name] for name in ("success", "message")
    }
    assert _common(body["data"], recorded["body"]["data"])


def _head(text: str) -> str:
    """A refusal without the words of the library that found the token wrong."""
    return re.split(r"Invalid token\.?", text)[0].strip()


def _common(ours: Any, recorded: Any) -> bool:
    """The same values wherever both say one; times, hosts and what nobody reads are left out by ours."""
    if isinstance(ours, dict) and isinstance(recorded, dict):
        shared = ours.keys() & recorded.keys() - {"creationTime", "Files", "jobs"}
        assert {key: ours[key] for key in shared} == {key: recorded[key] for key in shared}
        return ours.keys() <= recorded.keys()
    if isinstance(ours, list) and isinstance(recorded, list) and ours and isinstance(ours[0], dict):
        return len(ours) == len(recorded) and all(map(_common, ours, recorded))
    return bool(ours == recorded)
