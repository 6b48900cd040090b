"""What agents say of an STF, with values that no test asks about."""

from typing import Any
from uuid import uuid4

from swf_testbed.messages import SamplingReport, StfReady, TfFileRegistered
from swf_testbed.model.clock import now
from swf_testbed.model.names import tf_filename
from swf_testbed.model.states import State, Substate


def stf_ready(stf: str, **said: Any) -> StfReady:
    """The DAQ's word of an STF; what is said replaces what stands here."""
    return StfReady(
        **{
            "state": State.RUN,
            "substate": Substate.PHYSICS,
            "simulation_tick": 1,
            "filename": stf,
            "sequence": 1,
            "file_url": f"file:///{stf}",
            "size_bytes": 1,
            "checksum": "ad:00000001",
            "tf_first": 0,
            "tf_count": 4,
            "start": now(),
            "end": now(),
            "file_id": uuid4(),
            **said,
        }
    )


def tf_file_registered(stf: str, **said: Any) -> TfFileRegistered:
    """Fast monitoring's word of the sample of an STF, of four frames."""
    return TfFileRegistered(
        **{
            "tf_file_id": uuid4(),
            "tf_filename": tf_filename(stf, 1),
            "file_url": "file:///tf",
            "stf_filename": stf,
            "tf_first": 0,
            "tf_last": 3,
            "tf_count": 4,
            "file_size_bytes": 1,
            "checksum": "ad:00000001",
            "status": "registered",
            "sampling": SamplingReport(
                policy="random", fraction=0.1, seed=1, accepted=4, evaluated=40, part=0, parts=(4,)
            ),
            **said,
        }
    )
