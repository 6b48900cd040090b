"""What is told of a failure in messages and in records, which do not know one another."""

from swf_testbed.model.fields import Count, Name, ShortText
from swf_testbed.model.vocabulary import Told


class ReadFailure(Told):
    """A copy of a file that could not be read, why, and what trying had cost."""

    site: Name
    error: ShortText
    bytes_read: Count = 0
    requests: Count = 0
