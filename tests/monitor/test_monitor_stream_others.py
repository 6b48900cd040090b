"""Clients that are not ours follow a run and resume: a library, curl; and what the how-to guide shows."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from httpx_sse import connect_sse
from monitor_instance import Instance

from documented import Guide
from swf_testbed.model.clock import now
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Run, WorkflowMessage

_NOTICES = {"connected", "closed"}
Follow = Callable[[Instance, int, str | None, int], list[tuple[str, dict[str, Any]]]]
"""The numbers and data of so many events of a run, after one."""


def by_library(
    instance: Instance, run: int, last: str | None, count: int
) -> list[tuple[str, dict[str, Any]]]:
    headers = {"Authorization": f"Token {instance.settings.api_token()}"}
    headers |= {"Last-Event-ID": last} if last else {}
    url, heard = f"{instance.url}/api/messages/stream/", []
    with (
        httpx.Client(headers=headers, trust_env=False, timeout=60) as http,
        connect_sse(http, "GET", url, params={"run_ids": run, "last_event_id": "earliest"}) as source,
    ):
        for event in source.iter_sse():
            if event.data and event.event not in _NOTICES:
                heard.append((event.id, event.json()))
            if len(heard) == count:
                break
    return heard


def by_curl(instance: Instance, run: int, last: str | None, count: int) -> list[tuple[str, dict[str, Any]]]:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    said = ["-H", f"Authorization: Token {instance.settings.api_token()}"]
    said += ["-H", f"Last-Event-ID: {last}"] if last else []
    url = f"{instance.url}/api/messages/stream/?run_ids={run}&last_event_id=earliest"
    command = [curl, "--silent", "--no-buffer", "--noproxy", "*", "--max-time", "60", *said, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        heard = [pair for _, pair in zip(range(count), events_of(process.stdout), strict=False)]
        process.terminate()
    return heard


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    event: dict[str, str] = {}
    for line in lines:
        name, _, value = line.rstrip("\n").partition(": ")
        if name:
            event[name] = value
        else:
            if "data" in event and event["event"] not in _NOTICES:
                yield event["id"], json.loads(event["data"])
            event = {}


@pytest.mark.parametrize("follow", [by_library, by_curl])
def test_a_run_is_followed_and_resumed(
    client: MonitorClient, instance: Instance, run_number: int, follow: Follow
) -> None:
    client.upsert([Run(run_number=run_number, namespace="torre1")])

    def say(first: int, last: int) -> None:
        client.upsert(
            [
                WorkflowMessage(
                    message_id=uuid4(),
                    message_type="note",
                    sender_agent="a",
                    namespace="torre1",
                    run_id=run_number,
                    message_content={"number": number},
                    sent_at=now(),
                )
                for number in range(first, last)
            ]
        )

    say(0, 10)
    first = follow(instance, run_number, None, 6)
    say(10, 20)
    second = follow(instance, run_number, first[-1][0], 14)
    assert [data["number"] for _, data in first + second] == list(range(20))


GUIDE = Guide("how-to/follow-the-stream.md")


def test_the_example_of_the_guide_follows_a_run(make_instance: Callable[..., Instance]) -> None:
    one = make_instance()
    with one.serving(), one.client() as client:
        for kind in ("start_run", "stf_ready", "end_run"):
            client.upsert(
                [
                    WorkflowMessage(
                        message_id=uuid4(), message_type=kind, sender_agent="a", namespace="n", run_id=100_010
                    )
                ]
            )
        done = subprocess.run(
            [sys.executable, "-c", GUIDE.block("import httpx")],
            env=one.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["start_run", "stf_ready", "end_run"]
