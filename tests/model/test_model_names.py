"""Names: what they are made of, taken apart, and refused; identities that are computed."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.model import destinations
from swf_testbed.model.errors import BadInput, shorten
from swf_testbed.model.names import (
    LAST_RUN_NUMBER,
    STREAM,
    AgentName,
    ExecutionId,
    StfName,
    check_namespace,
    dataset_name,
    derived_id,
    stf_filename,
    stf_of_sample,
    tf_filename,
    user_word,
)

words = st.from_regex(r"[a-z0-9][a-z0-9_]{0,20}", fullmatch=True)
users = st.text(max_size=30).map(user_word)
numbers = st.integers(0, 10**17)


@given(words, users, numbers)
def test_names_are_taken_apart_into_what_they_were_made_of(word: str, user: str, number: int) -> None:
    assert AgentName.parse(str(AgentName(word, user, number))) == (word, user, number)
    assert ExecutionId.parse(str(ExecutionId(word, user, number))) == (word, user, number)


@given(st.text() | st.from_regex(r"[a-z]-agent-[a-z]-[0-9]+|[a-z]-[a-z]-[0-9]+"))
def test_whatever_is_taken_for_a_name_is_written_the_same_again(text: str) -> None:
    for kind in (AgentName, ExecutionId):
        try:
            assert str(kind.parse(text)) == text
        except BadInput:
            continue


@pytest.mark.parametrize(
    "text",
    [
        "data-agent-alice",
        "Data-agent-alice-7",
        "data-agent-a-b-7",
        "x-agent-y-" + "9" * 5000,
        "x-agent-y-7\n",
    ],
)
def test_no_agent_name(text: str) -> None:
    with pytest.raises(BadInput, match="must be <type>-agent-<user>-<id>, like data-agent-alice-7"):
        AgentName.parse(text)


def test_names_look_as_the_contract_says() -> None:
    assert str(ExecutionId("fast_processing", "alice", 42)) == "fast_processing-alice-0042"
    assert stf_filename(100_010, 7) == "swf.100010.000007.stf"
    assert stf_filename(100_010, 7, "luminosity") == "swf.100010.luminosity.000007.stf"
    assert tf_filename("swf.100010.000007.stf", 1) == "swf.100010.000007_tf_001.tf"
    assert dataset_name(100_010) == "swf.100010.run"
    assert [user_word(name) for name in ("a.b", "j-doe", "_x", "ünï", "..", "")] == [
        "a.b",
        "j_doe",
        "x",
        "n_",
        "user",
        "user",
    ]


@pytest.mark.parametrize("text", ["", "a b", "-a", "a/b", "a\n", "a" * 65, "ä"])
def test_no_namespace(text: str) -> None:
    with pytest.raises(BadInput, match=r"namespace = .*must be up to 64 of"):
        check_namespace(text)


def test_a_namespace() -> None:
    assert check_namespace("torre1.test-2_b") == "torre1.test-2_b"


def test_a_computed_identity_never_changes() -> None:
    assert derived_id("stf", 100_010, 7) == UUID("c90eabbc-7c54-5f80-8201-6357c6886a3b")
    assert derived_id("stf", 100_010, 8) != derived_id("stf", 100_010, 7) != derived_id("stf", 10_001, 7)


def test_destinations_belong_to_a_namespace_or_a_user() -> None:
    assert destinations.slices("a") == "/queue/panda.slices.transformer.a"
    assert destinations.results("a") == "/queue/panda.results.fastprocessing.a"
    assert destinations.workflow_control("a") == "/queue/workflow_control.a"
    assert destinations.testbed_control("j-doe") == "/queue/testbed.j_doe.control"
    assert destinations.dead_letters("a") == "/queue/swf.dead_letter.a"
    assert destinations.replies("x") == "/queue/swf.replies.x"
    assert destinations.subscription_name("data", "a") == "data.a"
    assert destinations.is_queue(destinations.slices("a"))
    assert not destinations.is_queue(destinations.EVENTS)


def test_a_value_in_an_error_is_short_whatever_it_is() -> None:
    assert shorten("x") == "'x'"
    assert len(shorten("x" * 1000)) == 80
    assert shorten(16**5000) == "a value of type int"


@given(
    st.integers(0, LAST_RUN_NUMBER),
    st.integers(1, 2**32 - 1),
    st.just("main") | st.from_regex(STREAM, fullmatch=True),
)
def test_the_name_of_an_stf_file_is_taken_apart_into_what_it_was_made_of(
    run: int, sequence: int, stream: str
) -> None:
    name = StfName(run, sequence, stream)
    assert StfName.parse(str(name)) == name


@pytest.mark.parametrize(
    "text",
    ["swf.1.1.stf", "swf.1.000001.tf", "swf.01.000001.stf", "swf.1.Lumi.000001.stf", "swf.1..000001.stf", ""],
)
def test_no_name_of_an_stf_file(text: str) -> None:
    with pytest.raises(BadInput, match=r"must be swf\.<run>\.<NNNNNN>\.stf"):
        StfName.parse(text)


def test_the_stf_of_a_sample_is_told_by_its_name() -> None:
    for name in ("swf.100010.000001.stf", "swf.100010.luminosity.000001.stf"):
        assert stf_of_sample(tf_filename(name, 1)) == stf_of_sample(tf_filename(name, 1000)) == name
    assert stf_of_sample("sample.tf") is None
