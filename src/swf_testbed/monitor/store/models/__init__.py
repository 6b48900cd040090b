"""Every table."""

from swf_testbed.monitor.store.models.access import ApiToken, Counter, LoginFailure
from swf_testbed.monitor.store.models.files import Dataset, FastmonFile, StfCopy, StfFile, TfSlice
from swf_testbed.monitor.store.models.judgement import Alarm, AlarmEvent, QualityFlag
from swf_testbed.monitor.store.models.processing import Workflow, WorkflowStage
from swf_testbed.monitor.store.models.results import Histogram, HistogramPart
from swf_testbed.monitor.store.models.runs import Run, RunState, SystemStateEvent
from swf_testbed.monitor.store.models.workers import Namespace, Subscriber, SystemAgent, Worker
from swf_testbed.monitor.store.models.workflows import (
    Log,
    WorkflowDefinition,
    WorkflowExecution,
    WorkflowMessage,
)

__all__ = [
    "Alarm",
    "AlarmEvent",
    "ApiToken",
    "Counter",
    "Dataset",
    "FastmonFile",
    "Histogram",
    "HistogramPart",
    "Log",
    "LoginFailure",
    "Namespace",
    "QualityFlag",
    "Run",
    "RunState",
    "StfCopy",
    "StfFile",
    "Subscriber",
    "SystemAgent",
    "SystemStateEvent",
    "TfSlice",
    "Worker",
    "Workflow",
    "WorkflowDefinition",
    "WorkflowExecution",
    "WorkflowMessage",
    "WorkflowStage",
]
