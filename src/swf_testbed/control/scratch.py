"""What becomes of an execution's names and numbers when it is played again in another namespace."""

import json
import re
from typing import Any

from swf_testbed.messages import ALIASES, REGISTRY, Message, decode
from swf_testbed.model.destinations import is_queue
from swf_testbed.model.fields import NAME_CHARS
from swf_testbed.model.names import LAST_RUN_NUMBER, ExecutionId, derived_id

_FIRST_RUN = 2**30
"""Replayed runs have numbers from here on, which no DAQ reaches: the recorded run is not touched."""

_FIRST_SEQUENCE = 10**9
"""The same for executions."""

_RUN_IN_NAME = re.compile(r"\bswf\.(\d{1,10})\.")
_RUNS = frozenset({"run_id", "run_number"})
_IDENTITIES = frozenset({"message_id", "causation_id", "file_id", "tf_file_id", "correlation_id"})
_PLACES = frozenset({"file_url", "url"})
_WORKERS = frozenset({"worker_id"})


class Scratch:
    """Rewrites the messages of one execution for a namespace of their own.

    Everything follows from the namespace and from what was recorded, so that the same messages come to the
    same identities however often they are played. Files stay where they are; names that tell of the run, the
    execution or a worker become other ones, so that nothing of the recorded run is touched.

    Args:
        namespace: where it is played.
        execution_id: what is played.
    """

    def __init__(self, namespace: str, execution_id: str) -> None:
        self.namespace, self.recorded = namespace, execution_id
        self.execution_id = str(
            ExecutionId(
                "replay",
                ExecutionId.parse(execution_id).user,
                _FIRST_SEQUENCE + self._number("execution", execution_id) % _FIRST_SEQUENCE,
            )
        )
        self.runs: dict[int, int] = {}
        self._identities: dict[str, str] = {}

    def message(self, document: dict[str, Any]) -> Message | None:
        """A recorded message as it is said in the scratch namespace.

        None if its type is not known any more, or if it is work in a queue or its result: nobody works here.

        Raises:
            BadInput: it is not, or no longer, a message.
        """
        name = str(document.get("msg_type"))
        cls = REGISTRY.get(ALIASES.get(name, name))
        if cls is None or ((places := cls.addresses()) and all(map(is_queue, places))):
            return None
        said = self._rewritten(document, "")
        said["namespace"] = self.namespace
        if cls.identity:
            said.pop("message_id", None)
        message = decode(json.dumps(said))
        self._identities[str(document.get("message_id"))] = str(message.message_id)
        return message

    def run_number(self, recorded: int) -> int:
        """The number of a run of the execution here."""
        numbers = LAST_RUN_NUMBER - _FIRST_RUN + 1
        return self.runs.setdefault(recorded, _FIRST_RUN + self._number("run", recorded) % numbers)

    def _number(self, *parts: object) -> int:
        return derived_id("replay", self.namespace, *parts).int

    def _rewritten(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {name: self._rewritten(entry, name) for name, entry in value.items()}
        if isinstance(value, list):
            return [self._rewritten(entry, key) for entry in value]
        if key in _RUNS and str(value).isdecimal():
            return self.run_number(int(value))
        return self._text(value, key) if isinstance(value, str) else value

    def _text(self, value: str, key: str) -> str:
        if key in _PLACES:
            return value
        if key in _IDENTITIES:
            return self._identities.get(value) or str(derived_id("replay", self.namespace, value))
        if value == self.recorded:
            return self.execution_id
        if key in _WORKERS:
            return f"{self.namespace}.{value}"[:NAME_CHARS]
        return _RUN_IN_NAME.sub(lambda found: f"swf.{self.run_number(int(found[1]))}.", value)
