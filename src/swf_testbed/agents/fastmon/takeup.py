"""Takes up STF files that nobody announced: registered, selected, sampled, each once.

What was done is kept in the monitor, in the `metadata` of the STF's record, so that an agent that is killed
goes on where it was: `taken_up` says how far the file has come, `uuid` which file it is, whatever its name.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from swf_testbed.agents.fastmon.changes import SamplingChanges
from swf_testbed.agents.fastmon.sampling import Sampled, Source, is_selected, sample_stf, seen_only
from swf_testbed.config.checked import bad_input, checked
from swf_testbed.config.parameters import Parameters
from swf_testbed.fastmon.sampling import sampling_config
from swf_testbed.model.clock import now
from swf_testbed.model.detectors import TF_NS
from swf_testbed.model.errors import BadData, BadInput, NotFound
from swf_testbed.model.fields import FileName
from swf_testbed.model.names import MAIN_STREAM, derived_id, stf_filename
from swf_testbed.model.states import DaqState, daq_state
from swf_testbed.model.status import StfStatus
from swf_testbed.records import FileReplica, Run, StfFile
from swf_testbed.runtime import AgentContext
from swf_testbed.stf.documents import FileHeader
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.reader import StfReader

SELECTED_OF_UNANNOUNCED = 0.1
"""The part of the files, and of their frames, if `fastmon.selection_fraction` does not say."""

_STATE, _UUID = "taken_up", "uuid"
_NAME: TypeAdapter[str] = TypeAdapter(FileName)
_log = logging.getLogger(__name__)


class TakenUp(StrEnum):
    """How far a file has come that nobody announced."""

    REGISTERED = "registered"
    NOT_SELECTED = "not_selected"
    SAMPLED = "sampled"


class Announcer(Protocol):
    """The agent, as this module needs it."""

    context: AgentContext

    def folder_of(self, run: int) -> Path:
        """Where the samples of a run go."""

    def announce(self, source: Source, done: Sampled) -> None:
        """Register sample files, and say that they are there."""

    def report(self, status: str, text: str) -> None:
        """Say what people should know of a file."""


def check_folders(said: Sequence[str], state_dir: Path) -> tuple[Path, ...]:
    """The folders to watch; none said is the exit buffer of this testbed, which is made if need be.

    Raises:
        BadInput: one is not there.
    """
    if not said:
        own = state_dir / "exit-buffer"
        own.mkdir(parents=True, exist_ok=True)
        return (own,)
    folders = tuple(Path(text).expanduser() for text in said)
    for folder in folders:
        if not folder.is_dir():
            raise BadInput("fastmon.watch", str(folder), "must be a folder that exists")
    return folders


class TakeUp:
    """Deals with one complete file after the other."""

    def __init__(self, agent: Announcer, parameters: Parameters, changes: SamplingChanges) -> None:
        self._agent, self._site, self._changes = agent, parameters.data.site, changes
        self._runs: set[int] = set()

    def take(self, path: Path) -> bool:
        """Register a file, and sample it if it is selected; False if there was nothing to do.

        Raises:
            BadData: the file is damaged.
            BadInput: its name, its run or its state cannot be registered.
        """
        checked(_NAME, path.name, "file name")
        with StfReader.open(path) as reader:
            if reader.recovered:
                raise BadData(f"{path}: the index is damaged")
            known = self._known(path, reader.header)
            if known is not None and known.metadata.get(_STATE) != TakenUp.REGISTERED:
                _log.info("%s: is known as %s", path, known.stf_filename)
                return False
            if known is not None and known.stf_filename != path.name:
                return False  # its twin is in hand, or will be taken up again under its own name
            try:
                return self._take_up(path, reader)
            except ValidationError as error:  # what the file says of itself fits no record
                raise bad_input(error, path.name) from None

    def is_taken(self, filename: str) -> bool:
        """Whether the samples of a file that is announced now were made before anybody announced it."""
        try:
            record = self._agent.context.monitor.get(StfFile, filename)
        except NotFound:
            return False
        return record.metadata.get(_STATE) in {TakenUp.REGISTERED, TakenUp.SAMPLED}

    def _known(self, path: Path, header: FileHeader) -> StfFile | None:
        """The record of this very file, under whatever name; None if nobody knows it."""
        names = {path.name, stf_filename(header.run, header.sequence, header.stream or MAIN_STREAM)}
        monitor = self._agent.context.monitor
        found = monitor.list(StfFile, run=header.run, sequence=header.sequence)
        for record in found:
            if record.stf_filename in names or record.metadata.get(_UUID) == str(header.uuid):
                return record
        return None

    def _take_up(self, path: Path, reader: StfReader) -> bool:
        header = reader.header
        self._ensure_run(header)
        start = datetime.fromtimestamp(header.t0_ns / 1e9, UTC)
        source = Source(
            run=header.run,
            filename=path.name,
            stream=header.stream or MAIN_STREAM,
            sequence=header.sequence,
            tf_first=header.first_tf,
            tf_count=len(reader.index.tf),
            start=start,
            end=start + timedelta(microseconds=len(reader.index.tf) * TF_NS / 1000),
            state=_state(header),
            egress_at=min(now(), datetime.fromtimestamp(path.stat().st_mtime, UTC)),
        )
        parameters = self._changes.parameters(header.run, None, source.egress_at)
        fraction = parameters.fastmon.selection_fraction or SELECTED_OF_UNANNOUNCED
        selected = is_selected(header.sequence, fraction)
        self._register(path, reader, source, TakenUp.REGISTERED if selected else TakenUp.NOT_SELECTED)
        if not selected:
            self._agent.announce(source, seen_only(reader, self._site))
            _log.info("%s: registered, not selected", path)
            return True
        folder = self._agent.folder_of(header.run)
        config = sampling_config(parameters, SELECTED_OF_UNANNOUNCED, source.stream)
        done = sample_stf(source, reader, config, folder, self._site, on_bad=self._tell_damage)
        self._agent.announce(source, done)
        self._note(path.name, TakenUp.SAMPLED)
        _log.info("%s: %d samples", path, len(done.files))
        return True

    def _ensure_run(self, header: FileHeader) -> None:
        """The run, if nobody told of it, in our namespace; asked of the monitor once."""
        context = self._agent.context
        if header.run in self._runs:
            return
        try:
            known = context.monitor.get(Run, header.run)
        except NotFound:
            known = Run(run_number=header.run)
        if known.namespace is None:
            context.monitor.ensure(Run(run_number=header.run, namespace=context.namespace))
        elif known.namespace != context.namespace:
            raise BadInput("run", header.run, f"belongs to namespace {known.namespace}")
        self._runs.add(header.run)

    def _register(self, path: Path, reader: StfReader, source: Source, state: TakenUp) -> None:
        context, header = self._agent.context, reader.header
        url = path.absolute().as_uri()
        record = StfFile(
            stf_filename=path.name,
            file_id=derived_id("stf-file", context.namespace, path.name),
            run=header.run,
            stream=header.stream or MAIN_STREAM,
            sequence=header.sequence,
            file_url=url,
            file_size_bytes=reader.size,
            status=StfStatus.REGISTERED,
            machine_state=source.state.state.value if source.state else None,
            daq_state=source.state.state if source.state else None,
            daq_substate=source.state.substate if source.state else None,
            tf_first=source.tf_first,
            tf_count=source.tf_count,
            egress_at=source.egress_at,
            replicas=(FileReplica(site=self._site, url=url, verified=False),),
            metadata={_STATE: state.value, _UUID: str(header.uuid), "by": context.name},
        )
        context.monitor.upsert([record])

    def _note(self, name: str, state: TakenUp) -> None:
        self._agent.context.monitor.upsert([StfFile(stf_filename=name, metadata={_STATE: state.value})])

    def _tell_damage(self, error: CrcError) -> None:
        self._agent.report("damaged_frame", str(error))


def _state(header: FileHeader) -> DaqState | None:
    """The state that the header says; None if it says none that exists."""
    try:
        return daq_state(header.state, header.substate or None)
    except BadInput:
        return None
