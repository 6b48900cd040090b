"""What a host is given to run, container files and the brokers' configurations, says what the code says."""

import json
import os
import re
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import fastjsonschema
import pytest
import yaml

from swf_testbed.config.settings import Settings
from swf_testbed.model import destinations

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
CORE = "{urn:activemq:core}"
SCHEMA = (
    Path(__file__).with_name("containers") / "node_modules" / "dclint" / "schemas" / "compose.schema.json"
)
HADOLINT = Path(sysconfig.get_path("scripts")) / "hadolint"


def variables() -> dict[str, tuple[str, str]]:
    """What compose is told: for each name whether it has a default or must be said, and the text."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    return {name: (kind, said) for name, kind, said in _VARIABLE.findall(text)}


def need(file: Path, remedy: str) -> None:
    """What is absent is named; in CI it fails."""
    if not file.exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{file.name} is absent ({remedy})")


@pytest.fixture
def validate() -> Callable[[Any], Any]:
    """What the Compose Specification says of a compose file."""
    need(SCHEMA, "npm ci --prefix tests/house/containers")
    schema = json.loads(SCHEMA.read_text("utf-8"))
    # As it names its own metaschema, the library would not know it.
    compiled: Callable[[Any], Any] = fastjsonschema.compile(
        schema | {"$schema": "http://json-schema.org/draft-07/schema"}
    )
    return compiled


def test_the_compose_file_is_one_by_its_specification(validate: Callable[[Any], Any]) -> None:
    validate(COMPOSE)


@pytest.mark.parametrize(
    ("name", "value"),
    [("portz", []), ("ports", "61613"), ("healthcheck", {"intervall": "2s"}), ("restart", True)],
)
def test_a_slip_in_the_compose_file_would_be_found(
    validate: Callable[[Any], Any], name: str, value: Any
) -> None:
    slipped = COMPOSE | {"services": SERVICES | {"broker": SERVICES["broker"] | {name: value}}}
    with pytest.raises(fastjsonschema.JsonSchemaException, match="broker"):
        validate(slipped)


def lint(dockerfile: str) -> subprocess.CompletedProcess[str]:
    need(HADOLINT, "it is among requirements-test.lock")
    return subprocess.run(
        [HADOLINT, "--no-color", "-"], input=dockerfile, capture_output=True, text=True, check=False
    )


def test_the_dockerfile_has_nothing_that_its_linter_finds() -> None:
    found = lint(DOCKERFILE)
    assert (found.returncode, found.stdout) == (0, "")


def test_the_linter_of_the_dockerfile_would_find_something() -> None:
    found = lint(DOCKERFILE.replace("--no-cache-dir ", ""))
    assert found.returncode == 1
    assert "DL3042" in found.stdout


def test_defaults_are_those_of_the_code() -> None:
    code = Settings(SWF_HOME=ROOT)
    defaults = {name: said for name, (kind, said) in variables().items() if kind == "-"}
    assert defaults == {
        "ACTIVEMQ_USER": code.activemq_user,
        "ACTIVEMQ_PORT": str(code.activemq_port),
        "DB_NAME": code.db_name,
        "DB_USER": code.db_user,
        "DB_PORT": str(code.db_port),
        "REDIS_PORT": "6379",
    }
    assert code.activemq_host == code.db_host == "127.0.0.1"


def test_passwords_must_be_said() -> None:
    required = {name for name, (kind, _) in variables().items() if kind == "?"}
    assert required == {"ACTIVEMQ_PASSWORD", "DB_PASSWORD", "REDIS_PASSWORD"}
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            assert "PASSWORD" not in name or _VARIABLE.fullmatch(value), name
    assert SERVICES["broker"]["environment"]["ANONYMOUS_LOGIN"] == "false"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_of_this_machine_alone_and_tells_its_health(name: str) -> None:
    service = SERVICES[name]
    assert all(str(port).startswith("127.0.0.1:") for port in service["ports"])
    assert service["healthcheck"]["test"]
    assert re.search(r":\d", service["image"]), "an image has a version"
    assert not {"privileged", "network_mode", "cap_add"} & set(service)


def test_volumes_that_are_used_are_declared_and_files_are_there() -> None:
    mounts = [mount.split(":") for service in SERVICES.values() for mount in service.get("volumes", ())]
    named = {source for source, *_ in mounts if not source.startswith(".")}
    assert named == set(COMPOSE["volumes"])
    for source, _, *options in mounts:
        if source.startswith("."):
            assert (ROOT / source).is_file()
            assert options == ["ro"]


def test_the_image_runs_as_an_ordinary_user_with_what_the_lock_says() -> None:
    lines = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    [base] = [line for line in lines if line.startswith("FROM")]
    assert re.fullmatch(r"FROM python:3\.\d+-slim-\w+", base)
    [user] = [line.split()[1] for line in lines if line.startswith("USER")]
    assert user.isdigit(), "a number is checked by runAsNonRoot"
    assert int(user) > 0
    assert "--require-hashes --requirement requirements.lock" in DOCKERFILE
    assert not re.search(r"(PASSWORD|TOKEN|SECRET)\s*=", DOCKERFILE)


def test_the_broker_has_the_addresses_of_the_fast_processing() -> None:
    root = ElementTree.parse(ROOT / "deploy" / "artemis" / "broker.xml").getroot()  # noqa: S314  # our own
    kinds = {
        address.get("name"): {child.tag.removeprefix(CORE) for child in address}
        for address in root.iter(f"{CORE}address")
    }
    for topic in (destinations.EVENTS, destinations.WORKERS, destinations.TRANSFORMER):
        assert kinds[topic] == {"multicast"}
    for place in ("slices", "results"):
        [address] = [one for one in root.iter(f"{CORE}address") if one.get("name") == f"/topic/panda.{place}"]
        queues = [queue.get("name") for queue in address.iter(f"{CORE}queue")]
        assert queues[0] == f"/queue/panda.{place}.idds"
        assert all(kinds[queue] == {"anycast"} for queue in queues)
        # Our own are named alike, with a namespace after it.
        ours = destinations.slices("n") if place == "slices" else destinations.results("n")
        assert ours == f"{queues[1]}.n"


def test_tests_and_containers_have_one_artemis() -> None:
    script = (ROOT / "tools" / "get_artemis").read_text("utf-8")
    [version] = re.findall(r"^version=(.+)$", script, re.MULTILINE)
    assert SERVICES["broker"]["image"].startswith(f"apache/activemq-artemis:{version}")
