"""A user's own workflow: how its file is found, what is refused, and that the template works."""

import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from swf_testbed.config.compose import compose
from swf_testbed.config.environment import load_settings
from swf_testbed.messages import EndRun, StartRun, StateChanged, StfGen
from swf_testbed.messages.lifecycle import InState
from swf_testbed.model.errors import BadInput, Refused
from swf_testbed.workflows.code import SHIPPED_CODE, find_code, load_code
from swf_testbed.workflows.environment import WorkflowEnvironment
from swf_testbed.workflows.new import new_workflow
from swf_testbed.workflows.preparation import prepare
from swf_testbed.workflows.rehearsal import Rehearsal, rehearse

TESTBED = '[testbed]\nnamespace = "test"\n'
TOML = '[workflow]\nname = "mine"\n'
CODE = "def execute(env):\n    yield env.timeout(1)\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "testbed.toml").write_text(TESTBED)
    return tmp_path


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(text)


def found(home: Path, name: str, search: tuple[Path, ...] = ()) -> Path:
    return find_code(compose(name, home, search=search), home, search)


def test_the_shipped_configurations_run_the_one_workflow_of_the_daq(home: Path) -> None:
    for name in ("fast_processing", "stf_processing", "prompt_processing", "stf_datataking"):
        assert found(home, name) == SHIPPED_CODE / "stf_datataking.py"


