"""Ten thousand bodies that no agent should have to see."""

import json
import random
from collections.abc import Iterator
from typing import Any

from swf_testbed.messages import REGISTRY

_WRONG: tuple[Any, ...] = (
    None,
    "",
    "x" * 5000,
    -1,
    2**80,
    1e308,
    [],
    {},
    [[]],
    True,
    "\ud800",
    "\x00",
    "../../etc/passwd",
)
_NOT_JSON = (
    b"",
    b"\x00",
    b"{",
    b"[1, 2",
    b"NaN",
    b"\xff\xfe\xfd",
    b"[" * 50_000,
    b'{"a":' * 20_000,
    b"null",
    b'"text"',
)


def hostile_bodies(count: int, namespace: str, seed: int = 1) -> Iterator[bytes]:
    """Not JSON, wrong types, missing fields, huge, of another namespace: repeatable by its seed."""
    chance = random.Random(seed)  # repeatable, not secret
    makers = (_not_json, _wrong_types, _missing_fields, _another_namespace, _huge)
    for number in range(count):
        # A huge one now and then: they are slow to make, not to refuse.
        maker = _huge if number % 1000 == 999 else chance.choice(makers[:-1])
        yield maker(chance, namespace)


def _not_json(chance: random.Random, namespace: str) -> bytes:
    del namespace
    return chance.choice(_NOT_JSON)


def _wrong_types(chance: random.Random, namespace: str) -> bytes:
    name = chance.choice(sorted(REGISTRY))
    said = {field: chance.choice(_WRONG) for field in REGISTRY[name].model_fields}
    return json.dumps({**said, "msg_type": name, "namespace": namespace}).encode()


def _missing_fields(chance: random.Random, namespace: str) -> bytes:
    name = chance.choice(["slice", "stf_gen", "stf_ready", "tf_file_registered", "slice_result", "end_run"])
    return json.dumps({"msg_type": name, "namespace": namespace, "sender": "hostile", "run_id": 1}).encode()


def _another_namespace(chance: random.Random, namespace: str) -> bytes:
    said = {
        "msg_type": "start_run",
        "sender": "hostile",
        "run_id": chance.randrange(2**31),
        "simulation_tick": 1.0,
    }
    return json.dumps(
        {**said, "namespace": f"not-{namespace}", "state": "run", "substate": "physics"}
    ).encode()


def _huge(chance: random.Random, namespace: str) -> bytes:
    said = {"msg_type": "stf_gen", "namespace": namespace, "sender": "s" * chance.randrange(10**6, 2 * 10**6)}
    return json.dumps(said).encode()
