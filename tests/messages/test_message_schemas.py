"""The published schemas: as the code is, true of what is said, and a whole that can be followed."""

import json
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from generated_bodies import bodies
from hypothesis import given, settings
from hypothesis import strategies as st

from swf_testbed.messages import REGISTRY, SliceResult, decode, encode, schemas
from swf_testbed.messages.codec import NotAMessage

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference" / "schemas"
REMEDY = "run `python tools/generate_docs.py` and commit docs/reference/schemas"
DOCUMENTS = schemas.schema_documents()


def test_the_published_schemas_are_those_of_the_code() -> None:
    stored = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
    wanted = schemas.rendered()
    differing = sorted(name for name in stored.keys() | wanted.keys() if stored.get(name) != wanted.get(name))
    assert not differing, (
        f"docs/reference/schemas/ is not what the code says ({', '.join(differing)}): {REMEDY}"
    )


def test_writing_removes_what_no_longer_exists(tmp_path: Path) -> None:
    (tmp_path / "gone.json").write_text("{}")
    schemas.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.json" for name in REGISTRY} | {
        "asyncapi.json"
    }


VALIDATORS = {
    name: fastjsonschema.compile(
        {**DOCUMENTS[f"{name}.json"], "$schema": "http://json-schema.org/draft-07/schema"}
    )
    for name in REGISTRY
}


@settings(max_examples=100)
@given(st.sampled_from(sorted(REGISTRY)).flatmap(bodies))
def test_what_is_said_fits_the_schema_of_its_type(document: dict[str, Any]) -> None:
    message = decode(json.dumps(document))
    VALIDATORS[message.msg_type](json.loads(encode(message)))


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_schema_asks_for_the_envelope(name: str) -> None:
    schema = DOCUMENTS[f"{name}.json"]
    assert {"msg_type", "namespace", "sender"} <= set(schema["required"])
    assert schema["properties"]["msg_type"]["const"] == name
    assert "description" in schema
    with pytest.raises(fastjsonschema.JsonSchemaException):
        VALIDATORS[name]({})


def test_bounds_are_in_the_schema() -> None:
    run = DOCUMENTS["stf_gen.json"]["properties"]["run_id"]
    assert (run["type"], run["minimum"], run["maximum"]) == ("integer", 0, 2**31 - 1)


def test_the_asyncapi_document_is_one_and_its_references_lead_somewhere() -> None:
    document = DOCUMENTS["asyncapi.json"]
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(document["info"])
    messages = document["components"]["messages"]
    assert set(messages) == set(REGISTRY)
    heard = set()
    for channel in document["channels"].values():
        assert set(channel) <= {"address", "messages", "parameters", "description"}
        fields = [part.split("}")[0] for part in (channel["address"] or "").split("{")[1:]]
        assert fields == list(channel.get("parameters", {}))
        for name, reference in channel["messages"].items():
            assert reference == {"$ref": f"#/components/messages/{name}"}
            heard.add(name)
    assert heard == set(REGISTRY)
    assert all(message["payload"]["$ref"].removeprefix("./") in DOCUMENTS for message in messages.values())
    assert all(message["headers"]["$ref"] == "#/components/schemas/headers" for message in messages.values())
    assert "headers" in document["components"]["schemas"]


def test_channels_are_the_destinations_of_the_contract() -> None:
    channels = DOCUMENTS["asyncapi.json"]["channels"]
    assert {key: channel["address"] for key, channel in channels.items()} == {
        "topic.epictopic": "/topic/epictopic",
        "topic.panda.workers": "/topic/panda.workers",
        "topic.panda.transformer": "/topic/panda.transformer",
        "queue.panda.slices.transformer": "/queue/panda.slices.transformer.{namespace}",
        "queue.panda.results.fastprocessing": "/queue/panda.results.fastprocessing.{namespace}",
        "queue.fastmon_control": "/queue/fastmon_control.{namespace}",
        "queue.workflow_control": "/queue/workflow_control.{namespace}",
        "queue.testbed.control": "/queue/testbed.{username}.control",
        "replies": None,
    }
    assert set(channels["queue.testbed.control"]["messages"]) == {
        "start_testbed",
        "stop_testbed",
        "restart",
        "status",
        "kill_agent",
        "ping",
    }


@given(bodies("slice_result"))
@settings(max_examples=10)
def test_a_result_names_its_stf_or_its_sample_file_does(document: dict[str, Any]) -> None:
    document["content"].pop("filename", None)
    document["content"]["tf_filename"] = "swf.1.000001_tf_002.tf"
    VALIDATORS["slice_result"](document)
    said = decode(json.dumps(document))
    assert isinstance(said, SliceResult)
    assert said.content.filename == "swf.1.000001.stf"
    document["content"]["tf_filename"] = "sample.tf"
    with pytest.raises(fastjsonschema.JsonSchemaException):
        VALIDATORS["slice_result"](document)
    with pytest.raises(NotAMessage, match="filename"):
        decode(json.dumps(document))
