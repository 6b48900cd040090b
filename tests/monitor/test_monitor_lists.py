"""The lists of the pages, on each database: every column sorts, every text is searched."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from monitor_instance import Instance

from swf_testbed.messages import REGISTRY
from swf_testbed.model.clock import iso, now
from swf_testbed.monitor.startup import set_up_django

set_up_django()

from swf_testbed.monitor.services.filtering import Filters  # noqa: E402  # models need Django first
from swf_testbed.monitor.web.catalogue import LISTS  # noqa: E402

pytestmark = pytest.mark.both_databases


def rows(namespace: str, run: int) -> dict[str, dict[str, Any]]:
    """One of everything that is listed, in the order in which they refer to one another."""
    stem = f"swf.{run}.000001"
    about = {"namespace": namespace, "execution_id": f"fast-alice-{run}", "run_id": run}
    return {
        "namespaces": {"name": namespace, "members": ["bob"]},
        "workflow-definitions": {"workflow_name": "fast", "version": f"v{run}", "created_by": "alice"},
        "workflow-executions": {
            "execution_id": f"fast-alice-{run}",
            "workflow_definition": f"fast/v{run}",
            "namespace": namespace,
        },
        "runs": {"run_number": run, "namespace": namespace, "start_time": iso(now())},
        "stf-files": {"stf_filename": f"{stem}.stf", "run": run},
        "stf-copies": {"stf_file": f"{stem}.stf", "site": "BNL", "problem": f"no room in {run}"},
        "datasets": {"name": f"swf.{run}.run", "run": run},
        "fastmon-files": {"tf_filename": f"{stem}.tf", "stf_file": f"{stem}.stf"},
        "tf-slices": {"fastmon_file": f"{stem}.tf", "slice_id": 1, "assigned_worker": f"worker-{run}"},
        "workers": {"worker_id": f"worker-{run}", "namespace": namespace, "run_number": run},
        "systemagents": {"instance_name": f"agent-{run}", "namespace": namespace},
        "workflow-messages": {
            **{"message_id": str(uuid4()), "message_type": "note", "sender_agent": f"agent-{run}"},
            **about,
            "message_content": {"text": f"about {stem}"},
        },
        "logs": {
            **{"app_name": "agent", "instance_name": f"agent-{run}", "timestamp": iso(now()), "level": 20},
            **{"levelname": "INFO", "message": f"about {stem}", "extra_data": about},
        },
        "subscribers": {"subscriber_name": f"reader-{run}"},
        "quality-flags": {
            **{"run_number": run, "subsystem": "drich", "check": "occupancy", "since": iso(now())},
            "reason": f"too little in {run}",
        },
        "system-state-events": {
            **{"message_id": str(uuid4()), "event_type": "start_run", "timestamp": iso(now())},
            **{"run_number": run, "state": "run", "substate": "physics"},
        },
        "alarms": {"severity": "info", "subject": f"alarm {run}", "namespace": namespace},
    }


def test_every_list_is_sorted_searched_filtered_and_downloaded(instance: Instance, run_number: int) -> None:
    namespace = f"lists{run_number}"
    with instance.raw() as api, httpx.Client(base_url=instance.url, trust_env=False, timeout=60) as browser:
        for path, row in rows(namespace, run_number).items():
            answer = api.post(f"/{path}/", json=row)
            assert answer.is_success, answer.text
        for name, known in LISTS.items():
            resource = known.listing.resource
            queries = [f"ordering={way}{field}" for field in known.listing.sortable for way in ("", "-")]
            queries += [f"q={run_number}", f"q={run_number}&ordering={known.listing.sortable[0]}"]
            queries += [f"without={field}" for field in Filters(resource).names if field != "start_time"][:3]
            for query in queries:
                answer = browser.get(f"/{name}/?{query}")
                assert answer.status_code == 200, (name, query, answer.text[-500:])
            found = browser.get(f"/{name}.json?q={run_number}").json()
            key = resource.key[0]
            assert [str(row[key]) for row in found], name
            assert browser.get(f"/{name}.csv?q={run_number}").text.count("\n") == 1 + len(found)
            if "namespace" in resource.columns:
                filtered = browser.get(f"/{name}.json", params={"namespace": namespace}).json()
                assert {row["namespace"] for row in filtered} == {namespace}, name


def test_lists_are_moved_by_messages_that_exist() -> None:
    assert {kind for known in LISTS.values() for kind in known.moved_by} <= set(REGISTRY)


def test_the_numbers_of_a_filter_are_those_of_its_rows(instance: Instance, run_number: int) -> None:
    with instance.raw() as api, httpx.Client(base_url=instance.url, trust_env=False, timeout=60) as browser:
        line = rows("counted", run_number)["logs"]
        lines = [
            line | {"levelname": level, "instance_name": f"{name}-{run_number}"}
            for level, name, number in (("INFO", "a", 3), ("INFO", "b", 2), ("ERROR", "a", 1))
            for _ in range(number)
        ]
        assert api.post("/logs/", json=lines).is_success
        query = {"q": str(run_number), "namespace": "counted"}

        def told(**more: str) -> tuple[str, set[str]]:
            text = browser.get("/logs/", params=query | more).text.replace("<bdi>", "").replace("</bdi>", "")
            total = text.split('id="total">')[1].split("<")[0]
            pieces = [piece.split("</a>")[0] for piece in text.split('class="facet"')[1:]]
            values = {piece.split(">", 1)[1].split(" <")[0] + piece.split('quiet">')[1] for piece in pieces}
            return total, {value.removesuffix("</span>") for value in values}

        total, values = told()
        assert total == "6"
        assert {"INFO5", "ERROR1", f"a-{run_number}4", f"b-{run_number}2"} <= values
        total, values = told(levelname="INFO")
        assert total == "5"
        # Other levels would be added to this one; programs are counted among its lines.
        assert {"INFO5", "ERROR1", f"a-{run_number}3", f"b-{run_number}2"} <= values
        total, values = told(levelname="INFO", instance_name=f"a-{run_number}")
        assert total == "3"
        assert {"INFO3", "ERROR1", f"a-{run_number}3", f"b-{run_number}2"} <= values


BOUNDED = """
from django.test import Client
from swf_testbed.monitor.services import listing

listing.SEARCHED, listing.MAX_DOWNLOAD = 3, 4
client = Client(HTTP_HOST="localhost")
for address in (
    "/logs/?namespace=bounded&q=line",
    "/logs/?namespace=bounded&q=line&levelname=ERROR",
    "/logs.csv?namespace=bounded&q=line",
    "/logs.csv?namespace=bounded",
):
    answer = client.get(address)
    text = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()
    total = text.split('id="total">')[1].split("<")[0] if 'id="total">' in text else text.count("a line of")
    print(answer.status_code, total, "were searched" in text, "filter them further" in text)
"""


def test_what_would_take_too_long_is_bounded_and_says_so(instance: Instance, run_number: int) -> None:
    line = rows("bounded", run_number)["logs"]
    levels = ["ERROR", "ERROR", "INFO", "INFO", "INFO", "ERROR"]
    with instance.raw() as api:
        lines = [line | {"levelname": level, "message": f"a line of {level}"} for level in levels]
        assert api.post("/logs/", json=lines).is_success
    told = instance.manage("shell", "--no-imports", "-c", BOUNDED).splitlines()
    # The newest of what is filtered are searched; then a download has what the list has, or nothing.
    assert told == ["200 3 True False", "200 3 False False", "200 3 False False", "403 0 False True"]
