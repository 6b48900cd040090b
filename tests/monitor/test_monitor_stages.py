"""What each agent has done with an STF: recorded from what is said anyhow, once, and only forward."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from monitor_instance import Instance
from stage_messages import stf_ready, tf_file_registered

from swf_testbed.bus import StompBus
from swf_testbed.messages import (
    FastmonStatus,
    Message,
    RunImminent,
    StfArchived,
    StfReady,
    TfFileRegistered,
)
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput
from swf_testbed.model.names import derived_id, stf_filename, tf_filename
from swf_testbed.model.status import ProcessingStatus, SliceStatus, StfStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    FastmonFile,
    RunResults,
    SliceDone,
    StfFile,
    TfSlice,
    Workflow,
    WorkflowMessage,
    WorkflowStage,
    slice_part,
    stf_part,
)

pytestmark = pytest.mark.both_databases

NAMESPACE = "stages1"
BEGIN = now().replace(microsecond=0) - timedelta(minutes=1)
FINISHED, STARTED = ProcessingStatus.FINISHED, ProcessingStatus.STARTED


def at(seconds: float) -> Any:
    return BEGIN + timedelta(seconds=seconds)


class Site:
    """A run of the namespace, and whatever its agents say and record."""

    def __init__(self, client: MonitorClient, instance: Instance, bus: StompBus, run: int) -> None:
        self.client, self.run = client, run
        self._instance, self._bus = instance, bus
        self.stf, self.tf = stf_filename(run, 1), tf_filename(stf_filename(run, 1), 1)
        self._said: dict[str, Any] = {"namespace": NAMESPACE, "sender": "somebody", "run_id": run}
        self.hear(RunImminent(**self._said, simulation_tick=0, dataset="d"))

    def hear(self, *said: Message) -> None:
        """Say messages, and wait until they are stored."""
        mark = FastmonStatus(namespace=f"wait-{uuid4().hex[:8]}", sender="test", status="ok", message="x")
        newest = self.client.page(WorkflowMessage, limit=1).results
        position = newest[0].id if newest else 0
        self._bus.publish_many([*said, mark])
        with (
            self._instance.client() as one,
            one.events(namespace=mark.namespace, last_event_id=position) as stream,
        ):
            next(iter(stream))

    def register(self, *, stf: str | None = None) -> None:
        name = stf or self.stf
        self.client.upsert([StfFile(stf_filename=name, run=self.run, egress_at=at(0))])

    def ready(self, namespace: str = NAMESPACE, *, stf: str | None = None, again: bool = False) -> StfReady:
        name = stf or self.stf
        more = {"message_id": uuid4()} if again else {}
        return stf_ready(
            name,
            **{**self._said, "namespace": namespace, "sender": "data-agent-1", **more},
            timestamp=at(30 if again else 1),
            start=at(-1),
            end=at(0),
            egress_at=at(0),
            file_id=derived_id("stf-file", namespace, name),
        )

    def sampled(self) -> TfFileRegistered:
        said = {**self._said, "sender": "fastmon-agent-1"}
        return tf_file_registered(self.stf, **said, timestamp=at(2))

    def archived(self) -> StfArchived:
        return StfArchived(
            **self._said, timestamp=at(9), filename=self.stf, size_bytes=1, checksum="ad:00000001"
        )

    def cut(self, slices: int = 2) -> None:
        self.client.upsert([FastmonFile(tf_filename=self.tf, stf_file=self.stf, tf_count=4)])
        self.client.upsert([TfSlice(fastmon_file=self.tf, slice_id=n, tf_count=2) for n in range(slices)])

    def result(self, slice_id: int, revision: int, status: SliceStatus = SliceStatus.COMPLETED) -> None:
        done = SliceDone(
            fastmon_file=self.tf,
            slice_id=slice_id,
            status=status,
            processed_at=now(),
            assigned_worker="worker-1",
        )
        self.merge(revision, slice_part(self.tf, slice_id), slices=(done,))

    def merge(self, revision: int, part: str, **more: Any) -> None:
        self.client.post_results(
            RunResults(run_number=self.run, expected_revision=revision, parts=(part,), **more)
        )

    def stages(self, stf: str | None = None) -> dict[str, WorkflowStage]:
        found = self.client.list(WorkflowStage, stf_file=stf or self.stf, run_number=self.run)
        return {str(one.agent_type): one for one in found}

    def whole(self, stf: str | None = None) -> Workflow:
        [found] = self.client.list(Workflow, stf_file=stf or self.stf)
        return found


@pytest.fixture
def site(client: MonitorClient, instance: Instance, run_number: int) -> Iterator[Site]:
    with instance.bus() as bus:
        yield Site(client, instance, bus, run_number)


def test_an_stf_passes_every_agent(site: Site) -> None:
    site.register()
    site.hear(site.ready())
    assert site.stages()["data"].status == FINISHED
    assert (site.whole().status, site.whole().received_at) == (FINISHED, at(0))
    site.hear(site.sampled())
    site.cut()
    assert site.stages()["worker"].status == ProcessingStatus.RECEIVED
    assert (site.whole().status, site.whole().finished_at) == (STARTED, None)
    site.result(0, 0)
    assert site.stages()["worker"].status == site.stages()["merger"].status == STARTED
    site.result(1, 1)
    site.hear(site.archived())
    stages = site.stages()
    assert {name: stage.status for name, stage in stages.items()} == dict.fromkeys(
        ("data", "fastmon", "fast_processing", "worker", "merger"), FINISHED
    )
    assert {stage.stf_file for stage in stages.values()} == {site.stf}
    data, fastmon, cut = stages["data"], stages["fastmon"], stages["fast_processing"]
    assert (data.received_at, data.finished_at, data.agent) == (at(0), at(1), "data-agent-1")
    assert (fastmon.received_at, fastmon.finished_at, fastmon.agent) == (at(1), at(2), "fastmon-agent-1")
    assert (cut.received_at, cut.metadata) == (at(2), {"samples": 1, "slices": 2})
    assert str(data.metadata["archived_at"]).startswith(at(9).isoformat()[:19])
    assert stages["worker"].received_at == cut.finished_at
    whole = site.whole()
    assert (whole.status, whole.workflow_id) == (FINISHED, derived_id("workflow", NAMESPACE, site.stf))
    assert whole.finished_at == max(stage.finished_at for stage in stages.values() if stage.finished_at)


def test_what_is_said_late_or_again_changes_nothing(site: Site) -> None:
    site.register()
    site.cut()
    site.result(0, 0)
    site.result(1, 1)
    # The intake was behind: the bus tells afterwards of what came before.
    site.hear(site.archived(), site.ready(), site.sampled())
    stages, whole = site.stages(), site.whole()
    assert whole.status == FINISHED
    assert stages["fast_processing"].received_at == stages["fastmon"].finished_at == at(2)
    site.hear(site.ready(again=True))
    site.cut()
    assert (site.stages(), site.whole()) == (stages, whole)


def test_what_a_namespace_says_of_the_run_of_another_or_of_no_file_is_no_stage(site: Site) -> None:
    site.register()
    nowhere = stf_filename(site.run, 9)
    site.hear(site.ready("stages2"), site.ready(stf=nowhere))
    assert not site.stages()
    assert not site.stages(nowhere)


def test_a_refused_file_has_failed_until_it_is_ready(site: Site) -> None:
    refused = StfFile(
        stf_filename=site.stf, run=site.run, status=StfStatus.FAILED, metadata={"error": "short"}
    )
    site.client.upsert([refused])
    assert (site.whole().status, site.whole().message) == (ProcessingStatus.FAILED, "short")
    assert site.stages()["data"].message == "short"
    site.hear(site.ready())
    assert (site.whole().status, site.whole().message) == (FINISHED, None)


def test_failed_slices_fail_the_workers_part_and_the_whole(site: Site) -> None:
    site.register()
    site.cut()
    site.result(0, 0, SliceStatus.FAILED)
    site.result(1, 1)
    stages = site.stages()
    assert (stages["worker"].status, stages["worker"].message) == (
        ProcessingStatus.FAILED,
        "1 of 2 slices failed",
    )
    assert stages["merger"].status == FINISHED
    assert (site.whole().status, site.whole().message) == (ProcessingStatus.FAILED, "1 of 2 slices failed")


def test_an_stf_of_which_nothing_is_sampled_is_done_when_its_index_is_merged(site: Site) -> None:
    site.register()
    site.hear(site.ready())
    site.merge(0, stf_part(site.stf))
    assert {name: stage.status for name, stage in site.stages().items()} == dict.fromkeys(
        ("data", "fastmon", "merger"), FINISHED
    )
    assert site.stages()["fastmon"].received_at == at(1)


def test_the_whole_follows_what_prompt_processing_says_of_its_part(site: Site) -> None:
    site.register()
    site.hear(site.ready())
    identity = derived_id("workflow", NAMESPACE, site.stf)
    stage = WorkflowStage(
        stage_id=derived_id("stage", identity, "processing"),
        workflow=identity,
        agent_type="processing",
        status=STARTED,
        received_at=at(1),
    )
    site.client.upsert([stage])
    assert (site.whole().status, site.whole().finished_at) == (STARTED, None)
    site.client.upsert([stage.model_copy(update={"status": FINISHED, "finished_at": at(20)})])
    assert (site.whole().status, site.whole().finished_at) == (FINISHED, at(20))


def test_stages_are_found_by_run_agent_and_status(site: Site) -> None:
    for number in (1, 2):
        site.register(stf=stf_filename(site.run, number))
        site.hear(site.ready(stf=stf_filename(site.run, number)))
    site.cut()

    def count(**said: Any) -> int:
        total, _ = site.client.page(WorkflowStage, run_number=site.run, limit=1, **said)
        return total

    assert count(agent_type="data", status="finished") == 2
    assert count(agent_type="fast_processing") == count(agent_type="worker", status="received") == 1
    assert count(stf_file=stf_filename(site.run, 2)) == 1
    with pytest.raises(BadInput, match="status"):
        count(status="nearly")
