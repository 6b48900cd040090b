"""Every table."""

from swf_testbed.monitor.store.models.access import ApiToken, Counter, LoginFailure
from swf_testbed.monitor.store.models.files import Dataset, FastmonFile, StfCopy, StfFile, TfSlice
from swf_testbed.monitor.store.models.judgement import Alarm, AlarmEvent, QualityFlag, Reference
from swf_testbed.monitor.store.models.layouts import Layout
from swf_testbed.monitor.store.models.processing import Workflow, WorkflowStage
from swf_testbed.monitor.store.models.results import Histogram, HistogramPart, StfFigures, Window
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
    "Layout",
    "Log",
    "LoginFailure",
    "Namespace",
    "QualityFlag",
    "Reference",
    "Run",
    "RunState",
    "StfCopy",
    "StfFigures",
    "StfFile",
    "Subscriber",
    "SystemAgent",
    "SystemStateEvent",
    "TfSlice",
    "Window",
    "Worker",
    "Workflow",
    "WorkflowDefinition",
    "WorkflowExecution",
    "WorkflowMessage",
    "WorkflowStage",
]
