"""Rows of a testbed that has run for long, stored in bulk: what the pages are measured on."""

import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models

from swf_testbed.model.clock import now
from swf_testbed.model.detectors import detectors
from swf_testbed.monitor.services.listing import PAGE
from swf_testbed.monitor.store.models import (
    Alarm,
    AlarmEvent,
    Dataset,
    FastmonFile,
    Histogram,
    HistogramPart,
    Log,
    Namespace,
    QualityFlag,
    Run,
    RunState,
    StfFile,
    Subscriber,
    SystemAgent,
    SystemStateEvent,
    TfSlice,
    Worker,
    Workflow,
    WorkflowDefinition,
    WorkflowExecution,
    WorkflowMessage,
    WorkflowStage,
)

FIRST_RUN = 100_010
_BATCH = 5000
_SAMPLES = 7
"""TF samples of an STF."""

_TYPES = (
    *(["slice"] * 25 + ["slice_result"] * 25 + ["worker_heartbeat"] * 15 + ["tf_file_registered"] * 7),
    *("stf_gen", "stf_ready", "processing_complete", "stf_volume", "histograms_updated", "fastmon_status"),
)
_LEVELS = ((10, "DEBUG"), *[(20, "INFO")] * 16, (30, "WARNING"), (30, "WARNING"), (40, "ERROR"))
_NAMESPACES = ("torre1", "alice", "production")


@dataclass(frozen=True)
class Sizes:
    """How many rows of what there is most of."""

    messages: int = 200_000
    logs: int = 100_000
    slices: int = 50_000
    stfs: int = 2_000
    runs: int = 20
    workers: int = 160

    def scaled(self, factor: float) -> "Sizes":
        """Fewer of each, at least a few."""
        return Sizes(**{name: max(4, int(number * factor)) for name, number in vars(self).items()})


def store(rows: Iterable[models.Model]) -> None:
    """Store rows of one table."""
    rows = iter(rows)
    while batch := list(itertools.islice(rows, _BATCH)):
        type(batch[0])._default_manager.bulk_create(batch)


