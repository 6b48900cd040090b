"""The types of messages by name."""

from typing import get_args

from swf_testbed.messages import (
    agents,
    announcement,
    archive,
    control,
    data,
    judgement,
    lifecycle,
    probes,
    processing,
    tasks,
)
from swf_testbed.messages.envelope import Message


def type_name(cls: type[Message]) -> str:
    """The `msg_type` of a message class."""
    return str(get_args(cls.model_fields["msg_type"].annotation)[0])


_CLASSES: tuple[type[Message], ...] = (
    lifecycle.RunImminent,
    lifecycle.StartRun,
    lifecycle.ResumeRun,
    lifecycle.PauseRun,
    lifecycle.EndRun,
    lifecycle.StateChanged,
    data.StfGen,
    data.StfReady,
    archive.StfArchived,
    archive.DatasetClosed,
    archive.ExitBufferStatus,
    data.TfFileRegistered,
    data.FastmonStatus,
    data.ProcessingComplete,
    data.HistogramsUpdated,
    judgement.QualityFlagged,
    judgement.Alarm,
    probes.SseTest,
    announcement.Announcement,
    agents.AgentState,
    processing.RunImminentWorker,
    processing.Slice,
    processing.SliceResult,
    processing.StfVolume,
    processing.WorkerHeartbeat,
    processing.DrainWorker,
    processing.StopTransformer,
    tasks.CreateWorkflowTask,
    tasks.CreatedWorkflowTask,
    tasks.AdjustWorker,
    tasks.AdjustedWorker,
    tasks.CloseWorkflowTask,
    tasks.ClosedWorkflowTask,
    control.RunWorkflow,
    control.StopWorkflow,
    control.StatusRequest,
    control.StartTestbed,
    control.StopTestbed,
    control.Restart,
    control.Status,
    control.KillAgent,
    control.SetSampling,
    control.Ping,
    control.Reply,
)

REGISTRY: dict[str, type[Message]] = {type_name(cls): cls for cls in _CLASSES}
"""Every message class by its `msg_type`."""

ALIASES: dict[str, str] = {"data_ready": "stf_ready"}
"""Other names that a type is known by on input."""
