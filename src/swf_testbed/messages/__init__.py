"""Every message on the bus: one typed definition each, their codec, and their schemas."""

from swf_testbed.messages.codec import decode, encode, headers
from swf_testbed.messages.control import Ping, Reply, RunWorkflow, StatusRequest, StopWorkflow
from swf_testbed.messages.data import (
    FastmonStatus,
    HistogramsUpdated,
    Replica,
    SamplingReport,
    StfGen,
    StfReady,
    TfFileRegistered,
)
from swf_testbed.messages.envelope import Message
from swf_testbed.messages.judgement import Alarm, QualityFlagged
from swf_testbed.messages.lifecycle import EndRun, PauseRun, ResumeRun, RunImminent, StartRun
from swf_testbed.messages.processing import (
    RunImminentWorker,
    Slice,
    SliceContent,
    SliceResult,
    SliceResultContent,
    SliceResultState,
    StfVolume,
    StfVolumeContent,
    WorkerHeartbeat,
    WorkerHeartbeatContent,
    WorkerRunContent,
)
from swf_testbed.messages.registry import ALIASES, REGISTRY

__all__ = [
    "ALIASES",
    "REGISTRY",
    "Alarm",
    "EndRun",
    "FastmonStatus",
    "HistogramsUpdated",
    "Message",
    "PauseRun",
    "Ping",
    "QualityFlagged",
    "Replica",
    "Reply",
    "ResumeRun",
    "RunImminent",
    "RunImminentWorker",
    "RunWorkflow",
    "SamplingReport",
    "Slice",
    "SliceContent",
    "SliceResult",
    "SliceResultContent",
    "SliceResultState",
    "StartRun",
    "StatusRequest",
    "StfGen",
    "StfReady",
    "StfVolume",
    "StfVolumeContent",
    "StopWorkflow",
    "TfFileRegistered",
    "WorkerHeartbeat",
    "WorkerHeartbeatContent",
    "WorkerRunContent",
    "decode",
    "encode",
    "headers",
]