class History:
    """The rows, always the same; time passes evenly over the last ten hours, and the last run goes on."""

    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        self._chance = random.Random(1)  # noqa: S311  # the same rows each time
        self._end = now()
        self._span = timedelta(hours=10)

    def store(self) -> None:
        """Store everything."""
        store(self._definitions())
        store(self._executions())
        store(Namespace(name=name, owner="alice", members=["bob"]) for name in _NAMESPACES)
        store(self._runs())
        store(self._datasets())
        store(self._states())
        store(self._events())
        store(self._stfs())
        store(self._samples())
        store(self._slices())
        store(self._parts())
        store(self._histograms())
        store(self._workflows())
        store(self._stages())
        store(self._workers())
        store(self._agents())
        store(self._messages())
        store(self._logs())
        store(self._subscribers())
        store(self._alarms())
        store(self._alarm_events())
        store(self._flags())

    def _at(self, number: int, of: int) -> datetime:
        return self._end - self._span * (1 - number / of)

    def _uuid(self) -> UUID:
        return UUID(int=self._chance.getrandbits(128), version=4)

    def _run(self, number: int, of: int) -> int:
        return FIRST_RUN + number * self._sizes.runs // of

    def _execution(self, run: int) -> str:
        return f"fast_processing-alice-{run - FIRST_RUN + 1:04d}"

    def _namespace(self, run: int) -> str:
        return _NAMESPACES[run % len(_NAMESPACES)]

    def _worker(self, run: int) -> str:
        each = max(1, self._sizes.workers // self._sizes.runs)
        return f"worker-{run}-{self._chance.randrange(each):03d}"

    def _stf_name(self, number: int) -> str:
        return f"swf.{self._run(number, self._sizes.stfs)}.{number:06d}.stf"

    def _sample_name(self, number: int) -> str:
        stem = self._stf_name(number // _SAMPLES).removesuffix(".stf")
        return f"{stem}_tf_{number % _SAMPLES + 1:03d}.tf"

    def _definitions(self) -> Iterator[models.Model]:
        code = "def run(environment):\n    yield environment.timeout(1)\n" * 40
        for number in range(5):
            version = f"1.{number}"
            yield WorkflowDefinition(
                label=f"fast_processing/{version}",
                workflow_name="fast_processing",
                version=version,
                workflow_type="simulation",
                definition=code,
                parameter_values={"fast_processing": {"target_worker_count": 8}},
                source={"org": "BNLNPPS", "repo": "swf-testbed", "path": "workflows/fast_processing.py"},
                created_by="alice",
            )

    def _executions(self) -> Iterator[models.Model]:
        for number in range(self._sizes.runs):
            run, last = FIRST_RUN + number, number == self._sizes.runs - 1
            yield WorkflowExecution(
                execution_id=self._execution(run),
                workflow_definition_id=f"fast_processing/1.{number % 5}",
                namespace=self._namespace(run),
                parameter_values={"fast_processing": {"target_worker_count": 8}},
                execution_environment={"commit": "0" * 40, "branch": "main", "python": "3.11"},
                status="running" if last else ("failed" if number % 7 == 3 else "completed"),
                start_time=self._at(number, self._sizes.runs),
                end_time=None if last else self._at(number + 1, self._sizes.runs),
                executed_by="alice",
                error_message="no worker answered" if number % 7 == 3 else None,
            )

    def _runs(self) -> Iterator[models.Model]:
        for number in range(self._sizes.runs):
            run, last = FIRST_RUN + number, number == self._sizes.runs - 1
            yield Run(
                run_number=run,
                start_time=self._at(number, self._sizes.runs),
                end_time=None if last else self._at(number + 1, self._sizes.runs),
                namespace=self._namespace(run),
                execution=self._execution(run),
                run_conditions={"beam": "18x275"},
                histogram_revision=100,
            )

    def _datasets(self) -> Iterator[models.Model]:
        for number in range(self._sizes.runs):
            run = FIRST_RUN + number
            yield Dataset(name=f"swf.{run}.run", run_id=run, sites=["BNL", "JLAB"], files=1)

    def _states(self) -> Iterator[models.Model]:
        for number in range(self._sizes.runs):
            last = number == self._sizes.runs - 1
            phase = "physics" if last else "completed"
            yield RunState(run_id=FIRST_RUN + number, phase=phase, state="run", substate="physics")

    def _events(self) -> Iterator[models.Model]:
        kinds = ("run_imminent", "start_run", "pause_run", "resume_run", "end_run")
        for number in range(self._sizes.runs * len(kinds)):
            yield SystemStateEvent(
                message_id=self._uuid(),
                event_type=kinds[number % len(kinds)],
                timestamp=self._at(number, self._sizes.runs * len(kinds)),
                run_number=FIRST_RUN + number // len(kinds),
                state="run",
                substate="physics",
            )

    def _stfs(self) -> Iterator[models.Model]:
        for number in range(self._sizes.stfs):
            yield StfFile(
                stf_filename=self._stf_name(number),
                file_id=self._uuid(),
                run_id=self._run(number, self._sizes.stfs),
                sequence=number,
                machine_state="physics",
                file_url=f"file:///data/exit-buffer/{self._stf_name(number)}",
                file_size_bytes=2_000_000_000,
                checksum="ad:0a1b2c3d",
                status=self._chance.choice(("registered", "processing", "done", "done", "done")),
                daq_state="run",
                daq_substate="physics",
                tf_first=1000 * number,
                tf_count=1000,
                egress_at=self._at(number, self._sizes.stfs),
                metadata={"sender": "data-agent-alice-1"},
            )

    def _samples(self) -> Iterator[models.Model]:
        for number in range(self._sizes.stfs * _SAMPLES):
            yield FastmonFile(
                tf_filename=self._sample_name(number),
                tf_file_id=self._uuid(),
                stf_file_id=self._stf_name(number // _SAMPLES),
                file_url=f"file:///data/samples/{self._sample_name(number)}",
                file_size_bytes=20_000_000,
                status="registered",
                tf_first=1000 * (number // _SAMPLES),
                tf_count=14,
            )

    def _slices(self) -> Iterator[models.Model]:
        samples = self._sizes.stfs * _SAMPLES
        for number in range(self._sizes.slices):
            sample, left = number * samples // self._sizes.slices, self._at(number, self._sizes.slices)
            run = self._run(sample // _SAMPLES, self._sizes.stfs)
            waiting = number > 0.99 * self._sizes.slices
            yield TfSlice(
                fastmon_file_id=self._sample_name(sample),
                slice_id=number,
                tf_first=number * 4,
                tf_last=number * 4 + 3,
                tf_count=4,
                run_number=run,
                status="queued" if waiting else ("failed" if number % 997 == 0 else "completed"),
                assigned_worker=None if waiting else self._worker(run),
                assigned_at=None if waiting else left + timedelta(seconds=6),
                completed_at=None if waiting else left + timedelta(seconds=9),
                plotted_at=None if waiting else left + timedelta(seconds=11),
            )

    def _parts(self) -> Iterator[models.Model]:
        samples = self._sizes.stfs * _SAMPLES
        for number in range(self._sizes.slices):
            sample = number * samples // self._sizes.slices
            yield HistogramPart(
                run_id=self._run(sample // _SAMPLES, self._sizes.stfs),
                part=f"slice:{self._sample_name(sample)}#{number}",
                revision=1 + number % 100,
                plotted_at=self._at(number, self._sizes.slices),
            )

    def _histograms(self) -> Iterator[models.Model]:
        content = {"uhi_schema": 1, "axes": [], "storage": {"type": "int", "values": [7] * 256}}
        names = ("adc", "unit_occupancy", "hits_per_frame", "bytes_per_frame")
        for run, detector, name in itertools.product(range(self._sizes.runs), detectors(), names):
            yield Histogram(
                run_id=FIRST_RUN + run,
                subsystem=detector.name,
                name=name,
                content=content,
                revision=100,
                slices=2500,
                tfs=10_000,
                quality="good",
            )

    def _workflows(self) -> Iterator[models.Model]:
        self._workflow_ids = [self._uuid() for _ in range(self._sizes.stfs)]
        for number, identity in enumerate(self._workflow_ids):
            left = self._at(number, self._sizes.stfs)
            yield Workflow(
                workflow_id=identity,
                stf_file_id=self._stf_name(number),
                status="finished",
                received_at=left + timedelta(seconds=1),
                started_at=left + timedelta(seconds=1),
                finished_at=left + timedelta(seconds=12),
            )

    def _stages(self) -> Iterator[models.Model]:
        kinds = ("data", "fastmon", "fast_processing")
        for (number, identity), (step, kind) in itertools.product(
            enumerate(self._workflow_ids), enumerate(kinds)
        ):
            left = self._at(number, self._sizes.stfs) + timedelta(seconds=1 + 3 * step)
            yield WorkflowStage(
                stage_id=self._uuid(),
                workflow_id=identity,
                agent=f"{kind}-agent-alice-1",
                agent_type=kind,
                status="finished",
                received_at=left,
                started_at=left,
                finished_at=left + timedelta(seconds=2),
            )

    def _workers(self) -> Iterator[models.Model]:
        each = max(1, self._sizes.workers // self._sizes.runs)
        for run, number in itertools.product(range(self._sizes.runs), range(each)):
            last = run == self._sizes.runs - 1
            yield Worker(
                worker_id=f"worker-{FIRST_RUN + run}-{number:03d}",
                namespace=self._namespace(FIRST_RUN + run),
                run_number=FIRST_RUN + run,
                location=f"node{number:03d}.example.org",
                status="busy" if last else "ended",
                slices_completed=300,
                last_heartbeat=self._at(run + 1, self._sizes.runs),
            )

    def _agents(self) -> Iterator[models.Model]:
        for kind, number in itertools.product(("data", "fastmon", "fast_processing", "merger"), range(10)):
            yield SystemAgent(
                instance_name=f"{kind}-agent-alice-{number}",
                agent_type=kind,
                status="OK",
                operational_state="READY",
                last_heartbeat=self._end - timedelta(minutes=number),
                namespace=_NAMESPACES[number % 3],
                hostname="node001.example.org",
                total_stf_processed=self._sizes.stfs,
            )

    def _messages(self) -> Iterator[models.Model]:
        earlier: list[UUID] = []
        for number in range(self._sizes.messages):
            run, identity = self._run(number, self._sizes.messages), self._uuid()
            kind, stf = self._chance.choice(_TYPES), number * self._sizes.stfs // self._sizes.messages
            cause = self._chance.choice(earlier[-50:]) if earlier and number % 3 else None
            earlier = [*earlier[-50:], identity]
            sender = (
                self._worker(run) if kind in {"slice_result", "worker_heartbeat"} else "data-agent-alice-1"
            )
            yield WorkflowMessage(
                message_id=identity,
                message_type=kind,
                sender_agent=sender,
                namespace=self._namespace(run),
                execution_id=self._execution(run),
                run_id=run,
                sent_at=self._at(number, self._sizes.messages),
                destination="/topic/epictopic",
                causation_id=cause,
                message_content={
                    "msg_type": kind,
                    "message_id": str(identity),
                    "causation_id": str(cause) if cause else None,
                    "run_id": run,
                    "filename": self._stf_name(stf),
                    "namespace": self._namespace(run),
                    "execution_id": self._execution(run),
                    "file_url": f"file:///data/exit-buffer/{run}/{self._stf_name(stf)}",
                    "checksum": "ad:0a1b2c3d",
                    "tf_count": 1000,
                },
            )

    def _logs(self) -> Iterator[models.Model]:
        for number in range(self._sizes.logs):
            run = self._run(number, self._sizes.logs)
            level, name = self._chance.choice(_LEVELS)
            kind = self._chance.choice(("data", "fastmon", "fast_processing", "merger"))
            yield Log(
                app_name=f"{kind}-agent",
                instance_name=f"{kind}-agent-alice-{self._chance.randrange(10)}",
                timestamp=self._at(number, self._sizes.logs),
                level=level,
                levelname=name,
                message=f"{self._stf_name(number * self._sizes.stfs // self._sizes.logs)} handled in 12.3 ms",
                module="agent",
                funcname="on_message",
                lineno=120,
                process=4711,
                thread="MainThread",
                extra_data={"execution_id": self._execution(run), "run_id": run},
                namespace=self._namespace(run),
                execution_id=self._execution(run),
                run_id=run,
            )

    def _subscribers(self) -> Iterator[models.Model]:
        for number in range(30):
            yield Subscriber(
                subscriber_name=f"subscriber-{number}",
                delivery_type="sse" if number % 2 else "activemq",
                is_active=number % 3 > 0,
                connected_at=self._at(number, 30),
            )

    def _alarms(self) -> Iterator[models.Model]:
        for number in range(200):
            yield Alarm(
                namespace=_NAMESPACES[number % 3],
                severity=self._chance.choice(("info", "warning", "error")),
                subject=f"agent data-agent-alice-{number} is silent",
                text="no heartbeat for 180 s",
                raised_at=self._at(number, 200),
                cleared_at=None if number > 195 else self._at(number + 1, 200),
                acknowledged_by="alice" if number % 2 else None,
            )

    def _alarm_events(self) -> Iterator[models.Model]:
        for alarm in Alarm.objects.all():
            yield AlarmEvent(alarm=alarm, at=alarm.raised_at, action="raised", by="monitor")
            if alarm.cleared_at:
                yield AlarmEvent(alarm=alarm, at=alarm.cleared_at, action="cleared", by="alice")

    def _flags(self) -> Iterator[models.Model]:
        for run, detector in itertools.product(range(self._sizes.runs), detectors()):
            yield QualityFlag(
                run_id=FIRST_RUN + run,
                subsystem=detector.name,
                check_name="occupancy",
                since=self._at(run, self._sizes.runs),
                quality=self._chance.choice(("good", "good", "medium", "bad")),
                reason="compared with the reference",
            )


def names(sizes: Sizes) -> dict[str, Any]:
    """Keys of rows that exist: of the newest, and of the run that has most."""
    run = FIRST_RUN + sizes.runs - 1
    return {
        "run": FIRST_RUN + sizes.runs // 2,
        "live_run": run,
        "dataset": f"swf.{FIRST_RUN + sizes.runs // 2}.run",
        "stf": StfFile.objects.values_list("stf_filename", flat=True)[0],
        "sample": FastmonFile.objects.values_list("tf_filename", flat=True)[0],
        "slice": "{}/{}".format(*TfSlice.objects.values_list("fastmon_file_id", "slice_id")[0]),
        "worker": Worker.objects.values_list("worker_id", flat=True)[0],
        "agent": "data-agent-alice-1",
        "namespace": _NAMESPACES[run % 3],
        "execution": f"fast_processing-alice-{sizes.runs // 2 + 1:04d}",
        "definition": "fast_processing/1.0",
        "message": str(WorkflowMessage.objects.values_list("message_id", flat=True)[0]),
        "cause": str(_cause_of_most()),
        "plots": str(WorkflowMessage.objects.filter(message_type="histograms_updated")[0].message_id),
        "log": Log.objects.values_list("id", flat=True)[0],
        "alarm": Alarm.objects.values_list("id", flat=True)[0],
        "subscriber": "subscriber-1",
        "slice_pages": -(-sizes.slices // PAGE),
        "message_pages": -(-sizes.messages // PAGE),
        "log_pages": -(-sizes.logs // PAGE),
        "middle": -(-sizes.messages // PAGE // 2),
    }


def _cause_of_most() -> UUID:
    effects = (
        WorkflowMessage.objects.filter(causation_id__isnull=False).values_list("causation_id").order_by()
    )
    return UUID(str(effects.annotate(number=models.Count("id")).order_by("-number")[0][0]))
