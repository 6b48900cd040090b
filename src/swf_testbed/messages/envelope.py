"""What every message carries, and how a message gets its identity."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, model_validator

from swf_testbed.model import destinations
from swf_testbed.model.clock import now
from swf_testbed.model.fields import Name, Namespace, RunNumber, Timestamp
from swf_testbed.model.names import derived_id
from swf_testbed.model.vocabulary import Told


def on_events(namespace: str) -> str:
    """Most messages travel on the one topic of events, whatever their namespace."""
    del namespace
    return destinations.EVENTS


def on_workers(namespace: str) -> str:
    """What worker pools hear and say."""
    del namespace
    return destinations.WORKERS


def on_transformer(namespace: str) -> str:
    """What the slice transformer hears."""
    del namespace
    return destinations.TRANSFORMER


class Part(Told):
    """A piece of a message: frozen, and deaf to fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_enum_values=False)


class Message(Part):
    """The envelope.

    A subclass that names the fields of its identity in `identity` gets a `message_id` computed from
    them, so that saying the same thing again says the same id; the others get a random one.
    """

    goes_to: ClassVar[Callable[[str], str]] = on_events
    """The destination, given the namespace."""

    identity: ClassVar[tuple[str, ...]] = ()
    """Dotted names of the fields that make two messages the same; the type and namespace always do."""

    persistent: ClassVar[bool] = True
    time_to_live_s: ClassVar[int | None] = None
    """Seconds after which a broker may drop the message; None is never."""

    msg_type: Name
    message_id: UUID = Field(default_factory=uuid4)
    schema_version: Literal[1] = 1
    namespace: Namespace
    sender: Name
    timestamp: Timestamp = Field(default_factory=now)
    execution_id: Name | None = None
    run_id: RunNumber | None = None
    causation_id: UUID | None = None

    @model_validator(mode="after")
    def _derive_id(self) -> "Message":
        if self.identity and "message_id" not in self.model_fields_set:
            said = [_lookup(self, path) for path in self.identity]
            self.__dict__["message_id"] = derived_id(self.msg_type, self.namespace, *said)
            self.model_fields_set.add("message_id")
        return self

    @property
    def destination(self) -> str:
        """Where this message goes."""
        return type(self).goes_to(self.namespace)

    @classmethod
    def addresses(cls) -> tuple[str, ...]:
        """Where messages of this type go, with `{field}` where the value of a field stands."""
        return (cls.goes_to("{namespace}"),)


def _lookup(message: BaseModel, path: str) -> Any:
    value: Any = message
    for name in path.split("."):
        value = getattr(value, name)
    return value
