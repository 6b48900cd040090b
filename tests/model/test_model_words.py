"""Small words with a meaning: hosts of this machine, kinds of alarms, beams, and texts that can be kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.model.alarms import ALARMS, alarm_kind
from swf_testbed.model.detectors import beam, beams
from swf_testbed.model.errors import BadInput, readable
from swf_testbed.model.hosts import is_loopback


@pytest.mark.parametrize(
    "url", ["http://localhost:8002", "http://127.0.0.1/", "https://127.8.9.10:1", "http://[::1]:8002/x"]
)
def test_addresses_of_this_machine(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://swf.example.org",
        "http://10.0.0.1",
        "http://[2001:db8::1]/",
        "",
        "localhost",
        "http://[::1",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "http://example.org/localhost",
    ],
)
def test_any_other_is_not(url: str) -> None:
    assert not is_loopback(url)


@pytest.mark.parametrize("name", ALARMS)
def test_the_kind_of_an_alarm_is_known_alone_and_of_something(name: str) -> None:
    assert alarm_kind(name) is ALARMS[name]
    assert alarm_kind(f"{name}:of.something:else") is ALARMS[name]


@pytest.mark.parametrize("name", ["", "no_such_alarm", ":of_nothing"])
def test_an_alarm_that_somebody_else_named_has_no_kind(name: str) -> None:
    assert alarm_kind(name) is None


def test_a_beam_is_known_by_its_name() -> None:
    assert beam("18x275").name == "18x275"
    with pytest.raises(BadInput) as refused:
        beam("7x7")
    assert str(refused.value) == f"beam = '7x7': must be one of {', '.join(beams())}"


@given(st.text(st.characters(codec=None)), st.integers(0, 30))
def test_a_text_can_be_kept_by_any_database(text: str, most: int) -> None:
    kept = readable(text, most)
    assert len(kept) == min(len(text), most)
    assert "\0" not in kept
    kept.encode()
    for before, after in zip(text, kept, strict=False):
        assert before in {after, "\0"} or "\ud800" <= before <= "\udfff"


def test_a_text_is_not_endless() -> None:
    assert len(readable("x" * 5000)) == 2000
    assert readable("a\0b") == "a�b"
