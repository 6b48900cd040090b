"""The announcement of an STF file, made again from the file alone."""

from datetime import timedelta
from pathlib import Path

from swf_testbed.messages import StfGen
from swf_testbed.model.clock import from_ns
from swf_testbed.model.detectors import TF_NS
from swf_testbed.model.names import StfName
from swf_testbed.model.states import daq_state
from swf_testbed.stf.documents import file_checksum
from swf_testbed.stf.reader import StfReader


def announcement_of(path: Path, *, namespace: str, sender: str, execution_id: str | None) -> StfGen:
    """What the DAQ said, or would have said, of a complete file; it has the same message id.

    Raises:
        BadData: the file is damaged.
        BadInput: it does not have the name of an STF file.
    """
    with StfReader.open(str(path)) as reader:
        header, tfs = reader.header, reader.tf_numbers()
    name = StfName.parse(path.name)  # a file that was played as it is calls itself what it was
    state = daq_state(header.state, header.substate or None)
    start = from_ns(header.t0_ns)
    return StfGen(
        namespace=namespace,
        sender=sender,
        execution_id=execution_id,
        run_id=name.run,
        filename=path.name,
        stream=name.stream,
        sequence=name.sequence,
        file_url=path.absolute().as_uri(),
        size_bytes=path.stat().st_size,
        checksum=file_checksum(path),
        tf_first=int(tfs[0]) if len(tfs) else header.first_tf,
        tf_count=len(tfs),
        start=start,
        end=start + timedelta(seconds=len(tfs) * TF_NS * 1e-9),
        state=state.state,
        substate=state.substate,
        simulation_tick=0.0,
    )
