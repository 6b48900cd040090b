"""Payloads: what is run on the frames of a slice or of a whole STF, each a plug-in.

    with open_payload(definition, scratch) as payload:
        outcome = payload.run(work)

`run` never raises for what the payload does: the `Outcome` says how it ended.
"""

from swf_testbed.payloads.opening import Payload, definition_of, open_payload
from swf_testbed.payloads.outcome import ExitCode, Outcome
from swf_testbed.payloads.work import Frames, Work

__all__ = ["ExitCode", "Frames", "Outcome", "Payload", "Work", "definition_of", "open_payload"]
