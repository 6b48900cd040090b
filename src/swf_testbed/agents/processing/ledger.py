"""The records of whole STFs being processed: this agent's part in each STF, and what it is a part of."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from swf_testbed.adapters.production import JobReport, JobState, StfJob
from swf_testbed.messages import StfReady
from swf_testbed.model.clock import now
from swf_testbed.model.errors import shorten
from swf_testbed.model.names import derived_id
from swf_testbed.model.status import ProcessingStatus, StfStatus
from swf_testbed.records import RunState, StfFile, Workflow, WorkflowStage
from swf_testbed.runtime import AgentContext

AGENT_TYPE = "processing"
_NEWEST = 5
"""Runs that are looked at on start: more cannot have ended while the agent was away for a restart."""

_PROCESSING = {
    JobState.RUNNING: ProcessingStatus.STARTED,
    JobState.DONE: ProcessingStatus.FINISHED,
    JobState.FAILED: ProcessingStatus.FAILED,
}
_FILE = {
    JobState.RUNNING: StfStatus.PROCESSING,
    JobState.DONE: StfStatus.PROCESSED,
    JobState.FAILED: StfStatus.FAILED,
}


class Ledger:
    """Writes them, many at a time; writing the same again changes nothing."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context

    def workflow_id(self, filename: str) -> UUID:
        """The identity of an STF's processing."""
        return derived_id("workflow", self._context.namespace, filename)

    def received(self, files: Sequence[StfReady], engine: str) -> None:
        """These files are to be processed."""
        rows = [(said.filename, {"received_at": now(), "metadata": _kept(said, engine)}) for said in files]
        self._write(rows)

    def reported(self, reports: Sequence[JobReport]) -> None:
        """What jobs have come to."""
        rows = []
        for report in reports:
            said: dict[str, Any] = {"status": _PROCESSING[report.state], "metadata": _facts(report)}
            said["started_at" if report.state is JobState.RUNNING else "finished_at"] = now()
            if report.error:
                said["message"] = shorten(report.error)
            rows.append((report.filename, said))
        self._write(rows)
        self._context.monitor.upsert(
            [StfFile(stf_filename=report.filename, status=_FILE[report.state]) for report in reports]
        )

    def _write(self, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        monitor = self._context.monitor
        monitor.upsert(
            [
                # The status of the whole follows from its stages.
                Workflow(workflow_id=self.workflow_id(name), stf_file=name, metadata=said["metadata"])
                for name, said in rows
            ]
        )
        monitor.upsert(
            [
                WorkflowStage(
                    stage_id=derived_id("stage", self.workflow_id(name), AGENT_TYPE),
                    workflow=self.workflow_id(name),
                    agent=self._context.name,
                    agent_type=AGENT_TYPE,
                    **said,
                )
                for name, said in rows
            ]
        )

    def unfinished(self) -> Iterator[StfReady]:
        """What this agent or one before it received, and has no last word of."""
        namespace = self._context.namespace
        for status in (ProcessingStatus.RECEIVED, ProcessingStatus.STARTED):
            for row in self._own(namespace=namespace, status=status.value):
                if (said := row.metadata.get("announcement")) is not None:
                    yield StfReady.model_validate(said)

    def _own(self, **filters: object) -> Iterator[WorkflowStage]:
        return self._context.monitor.list(WorkflowStage, agent_type=AGENT_TYPE, **filters)

    def ended_runs(self) -> Iterator[int]:
        """The newest runs, if they have ended: their last word may have been left unsaid."""
        _, newest = self._context.monitor.page(
            RunState, namespace=self._context.namespace, ordering="-run_number", limit=_NEWEST
        )
        return (state.run_number for state in newest if state.phase is not None and state.phase.ended)

    def known(self, run_number: int) -> tuple[int, int]:
        """How many STFs of a run are registered, and how many have a last word of their processing."""
        monitor = self._context.monitor
        files, _ = monitor.page(StfFile, run=run_number, limit=1)
        ended = 0
        for status in (ProcessingStatus.FINISHED, ProcessingStatus.FAILED):
            count, _ = monitor.page(
                WorkflowStage, run_number=run_number, agent_type=AGENT_TYPE, status=status.value, limit=1
            )
            ended += count
        return files, ended


def job_of(said: StfReady) -> StfJob:
    """An announced file as a job; verified replicas first."""
    replicas = sorted(said.replicas, key=lambda one: not one.verified)
    urls = tuple(dict.fromkeys([said.file_url, *(one.url for one in replicas)]))
    return StfJob(
        run_number=said.run_id,
        execution_id=said.execution_id,
        filename=said.filename,
        urls=urls,
        tf_first=said.tf_first,
        tf_count=said.tf_count,
        size_bytes=said.size_bytes,
        checksum=said.checksum,
    )


def _kept(said: StfReady, engine: str) -> dict[str, Any]:
    return {"engine": engine, "announcement": said.model_dump(mode="json")}


def _facts(report: JobReport) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "attempt": report.attempt,
        "panda_task_id": report.task_id,
        "panda_id": report.job_id,
    }
    facts |= {"outputs": list(report.outputs) or None, "host": report.host or None}
    return {name: value for name, value in facts.items() if value is not None}
