"""What every record of the REST interface has in common."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from swf_testbed.model.fields import Timestamp
from swf_testbed.model.vocabulary import Told

MAX_BULK = 1000
"""Records that one request may carry."""

Document = dict[str, JsonValue]
"""A JSON object of the sender's own making, as `metadata`."""

Text = Annotated[str, StringConstraints(max_length=20_000)]
LongText = Annotated[str, StringConstraints(max_length=1_000_000)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$")]
"""A name that may stand in a path of the interface."""

SmallInt = Annotated[int, Field(strict=True, ge=0, lt=2**31)]


class FrozenDocument(Told):
    """A frozen document; a field that it does not know is an error, by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Record(FrozenDocument):
    """One record of a resource, the same for server and client.

    The natural key is required, everything else optional: what is not sent is not changed. Fields in
    `server_fields` are answered, never accepted.
    """

    resource: ClassVar[str]
    """The name in the path: `/api/<resource>/`."""

    key: ClassVar[tuple[str, ...]]
    """The natural key, in the order it has in a path."""

    server_fields: ClassVar[frozenset[str]] = frozenset({"id", "created_at", "updated_at"})

    id: int | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
