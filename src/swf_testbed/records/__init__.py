"""Every document of the REST interface: one definition for server and client."""

from swf_testbed.records.base import MAX_BULK, Document, FrozenDocument, Record
from swf_testbed.records.files import Dataset, FastmonFile, FileReplica, StfCopy, StfFile, TfSlice
from swf_testbed.records.judgement import Alarm, QualityFlag, Reference, ReferenceOrder
from swf_testbed.records.layouts import Cell, Layout
from swf_testbed.records.monitoring import RunSampling, StfFigures, Trends, Window
from swf_testbed.records.overview import Overview, StandingAlarm, SubsystemLine
from swf_testbed.records.processing import Workflow, WorkflowStage
from swf_testbed.records.results import (
    Histogram,
    HistogramCounts,
    Latency,
    Percentiles,
    ResultsKnown,
    ResultsStored,
    RunResults,
    RunSummary,
    SliceCounts,
    SliceDone,
    slice_part,
    stf_part,
)
from swf_testbed.records.runs import Marking, Run, RunState, SystemStateEvent
from swf_testbed.records.workers import NamespaceRecord, Subscriber, SystemAgent, Worker
from swf_testbed.records.workflows import Log, WorkflowDefinition, WorkflowExecution, WorkflowMessage

RECORDS: dict[str, type[Record]] = {
    cls.resource: cls
    for cls in (
        Run,
        StfFile,
        StfCopy,
        Dataset,
        FastmonFile,
        TfSlice,
        Worker,
        RunState,
        SystemStateEvent,
        WorkflowDefinition,
        WorkflowExecution,
        Workflow,
        WorkflowStage,
        WorkflowMessage,
        SystemAgent,
        Subscriber,
        NamespaceRecord,
        Log,
        Histogram,
        Window,
        StfFigures,
        QualityFlag,
        Reference,
        Alarm,
        Layout,
    )
}
"""The record class of every resource, by the resource's name."""

__all__ = [
    "MAX_BULK",
    "RECORDS",
    "Alarm",
    "Cell",
    "Dataset",
    "Document",
    "FastmonFile",
    "FileReplica",
    "FrozenDocument",
    "Histogram",
    "HistogramCounts",
    "Latency",
    "Layout",
    "Log",
    "Marking",
    "NamespaceRecord",
    "Overview",
    "Percentiles",
    "QualityFlag",
    "Record",
    "Reference",
    "ReferenceOrder",
    "ResultsKnown",
    "ResultsStored",
    "Run",
    "RunResults",
    "RunSampling",
    "RunState",
    "RunSummary",
    "SliceCounts",
    "SliceDone",
    "StandingAlarm",
    "StfCopy",
    "StfFigures",
    "StfFile",
    "Subscriber",
    "SubsystemLine",
    "SystemAgent",
    "SystemStateEvent",
    "TfSlice",
    "Trends",
    "Window",
    "Worker",
    "Workflow",
    "WorkflowDefinition",
    "WorkflowExecution",
    "WorkflowMessage",
    "WorkflowStage",
    "slice_part",
    "stf_part",
]
