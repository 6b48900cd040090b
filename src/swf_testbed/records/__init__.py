"""Every document of the REST interface: one definition for server and client."""

from swf_testbed.records.base import MAX_BULK, Document, FrozenDocument, Record
from swf_testbed.records.files import FastmonFile, FileReplica, StfFile, TfSlice
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
from swf_testbed.records.runs import Run, RunState, SystemStateEvent
from swf_testbed.records.workers import NamespaceRecord, SystemAgent, Worker
from swf_testbed.records.workflows import Log, WorkflowDefinition, WorkflowExecution, WorkflowMessage

RECORDS: dict[str, type[Record]] = {
    cls.resource: cls
    for cls in (
        Run,
        StfFile,
        FastmonFile,
        TfSlice,
        Worker,
        RunState,
        SystemStateEvent,
        WorkflowDefinition,
        WorkflowExecution,
        WorkflowMessage,
        SystemAgent,
        NamespaceRecord,
        Log,
        Histogram,
    )
}
"""The record class of every resource, by the resource's name."""

__all__ = [
    "MAX_BULK",
    "RECORDS",
    "Document",
    "FastmonFile",
    "FileReplica",
    "FrozenDocument",
    "Histogram",
    "HistogramCounts",
    "Latency",
    "Log",
    "NamespaceRecord",
    "Percentiles",
    "Record",
    "ResultsKnown",
    "ResultsStored",
    "Run",
    "RunResults",
    "RunState",
    "RunSummary",
    "SliceCounts",
    "SliceDone",
    "StfFile",
    "SystemAgent",
    "SystemStateEvent",
    "TfSlice",
    "Worker",
    "WorkflowDefinition",
    "WorkflowExecution",
    "WorkflowMessage",
    "slice_part",
    "stf_part",
]
