"""Every table."""

from swf_testbed.monitor.store.models.access import ApiToken, Counter
from swf_testbed.monitor.store.models.files import FastmonFile, StfFile, TfSlice
from swf_testbed.monitor.store.models.results import Histogram, HistogramPart
from swf_testbed.monitor.store.models.runs import Run, RunState, SystemStateEvent
from swf_testbed.monitor.store.models.workers import Namespace, SystemAgent, Worker
from swf_testbed.monitor.store.models.workflows import (
    Log,
    WorkflowDefinition,
    WorkflowExecution,
    WorkflowMessage,
)

__all__ = [
    "ApiToken",
    "Counter",
    "FastmonFile",
    "Histogram",
    "HistogramPart",
    "Log",
    "Namespace",
    "Run",
    "RunState",
    "StfFile",
    "SystemAgent",
    "SystemStateEvent",
    "TfSlice",
    "Worker",
    "WorkflowDefinition",
    "WorkflowExecution",
    "WorkflowMessage",
]
