"""Records over REST: what is stored, what is merged, what is refused and how."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from swf_testbed.model.errors import BadInput, Conflict, NotFound
from swf_testbed.model.status import CopyState, DatasetStatus, ExecutionStatus, SliceStatus, StfStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    RECORDS,
    Dataset,
    FastmonFile,
    FileReplica,
    Log,
    NamespaceRecord,
    Run,
    RunState,
    StfCopy,
    StfFile,
    SystemAgent,
    TfSlice,
    WorkflowDefinition,
    WorkflowExecution,
)

pytestmark = pytest.mark.both_databases


def stf(run: int, sequence: int = 1, **more: object) -> StfFile:
    said = {"stf_filename": f"swf.{run}.{sequence:06d}.stf", "run": run, "sequence": sequence, **more}
    return StfFile.model_validate(said)


def sample(client: MonitorClient, run: int, part: int = 1) -> FastmonFile:
    client.upsert([stf(run)])
    name = f"swf.{run}.000001_tf_{part:03d}.tf"
    found = FastmonFile(tf_filename=name, stf_file=f"swf.{run}.000001.stf", tf_count=7)
    client.upsert([found])
    return found


def test_a_record_posted_again_changes_what_was_sent_and_merges_metadata(
    client: MonitorClient, run_number: int
) -> None:
    first = client.upsert([stf(run_number, tf_count=10, metadata={"a": 1, "b": 1})])
    second = client.upsert([stf(run_number, file_size_bytes=5, metadata={"b": 2})])
    assert [first[0].created, second[0].created] == [True, False]
    found = client.get(StfFile, f"swf.{run_number}.000001.stf")
    assert (found.tf_count, found.file_size_bytes, found.metadata) == (10, 5, {"a": 1, "b": 2})
    assert found.created_at is not None
    assert found.updated_at is not None
    assert found.updated_at > found.created_at
    assert found.run == run_number
    assert client.get(StfFile, found.file_id).stf_filename == found.stf_filename


def test_one_request_may_say_the_same_key_twice(client: MonitorClient, run_number: int) -> None:
    done = client.upsert(
        [stf(run_number, tf_count=1, metadata={"a": 1}), stf(run_number, tf_first=9, metadata={"b": 2})]
    )
    assert [entry.created for entry in done] == [True, False]
    found = client.get(StfFile, done[0].key[0])
    assert (found.tf_count, found.tf_first, found.metadata) == (1, 9, {"a": 1, "b": 2})


def test_a_thousand_records_go_in_one_request(client: MonitorClient, run_number: int) -> None:
    done = client.upsert([stf(run_number, number) for number in range(1, 1001)])
    assert all(entry.created for entry in done)
    page = client.page(StfFile, run_number=run_number, ordering="-sequence", limit=3, offset=1)
    assert page.total == 1000
    assert [found.sequence for found in page.results] == [999, 998, 997]
    assert len({found.stf_filename for found in client.list(StfFile, run=run_number)}) == 1000


def test_a_bad_record_in_a_bulk_stores_none_of_it(api: httpx.Client, run_number: int) -> None:
    good = {"stf_filename": f"swf.{run_number}.000001.stf", "run": run_number}
    answer = api.post("/stf-files/", json=[good, {**good, "status": "lost"}])
    assert answer.status_code == 400
    assert answer.json()["field"] == "[1].status"
    assert "registered" in answer.json()["allowed"]
    assert api.get(f"/stf-files/{good['stf_filename']}/").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"run": 1}, "stf_filename"),
        ({"stf_filename": "a.stf", "colour": "red"}, "colour"),
        ({"stf_filename": "a.stf", "id": 7}, "id"),
        ({"stf_filename": "a.stf", "status": None}, "status"),
        ({"stf_filename": "a.stf", "checksum": "ad:xyz"}, "checksum"),
        ({"stf_filename": "a.stf", "file_size_bytes": 2**63}, "file_size_bytes"),
        ({"stf_filename": "a.stf", "egress_at": "2026-01-01T00:00:00"}, "egress_at"),
        ([], "body"),
        ("text", "body"),
    ],
)
def test_what_is_wrong_is_named(api: httpx.Client, body: object, field: str) -> None:
    answer = api.post("/stf-files/", json=body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"detail", "field", "value", "allowed"}
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"),
        ("status=lost", "status"),
        ("run=abc", "run"),
        ("run_number=-1", "run_number"),
        ("limit=1001", "limit"),
        ("limit=0", "limit"),
        ("offset=x", "offset"),
        ("ordering=colour", "ordering"),
        ("start_time=yesterday", "start_time"),
        ("start_time=2026-01-01T00:00:00", "start_time"),
        ("file_id=7", "file_id"),
        ("stf_filename=%00", "stf_filename"),
        ("namespace=%ED%A0%80%00", "namespace"),
        ("run=99999999999999999999999999", "run"),
    ],
)
def test_a_wrong_filter_is_named(api: httpx.Client, query: str, field: str) -> None:
    answer = api.get(f"/stf-files/?{query}")
    assert answer.status_code == 400
    assert answer.json()["field"] == field


@pytest.mark.parametrize("resource", sorted(RECORDS))
def test_every_resource_lists_by_each_of_its_filters(api: httpx.Client, resource: str) -> None:
    answer = api.get(f"/{resource}/?bogus=1").json()
    filters = answer["allowed"].split("must be one of ")[1].split(", ")
    assert {"start_time", "end_time"} <= set(filters)
    page = api.get(f"/{resource}/", params={"limit": 5}).json()
    assert set(page) == {"count", "next", "previous", "results"}
    for name in filters:
        if name in {"start_time", "end_time"}:
            answer = api.get(f"/{resource}/", params={name: "2026-01-01T00:00:00+00:00"})
        else:
            answer = api.get(f"/{resource}/?{name}=%00")
        assert answer.status_code in {200, 400}, answer.text
        assert answer.status_code == 200 or answer.json()["field"] == name


def test_pages_are_linked(api: httpx.Client, client: MonitorClient, run_number: int) -> None:
    client.upsert([stf(run_number, number) for number in range(1, 6)])
    page = api.get("/stf-files/", params={"run": run_number, "limit": 2, "ordering": "sequence"}).json()
    seen = [entry["sequence"] for entry in page["results"]]
    while page["next"]:
        page = api.get(page["next"]).json()
        seen += [entry["sequence"] for entry in page["results"]]
    assert seen == [1, 2, 3, 4, 5]
    assert page["previous"] is not None


def test_copies_of_a_file_are_told_with_it_or_by_themselves(client: MonitorClient, run_number: int) -> None:
    name = f"swf.{run_number}.000001.stf"
    url = "file:///b/1.stf"
    client.upsert([StfFile(stf_filename=name, replicas=(FileReplica(site="E0", url=url, verified=True),))])
    failed = StfCopy(stf_file=name, site="BNL", state=CopyState.FAILED, problem="no room", attempts=2)
    client.upsert([failed, StfCopy(stf_file=name, site="JLAB", state=CopyState.WAITING)])
    client.upsert([StfFile(stf_filename=name, replicas=(FileReplica(site="BNL", url=url, verified=True),))])
    copies = client.get(StfFile, name).replicas
    assert [(copy.site, copy.verified, copy.state) for copy in copies] == [
        ("E0", True, CopyState.VERIFIED),
        ("BNL", True, CopyState.VERIFIED),
        ("JLAB", False, CopyState.WAITING),
    ]
    assert client.get(StfCopy, name, "BNL").problem == ""
    (waiting,) = client.list(StfCopy, stf_file=name, state="waiting")
    assert waiting.site == "JLAB"


def test_a_dataset_never_opens_again(client: MonitorClient, run_number: int) -> None:
    name = f"swf.{run_number}.run"
    client.upsert([Dataset(name=name, run=run_number, status=DatasetStatus.CLOSED, expected_files=3)])
    client.upsert([Dataset(name=name, status=DatasetStatus.OPEN, sites=("BNL", "JLAB"))])
    found = client.get(Dataset, name)
    assert (found.status, found.expected_files, found.sites) == (DatasetStatus.CLOSED, 3, ("BNL", "JLAB"))


def test_statuses_only_go_forward(client: MonitorClient, run_number: int) -> None:
    sample(client, run_number)
    name = f"swf.{run_number}.000001_tf_001.tf"

    def post(status: SliceStatus, retries: int = 0) -> TfSlice:
        client.upsert([TfSlice(fastmon_file=name, slice_id=1, status=status, retries=retries)])
        return client.get(TfSlice, name, 1)

    assert post(SliceStatus.PROCESSING).status is SliceStatus.PROCESSING
    assert post(SliceStatus.QUEUED).status is SliceStatus.PROCESSING
    assert post(SliceStatus.FAILED).status is SliceStatus.FAILED
    assert post(SliceStatus.QUEUED).status is SliceStatus.FAILED
    assert post(SliceStatus.QUEUED, 1).status is SliceStatus.QUEUED
    assert post(SliceStatus.COMPLETED, 1).status is SliceStatus.COMPLETED
    late = post(SliceStatus.QUEUED, 0)
    assert (late.status, late.retries, late.run_number) == (SliceStatus.COMPLETED, 1, run_number)


def test_an_ended_execution_stays_ended(client: MonitorClient) -> None:
    end = datetime(2026, 1, 1, tzinfo=UTC)
    name = f"test-alice-{client.next_workflow_execution_id():04d}"
    client.upsert([WorkflowExecution(execution_id=name, status=ExecutionStatus.COMPLETED, end_time=end)])
    client.upsert(
        [WorkflowExecution(execution_id=name, status=ExecutionStatus.RUNNING, performance_metrics={"a": 1})]
    )
    found = client.get(WorkflowExecution, name)
    assert (found.status, found.end_time, found.performance_metrics) == (
        ExecutionStatus.COMPLETED,
        end,
        {"a": 1},
    )


def test_a_definition_never_changes(client: MonitorClient) -> None:
    said = WorkflowDefinition(workflow_name="simple", version="1.0", definition="x = 1")
    assert client.ensure(said)
    assert not client.ensure(said)
    with pytest.raises(Conflict, match=r"simple/1.0 exists with a different definition.*new version"):
        client.ensure(said.model_copy(update={"definition": "x = 2"}))
    client.ensure(WorkflowExecution(execution_id="simple-bob-0001", workflow_definition="simple/1.0"))
    with pytest.raises(BadInput, match="workflow_definition"):
        client.ensure(WorkflowExecution(execution_id="simple-bob-0002", workflow_definition="simple/9"))


def test_what_refers_to_nothing_is_refused(client: MonitorClient) -> None:
    with pytest.raises(BadInput, match="fastmon_file"):
        client.upsert([TfSlice(fastmon_file="none.tf", slice_id=0)])
    with pytest.raises(BadInput, match="stf_file"):
        client.upsert([FastmonFile(tf_filename="none.tf", stf_file="none.stf")])
    with pytest.raises(NotFound, match=r"stf-files none.stf does not exist"):
        client.get(StfFile, "none.stf")


def test_an_identity_belongs_to_one_file(client: MonitorClient, run_number: int) -> None:
    client.upsert([stf(run_number)])
    taken = client.get(StfFile, f"swf.{run_number}.000001.stf").file_id
    with pytest.raises(Conflict):
        client.upsert([stf(run_number, 2, file_id=taken)])


def test_a_sample_may_name_its_stf_file_by_identity(client: MonitorClient, run_number: int) -> None:
    client.upsert([stf(run_number)])
    identity = client.get(StfFile, f"swf.{run_number}.000001.stf").file_id
    client.upsert([FastmonFile(tf_filename=f"{run_number}.tf", stf_file=str(identity))])
    assert client.get(FastmonFile, f"{run_number}.tf").stf_file == f"swf.{run_number}.000001.stf"


def test_counters_of_a_run_are_counted(client: MonitorClient, run_number: int) -> None:
    name = sample(client, run_number).tf_filename
    client.upsert([TfSlice(fastmon_file=name, slice_id=number) for number in range(4)])
    client.upsert([TfSlice(fastmon_file=name, slice_id=0, status=SliceStatus.COMPLETED)])
    client.upsert([RunState(run_number=run_number, target_worker_count=3)])
    state = client.get(RunState, run_number)
    assert (state.slices_created, state.slices_queued, state.slices_completed) == (4, 3, 1)
    assert (state.stf_samples_received, state.target_worker_count) == (1, 3)


def test_counters_are_never_sent(api: httpx.Client, run_number: int) -> None:
    answer = api.post("/run-states/", json={"run_number": run_number, "slices_created": 7})
    assert answer.status_code == 400
    assert answer.json()["field"] == "slices_created"


def test_changing_one_record(api: httpx.Client, client: MonitorClient, run_number: int) -> None:
    client.upsert([stf(run_number, metadata={"a": 1})])
    path = f"/stf-files/swf.{run_number}.000001.stf/"
    changed = api.patch(path, json={"status": "done", "metadata": {"b": 2}})
    assert changed.status_code == 200
    assert changed.json()["status"] == "done"
    assert changed.json()["metadata"] == {"a": 1, "b": 2}
    assert api.patch("/stf-files/none.stf/", json={"status": "done"}).status_code == 404
    assert api.patch(path, json={"stf_filename": "other.stf"}).status_code == 400
    assert api.get("/stf-files/", params={"status": "done", "run": run_number}).json()["count"] == 1


def test_times_limit_a_list(client: MonitorClient) -> None:
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    runs = [Run(run_number=200_000 + hour, start_time=moment + timedelta(hours=hour)) for hour in range(4)]
    client.upsert(runs)
    found = client.list(Run, start_time=moment + timedelta(hours=1), end_time=moment + timedelta(hours=3))
    assert [run.run_number for run in found] == [200_001, 200_002]


def test_numbers_are_given_once_to_32_at_a_time(client: MonitorClient) -> None:
    with ThreadPoolExecutor(32) as pool:
        numbers = list(pool.map(lambda _: client.next_run_number(), range(1000)))
    assert len(set(numbers)) == 1000
    assert min(numbers) >= 100_010
    assert max(numbers) - min(numbers) == 999


def test_bulk_upserts_at_the_same_time_lose_nothing(client: MonitorClient, run_number: int) -> None:
    def post(worker: int) -> None:
        client.upsert([stf(run_number, n, metadata={f"w{worker}": n}) for n in range(1, 101)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(post, range(8)))
    found = list(client.list(StfFile, run=run_number))
    assert len(found) == 100
    assert all(len(entry.metadata) == 8 for entry in found)
    assert {entry.status for entry in found} == {StfStatus.REGISTERED}


def test_an_agent_lives_and_is_counted(client: MonitorClient, api: httpx.Client) -> None:
    name = f"data-agent-alice-{client.next_agent_id()}"
    client.heartbeat(SystemAgent(instance_name=name, agent_type="data", pid=7))
    found = client.get(SystemAgent, name)
    assert found.last_heartbeat is not None
    metrics = api.get("/metrics").text
    assert 'agent="test",method="POST",route="/api/systemagents/heartbeat/",status="2xx"' in metrics


def test_a_namespace_is_there_once(client: MonitorClient) -> None:
    client.ensure_namespace("once", "alice")
    client.ensure_namespace("once")
    assert client.get(NamespaceRecord, "once").owner == "alice"


def test_logs_are_open_append_only_and_found_by_their_extra_data(
    client: MonitorClient, api: httpx.Client
) -> None:
    lines = [
        Log.model_validate(
            {
                "app_name": "data",
                "instance_name": "data-1",
                "timestamp": "2026-01-01T00:00:00Z",
                "level": 30,
                "levelname": "WARNING",
                "message": f"line {number}",
                "extra_data": {"execution_id": "simple-alice-0042", "run_id": "100010"},
            }
        )
        for number in range(3)
    ]
    with MonitorClient(str(api.base_url).removesuffix("/api/")) as anybody:
        assert len(anybody.upsert(lines)) == 3
    found = client.page(Log, execution_id="simple-alice-0042", run_number=100_010)
    assert found.total == 3
    changed = api.patch(f"/logs/{found.results[0].id}/", json={"message": "x"})
    assert changed.status_code == 409
    assert "only ever added" in changed.json()["detail"]
    assert api.delete(f"/logs/{found.results[0].id}/").status_code == 409
    summary = api.get("/logs/summary/", params={"instance_name": "data-1"}).json()["results"]
    assert [(row["levelname"], row["count"]) for row in summary] == [("WARNING", 3)]
    assert api.get("/logs/summary/", params={"limit": "1"}).status_code == 400


def test_the_description_names_every_resource(api: httpx.Client) -> None:
    document = api.get("/schema/").json()
    assert {f"/api/{name}/" for name in RECORDS} <= set(document["paths"])
    assert {cls.__name__ for cls in RECORDS.values()} <= set(document["components"]["schemas"])
    page = api.get("/docs/")
    assert page.status_code == 200
    assert "http" not in page.text.replace("<!DOCTYPE html>", "").split("<script")[2]
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
