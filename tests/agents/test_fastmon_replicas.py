"""Which copy of an STF is read, and what happens when one cannot be."""

from collections.abc import Iterator

import pytest

from swf_testbed.agents.fastmon.replicas import preferred, read_first
from swf_testbed.messages import Replica
from swf_testbed.model.errors import BadData, BadInput, NotFound, Refused, SwfError, Unavailable


def replica(site: str, *, verified: bool = True) -> Replica:
    return Replica(site=site, url=f"root://{site.lower()}.example.org//stf/a.stf", verified=verified)


def test_copies_are_ordered_by_the_sites_of_the_configuration() -> None:
    told = [replica("JLAB"), replica("BNL", verified=False), replica("E0"), replica("BNL")]
    assert [(one.site, one.verified) for one in preferred(told, ["E0", "BNL"])] == [
        ("E0", True),
        ("BNL", True),
        ("BNL", False),
        ("JLAB", True),
    ]
    assert [one.site for one in preferred([replica("B"), replica("A")], [])] == ["B", "A"]


class Source:
    """Copies of which some fail."""

    def __init__(self, failures: dict[str, SwfError]) -> None:
        self.failures, self.asked, self.told = failures, [], []  # type: ignore[var-annotated]  # of texts

    def read(self, one: Replica) -> str:
        self.asked.append(one.site)
        if one.site in self.failures:
            raise self.failures[one.site]
        return one.site

    def failed(self, one: Replica, error: SwfError) -> None:
        self.told.append((one.site, str(error)))

    def first(self, *sites: str) -> str:
        def copies() -> Iterator[Replica]:
            yield from map(replica, sites)

        return read_first(copies(), self.read, self.failed)


def test_the_next_copy_is_read_when_one_fails_and_each_failure_is_told() -> None:
    failures = {
        "A": Unavailable("no answer"),
        "B": BadData("damaged"),
        "C": NotFound("gone"),
        "D": Refused("no token"),
    }
    source = Source(failures)
    assert source.first("A", "B", "C", "D", "E", "F") == "E"
    assert source.asked == ["A", "B", "C", "D", "E"]
    assert source.told == [(site, str(error)) for site, error in failures.items()]


def test_when_all_fail_it_is_tried_again_if_one_may_come_back() -> None:
    with pytest.raises(Unavailable):
        Source({"A": Unavailable("no answer"), "B": BadData("damaged")}).first("A", "B")
    with pytest.raises(BadData, match="damaged"):
        Source({"A": NotFound("gone"), "B": BadData("damaged")}).first("A", "B")


def test_a_file_that_is_another_one_is_no_matter_of_copies() -> None:
    with pytest.raises(BadInput):
        Source({"A": BadInput("file_url", "a", "holds run 7")}).first("A", "B")