def test_code_is_found_beside_its_configuration_in_any_folder(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    write(folder, mine_toml=TOML, mine_py=CODE)
    assert found(home, str(folder / "mine.toml")) == folder / "mine.py"
    assert found(home, "mine", (folder,)) == folder / "mine.py"
    write(home / "workflows", mine_toml=TOML, mine_py=CODE)
    assert found(home, "mine") == home / "workflows" / "mine.py"


def test_one_s_own_code_comes_before_that_of_what_is_included(home: Path) -> None:
    toml = TOML + 'includes = ["fast_processing_default.toml"]\n'
    write(home / "workflows", mine_toml=toml)
    assert found(home, "mine") == SHIPPED_CODE / "stf_datataking.py"
    write(home / "workflows", mine_py=CODE)
    assert found(home, "mine") == home / "workflows" / "mine.py"


def test_code_that_is_not_there_says_how_to_get_it(home: Path) -> None:
    write(home / "workflows", mine_toml=TOML)
    with pytest.raises(BadInput, match=r"there is no mine\.py beside mine\.toml; write it \(`testbed new-w"):
        found(home, "mine")


OPTIONS = """\
from swf_testbed.workflows.environment import WorkflowOptions
class Options(WorkflowOptions):
    number: int = 3
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "must have a process, `def execute(env):`"),
        ("execute = 3\n", "must have a process, `def execute(env):`"),
        ("x = 1\ndef execute(env:\n", "does not load: SyntaxError in line 2: "),
        (
            "x = 1\n\nx.y\n" + CODE,
            "does not load: AttributeError in line 3: 'int' object has no attribute 'y'",
        ),
        ("import not_there_at_all\n", "does not load: ModuleNotFoundError in line 1: No module named"),
        ("raise SystemExit(3)\n", "does not load: SystemExit in line 1: 3"),
        (CODE + "Options = 3\n", "its Options must be a class derived from WorkflowOptions"),
        (CODE + "class Options: pass\n", "its Options must be a class derived from WorkflowOptions"),
    ],
)
def test_a_file_that_is_no_workflow_says_why_and_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(BadInput) as refused:
        load_code(path)
    assert str(path)[:60] in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"numbr": 3}, "options.numbr = 3: is not known; did you mean number?"),
        ({"number": "3"}, "options.number = '3': Input should be a valid integer"),
        ({"zzz": 1}, "options.zzz = 1: is not known; there are number"),
    ],
)
def test_options_are_those_that_the_file_has(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(OPTIONS + CODE)
    code = load_code(path)
    assert code.options_of({}).model_dump() == {"number": 3}
    assert code.options_of({"number": 5}).model_dump() == {"number": 5}
    with pytest.raises(BadInput) as refused:
        code.options_of(options)
    assert said in str(refused.value)


def test_without_options_none_may_be_said(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(CODE)
    with pytest.raises(BadInput, match=r"options\.n = 3: is not known"):
        load_code(path).options_of({"n": 3})


def test_code_that_others_may_write_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("raise SystemExit('it was run')\n")
    path.chmod(0o646)
    with pytest.raises(BadInput, match="must be owned by you, and writable by nobody else"):
        load_code(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another")
def test_code_of_another_user_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("raise SystemExit('it was run')\n")
    os.chown(path, 65534, 65534)
    with pytest.raises(BadInput, match="must be owned by you, and writable by nobody else"):
        load_code(path)


def test_two_versions_of_a_file_live_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("N = 1\ndef execute(env):\n    env.log(N)\n")
    one = load_code(path)
    path.write_text("N = 2\ndef execute(env):\n    env.log(N)\n")
    two = load_code(path)
    said: list[int] = []
    for code in (one, two, one):
        code.execute(cast("WorkflowEnvironment[Any]", SimpleNamespace(log=said.append)))
    assert said == [1, 2, 1]


def test_the_template_is_a_workflow_under_any_name(home: Path) -> None:
    paths = new_workflow("calibrate_2", home / "workflows")
    assert [path.name for path in paths] == ["calibrate_2.py", "calibrate_2.toml"]
    made = compose("calibrate_2", home)
    code = load_code(find_code(made, home))
    options = code.options_of(made.configuration.parameters.options)
    assert options.model_dump() == {"periods": 2, "stfs_per_period": 2, "pause": 5.0}
    assert code.options_of({}) == options
    assert "my_workflow" not in "".join(path.read_text() for path in paths)


def test_a_new_workflow_never_replaces_one(home: Path) -> None:
    folder = home / "workflows"
    (folder / "mine.toml").write_text("kept")
    with pytest.raises(Refused, match=r"mine\.toml is there already"):
        new_workflow("mine", folder)
    assert sorted(path.name for path in folder.iterdir()) == ["mine.toml"]


@pytest.mark.parametrize(
    "name", ["fast_processing_default", "stf_datataking", "../x", "Mine", "", "a b", "a/b"]
)
def test_a_new_workflow_needs_a_name_of_its_own(home: Path, name: str) -> None:
    with pytest.raises(BadInput):
        new_workflow(name, home / "workflows")
    assert not list((home / "workflows").iterdir())


def rehearsed(home: Path, **options: Any) -> Rehearsal:
    overrides = {f"options.{name}": value for name, value in options.items()}
    return rehearse(
        prepare("mine", load_settings({"SWF_HOME": str(home)}), overrides=overrides), limit_s=1000
    )


def test_a_rehearsal_says_what_a_run_would_say_and_writes_nothing(home: Path) -> None:
    new_workflow("mine", home / "workflows")
    before = sorted(home.rglob("*"))
    done = rehearsed(home, periods=3, stfs_per_period=4)
    assert done.reason == "completed"
    assert done.simulated_s == pytest.approx(13 + 3 * 8 + 2 * 5 + 5)
    kinds = [message.msg_type for message in done.messages if isinstance(message, InState)]
    assert kinds == [
        "run_imminent",
        "start_run",
        *["stf_gen"] * 4,
        *["pause_run", "resume_run", *["stf_gen"] * 4] * 2,
        "end_run",
    ]
    assert sorted(home.rglob("*")) == before


TWO_RUNS = """
def execute(env):
    env.enter("no_beam", "not_ready")
    for _ in range(2):
        env.enter("beam", "not_ready")
        env.enter("beam", "ready")
        env.enter("run", "physics")
        yield from env.take_stf()
        env.enter("beam", "not_ready")
        env.enter("no_beam", "not_ready")
    yield env.timeout(1)
"""
ENDLESS = TWO_RUNS.replace("for _ in range(2):", "while True:")


def test_each_run_of_a_workflow_has_a_number_of_its_own(home: Path) -> None:
    write(home / "workflows", mine_toml=TOML, mine_py=TWO_RUNS)
    said = rehearsed(home).messages
    numbers = [message.run_id for message in said if isinstance(message, StartRun | EndRun)]
    assert numbers == [100_010, 100_010, 100_011, 100_011]
    names = [message.filename for message in said if isinstance(message, StfGen)]
    assert names == ["swf.100010.000001.stf", "swf.100011.000001.stf"]


SIDE_BY_SIDE = """
from __future__ import annotations
from typing import Annotated
from pydantic import Field
from swf_testbed.workflows.environment import WorkflowOptions

class Options(WorkflowOptions):
    rounds: Annotated[int, Field(ge=1)] = 2

def execute(env):
    env.enter("no_beam", "not_ready")
    env.enter("beam", "not_ready")
    env.enter("beam", "ready")
    env.enter("run", "physics")
    for _ in range(env.options.rounds):
        yield env.all_of([env.process(env.take_stf()), env.process(env.take_stf("luminosity"))])
"""


def test_streams_are_taken_side_by_side_and_counted_apart(home: Path) -> None:
    streams = '[[simulation.streams]]\nname = "luminosity"\n'
    write(home / "workflows", mine_toml=TOML + streams, mine_py=SIDE_BY_SIDE)
    done = rehearsed(home, rounds=3)
    files = [message for message in done.messages if isinstance(message, StfGen)]
    taken = {(message.stream, message.sequence) for message in files}
    assert taken == {(stream, number) for stream in ("main", "luminosity") for number in (1, 2, 3)}
    assert done.simulated_s == pytest.approx(3 * 2.0)


def test_a_rehearsal_of_a_workflow_without_end_ends(home: Path) -> None:
    write(home / "workflows", mine_toml=TOML, mine_py=ENDLESS)
    done = rehearsed(home)
    assert done.reason == "a rehearsal ends after 1000 simulated seconds"
    assert isinstance(done.messages[-1], EndRun | StateChanged)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (
            "def execute(env):\n    return None\n",
            "execute(env) = 'NoneType': must be a process: let it `yield`",
        ),
        ("def execute(env):\n    yield 3\n", "Invalid yield value"),
        ("def execute():\n    yield 3\n", "takes 0 positional arguments"),
        (ENDLESS.replace("env.take_stf()", "env.take_stf('side')"), "stream = 'side': must be one of main"),
        (
            ENDLESS.replace('env.enter("run", "physics")', ""),
            "no data is taken in beam/ready, only in run/physics",
        ),
        (
            ENDLESS.replace('"run", "physics"', '"run", "fizzics"'),
            "substate = 'fizzics': with state run, must be",
        ),
    ],
    ids=range(6),
)
def test_what_is_wrong_in_a_workflow_is_said_in_words(home: Path, code: str, error: str) -> None:
    write(home / "workflows", mine_toml=TOML, mine_py=code)
    with pytest.raises(Exception, match=re.escape(error)):
        rehearsed(home)
