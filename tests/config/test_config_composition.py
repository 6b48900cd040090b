"""From files and overrides to one configuration: what counts, and what is refused with the remedy."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swf_testbed.config.catalogue import catalogue, find_workflow, workflow_names
from swf_testbed.config.compose import compose
from swf_testbed.config.documents import Configuration
from swf_testbed.config.instance import instance_namespace, instance_parameters
from swf_testbed.config.layers import merge
from swf_testbed.config.overrides import parse_override
from swf_testbed.config.parameters import Parameters
from swf_testbed.model.errors import BadInput

TESTBED = '[testbed]\nnamespace = "test"\n'
SHIPPED_NAMES = ["fast_processing", "prompt_processing", "stf_datataking", "stf_processing"]
WORKFLOW = '[workflow]\nname = "mine"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "workflows").mkdir()
    write(tmp_path, "testbed", TESTBED)
    return tmp_path


def write(home: Path, name: str, text: str) -> Path:
    path = home / "testbed.toml" if name == "testbed" else home / "workflows" / f"{name}.toml"
    path.write_text(text)
    return path


def load(home: Path, text: str = "", **overrides: Any) -> Configuration:
    write(home, "mine", WORKFLOW + text)
    return compose(
        "mine", home, overrides={key.replace("__", "."): value for key, value in overrides.items()}
    ).configuration


def refusal(home: Path, text: str = "", **overrides: Any) -> str:
    with pytest.raises(BadInput) as refused:
        load(home, text, **overrides)
    return str(refused.value)


def test_what_comes_with_the_testbed_can_be_run(tmp_path: Path) -> None:
    configuration = compose("fast_processing", tmp_path).configuration
    assert configuration.testbed.namespace == "local"
    assert configuration.workflow.name == "stf_datataking"
    assert configuration.parameters.daq_state_machine.stf_count == 10
    assert configuration.agents["worker"].count == 2
    assert workflow_names(tmp_path) == SHIPPED_NAMES
    assert instance_namespace(tmp_path) == "local"


def test_each_layer_lies_over_the_one_before_key_by_key(home: Path) -> None:
    write(home, "one", "[daq_state_machine]\nstandby_duration = 1\nbeam_ready_delay = 1\nstf_interval = 1\n")
    write(
        home, "two", "[daq_state_machine]\nbeam_ready_delay = 2\nstf_interval = 2\nphysics_period_count = 2\n"
    )
    own = 'includes = ["one.toml", "two.toml"]\n[daq_state_machine]\n'
    own += "stf_interval = 3\nphysics_period_count = 3\n"
    write(home, "testbed", TESTBED + "[daq_state_machine]\nphysics_period_count = 4\nbroadcast_delay = 4\n")
    timing = load(home, own, daq_state_machine__broadcast_delay=5.0).parameters.daq_state_machine
    assert timing.standby_duration == 1
    assert timing.beam_ready_delay == 2
    assert timing.stf_interval == 3
    assert timing.physics_period_count == 4
    assert timing.broadcast_delay == 5
    assert timing.beam_not_ready_delay == 5


def test_includes_may_include_and_come_from_the_testbed_too(home: Path) -> None:
    write(home, "deep", '[workflow]\nname = "x"\nincludes = ["deeper.toml", "daq_state_machine.toml"]\n')
    write(home, "deeper", "[simulation]\nscale = 0.5\n[daq_state_machine]\nbeam_ready_delay = 77\n")
    parameters = load(home, 'includes = ["deep.toml"]\n').parameters
    assert parameters.simulation.scale == 0.5
    assert parameters.daq_state_machine.beam_ready_delay == 2


def test_a_ring_of_includes_is_named(home: Path) -> None:
    write(home, "a", '[workflow]\nincludes = ["b.toml"]\n')
    write(home, "b", '[workflow]\nincludes = ["a.toml"]\n')
    said = refusal(home, 'includes = ["a.toml"]\n')
    assert said == "includes = 'a.toml': includes itself: mine.toml → a.toml → b.toml → a.toml"


def test_an_included_file_that_is_missing_is_named(home: Path) -> None:
    said = refusal(home, 'includes = ["gone.toml"]\n')
    assert said == "includes = 'gone.toml': there is no such file beside mine.toml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("includes = 3\n", "workflow.includes = 3: must be a list of file names"),
        ("includes = [3]\n", "workflow.includes = [3]: must be a list of file names"),
        ("[fastmn]\nseed = 1\n", "section = 'fastmn': is not known; did you mean fastmon?"),
        ("[zzz]\n", "section = 'zzz': is not known; there are agents, alarms, daq_state_machine, "),
        ("[fastmon]\nsead = 1\n", "fastmon.sead = 1: is not known; did you mean seed?"),
        ("[agents.data]\nenable = true\n", "agents.data.enable = True: is not known; did you mean enabled?"),
        ("[agents.Data]\n", "agents.Data."),
        ("[parameters]\nstf_cuont = 1\n", "parameters = 'stf_cuont': is not known; did you mean stf_count?"),
        (
            "[parameters]\nseed = 1\n",
            "parameters = 'seed': is in fastmon and simulation; write it under the one",
        ),
        (
            "[daq_state_machine]\nstf_interval = 0\n",
            "daq_state_machine.stf_interval = 0: Input should be greater",
        ),
        (
            "[daq_state_machine]\nstf_interval = nan\n",
            "daq_state_machine.stf_interval = nan: Input should be",
        ),
        (
            "[daq_state_machine]\nstf_count = '5'\n",
            "daq_state_machine.stf_count = '5': Input should be a valid int",
        ),
        (
            "[daq_state_machine]\nstf_count = 2.0\n",
            "daq_state_machine.stf_count = 2.0: Input should be a valid int",
        ),
        ("[data]\nverify_checksum = 'no'\n", "data.verify_checksum = 'no': Input should be a valid boolean"),
        ("[simulation]\nscale = true\n", "simulation.scale = True: Input should be a valid number"),
        ("[fastmon]\npolicies = [3]\n", "fastmon.policies.0 = 3: Input should be a valid dictionary"),
        ("[[fastmon]]\nseed = 1\n", "fastmon = [{'seed': 1}]: must be a section, [fastmon]"),
        ("x = [", "is not TOML"),
        ("x = " + "[" * 5000, "is not TOML"),
        ("x = " + "9" * 5000, "is not TOML"),
    ],
    ids=range(20),
)
def test_what_is_wrong_in_a_file_is_named(home: Path, text: str, said: str) -> None:
    assert said in refusal(home, text)


@pytest.mark.parametrize("file", ["mine", "testbed"])
@pytest.mark.parametrize("section", ["workflow", "testbed", "agents", "parameters", "fastmon"])
def test_a_section_must_be_a_section(home: Path, file: str, section: str) -> None:
    write(home, "mine", WORKFLOW)
    path = write(home, file, f"{section} = 3\n")
    with pytest.raises(BadInput) as refused:
        compose("mine", home)
    assert str(refused.value) == f"{section} = 3: must be a section, [{section}] ({path})"


def test_loose_parameters_go_where_they_are_known(home: Path) -> None:
    parameters = load(home, "[parameters]\nstf_count = 3\nslices_per_sample = 4\n").parameters
    assert parameters.daq_state_machine.stf_count == 3
    assert parameters.fast_processing.slices_per_sample == 4


def test_a_loose_parameter_is_overridden_like_any_other(home: Path) -> None:
    text = "[parameters]\nstf_count = 3\nslices_per_sample = 4\n"
    write(home, "testbed", TESTBED + "[fast_processing]\nslices_per_sample = 5\n")
    parameters = load(home, text, daq_state_machine__stf_count=7).parameters
    assert parameters.daq_state_machine.stf_count == 7
    assert parameters.fast_processing.slices_per_sample == 5
    assert load(home, text, parameters__stf_count=8).parameters.daq_state_machine.stf_count == 8


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("stf_count", 5, "parameter = 'stf_count': must be named section.key"),
        ("fastmn.seed", 5, "fastmn.seed = 5: section fastmn is not known; did you mean fastmon?"),
        ("fastmon.sead", 5, "fastmon.sead = 5: is not known; did you mean seed?"),
        ("daq_state_machine.stf_count.x", 5, "daq_state_machine.stf_count.x = 5: stf_count is one value"),
        ("parameters.zzz", 5, "parameters = 'zzz': is not known"),
        ("daq_state_machine.stf_count", -1, "daq_state_machine.stf_count = -1: Input should be greater"),
        (
            "daq_state_machine.stf_count",
            "many",
            "daq_state_machine.stf_count = 'many': Input should be a valid",
        ),
        ("testbed.namespace", "a b", "testbed.namespace = 'a b': must be up to 64 of A-Z"),
    ],
)
def test_an_override_is_never_ignored_in_silence(home: Path, name: str, value: object, said: str) -> None:
    write(home, "mine", WORKFLOW + "[daq_state_machine]\nstf_count = 1\n")
    with pytest.raises(BadInput) as refused:
        compose("mine", home, overrides={name: value})
    assert said in str(refused.value)


def test_overrides_reach_into_tables(home: Path) -> None:
    write(home, "mine", WORKFLOW)
    overrides = {"agents.data.options.level": "high", "workflow.version": "2"}
    configuration = compose("mine", home, overrides=overrides).configuration
    assert configuration.agents["data"].options == {"level": "high"}
    assert configuration.workflow.version == "2"


@pytest.mark.parametrize("text", ["", "[testbed]\nnamespace = ''\n"])
def test_an_empty_namespace_says_where_to_set_it(home: Path, text: str) -> None:
    write(home, "testbed", text)
    said = "testbed.namespace = '': must not be empty: set it under [testbed] in testbed.toml"
    assert refusal(home) == said
    with pytest.raises(BadInput) as refused:
        instance_namespace(home)
    assert str(refused.value).endswith(said.removeprefix("testbed."))


def test_files_are_found_by_name_or_by_path(home: Path, tmp_path: Path) -> None:
    mine = write(home, "mine", WORKFLOW)
    default = write(home, "other_default", WORKFLOW)
    assert find_workflow("mine", home) == mine
    assert find_workflow("other", home) == default
    assert find_workflow(str(mine), home) == mine
    other = tmp_path / "elsewhere.toml"
    other.write_text('[testbed]\nnamespace = "other"\n')
    assert compose("mine", home, testbed_file=other).configuration.testbed.namespace == "other"
    with pytest.raises(BadInput, match="there is no such file"):
        find_workflow("gone.toml", home)
    with pytest.raises(BadInput, match="there is no such file"):
        compose("mine", home, testbed_file=tmp_path / "gone.toml")
    with pytest.raises(BadInput, match="cannot be read: Is a directory"):
        compose("mine", home, testbed_file=tmp_path)


@pytest.mark.parametrize("name", ["gone", "..", "a\0b", "x" * 5000, ""])
def test_an_unknown_workflow_says_which_there_are(home: Path, name: str) -> None:
    write(home, "mine", WORKFLOW)
    write(home, "broken", "x = [")
    there_are = ", ".join(sorted([*SHIPPED_NAMES, "mine"]))
    with pytest.raises(BadInput, match=f"no workflow of this name; there are: {there_are}$"):
        find_workflow(name, home)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b=5", 5),
        ("a.b=0.5", 0.5),
        ("a.b=true", True),
        ("a.b='x'", "x"),
        ("a.b=x y", "x y"),
        ("a.b=none", None),
        ("a.b='none'", "none"),
        ("a.b=", ""),
        ("a.b=[1,2]", [1, 2]),
        ("a.b=1=2", "1=2"),
        ("a.b=1\nc=2", "1\nc=2"),
        ("a.b=" + "9" * 5000, "9" * 5000),
    ],
)
def test_an_override_is_written_as_in_toml_or_as_plain_text(text: str, value: object) -> None:
    assert parse_override(text) == ("a.b", value)


@pytest.mark.parametrize("text", ["", "a.b", "a=5", "=5"])
def test_no_override(text: str) -> None:
    with pytest.raises(BadInput, match=r"--set = .*: must be section.key=value, like"):
        parse_override(text)


@given(st.text())
def test_any_text_is_an_override_or_refused(text: str) -> None:
    try:
        dotted, _ = parse_override(text)
    except BadInput:
        assert "=" not in text or "." not in text.partition("=")[0]
    else:
        assert dotted == text.partition("=")[0].strip()


tables = st.recursive(
    st.dictionaries(st.sampled_from("abc"), st.integers() | st.lists(st.integers(), max_size=2), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner | st.integers(), max_size=3),
    max_leaves=6,
)


@given(tables, tables, tables)
def test_merging_keeps_what_the_upper_says_whatever_is_merged_first(a: Any, b: Any, c: Any) -> None:
    assert merge(a, {}) == merge({}, a) == merge(a, a) == a
    assert set(merge(a, b)) == set(a) | set(b)
    flat = [
        {key: value for key, value in table.items() if not isinstance(value, dict)} for table in (a, b, c)
    ]
    assert merge(merge(*flat[:2]), flat[2]) == merge(flat[0], merge(*flat[1:]))


def test_parameters_are_stored_and_read_back(home: Path) -> None:
    text = "[fastmon]\npolicies = [{kind = 'every_n', n = 3}]\n[daq_state_machine]\nstf_interval = 3\n"
    configuration = load(home, text)
    stored = configuration.parameter_values()
    assert Parameters.model_validate(stored) == configuration.parameters
    assert stored["fastmon"]["policies"] == [{"kind": "every_n", "n": 3}]


def origins(home: Path, text: str = "", **overrides: Any) -> dict[str, str]:
    write(home, "mine", WORKFLOW + text)
    made = compose("mine", home, overrides=overrides, overrides_from="--set")
    return {value.name: value.origin for value in made.values()}


def test_every_value_says_where_it_came_from(home: Path) -> None:
    text = 'includes = ["daq_state_machine.toml"]\n[daq_state_machine]\nstf_interval = 3\n'
    text += "[parameters]\nstf_count = 4\nslices_per_sample = 4\n"
    write(home, "testbed", TESTBED + "[fast_processing]\nslices_per_sample = 5\n")
    said = origins(home, text, **{"simulation.scale": 0.5, "parameters.beam": "10x100"})
    mine, testbed = home / "workflows" / "mine.toml", home / "testbed.toml"
    assert said["testbed.namespace"] == f"{testbed} [testbed]"
    assert said["workflow.name"] == f"{mine} [workflow]"
    assert (
        said["daq_state_machine.standby_duration"] == "daq_state_machine.toml (shipped) [daq_state_machine]"
    )
    assert said["daq_state_machine.stf_interval"] == f"{mine} [daq_state_machine]"
    assert said["daq_state_machine.stf_count"] == f"{mine} [parameters]"
    assert said["fast_processing.slices_per_sample"] == f"{testbed} [fast_processing]"
    assert said["fastmon.seed"] == "default"
    assert said["simulation.scale"] == said["simulation.beam"] == "--set [simulation]"


def test_the_environment_comes_before_files_and_after_what_is_said_at_the_command(home: Path) -> None:
    write(home, "testbed", TESTBED + "[fastmon]\nselection_fraction = 0.2\ntf_files_per_stf = 3\nseed = 9\n")
    write(home, "mine", WORKFLOW)
    environment = {"fastmon.selection_fraction": 0.4, "fastmon.tf_files_per_stf": 4}
    made = compose("mine", home, environment=environment, overrides={"fastmon.tf_files_per_stf": 5})
    fastmon = made.configuration.parameters.fastmon
    assert (fastmon.selection_fraction, fastmon.tf_files_per_stf, fastmon.seed) == (0.4, 5, 9)
    origin = {value.name: value.origin for value in made.values()}
    assert origin["fastmon.selection_fraction"] == "environment [fastmon]"
    own = instance_parameters(home, None, environment).fastmon
    assert (own.selection_fraction, own.tf_files_per_stf, own.seed) == (0.4, 4, 9)


def test_an_override_does_not_speak_for_the_file_below_it(home: Path) -> None:
    """`none` takes back what the file says; the file goes on saying it."""
    write(home, "mine", WORKFLOW + "[daq_state_machine]\nstf_count = 4\n")
    made = compose("mine", home, overrides={"daq_state_machine.stf_count": None})
    assert made.configuration.parameters.daq_state_machine.stf_count is None
    assert [
        layer.table["daq_state_machine"]["stf_count"] for layer in made.layers if layer.says(STF_COUNT)
    ] == [4, None]


STF_COUNT = ("daq_state_machine", "stf_count")


def test_every_value_of_a_configuration_is_told_once_with_its_unit(home: Path) -> None:
    write(home, "mine", WORKFLOW + "[agents.data.options]\nlevel = 3\n")
    values = {value.name: value for value in compose("mine", home).values()}
    sections = Parameters.model_fields
    parameters = load(home).parameters.model_dump(mode="json")
    told = {name: value.value for name, value in values.items() if name.partition(".")[0] in sections}
    checks = parameters["fastmon"].pop("checks")
    parameters["fastmon"] |= {f"checks.{key}": value for key, value in checks.items() if key != "settings"}
    watcher = parameters["data"].pop("watcher")
    parameters["data"] |= {f"watcher.{key}": value for key, value in watcher.items()}
    assert told == {
        f"{section}.{key}": value
        for section in sections
        for key, value in parameters[section].items()
        if value != {}
    }
    assert values["fastmon.checks.window_s"].unit == "s"
    assert values["daq_state_machine.stf_interval"].unit == "s"
    assert values["daq_state_machine.stf_count"].unit == ""
    assert values["agents.data.options.level"].value == 3


def test_testbed_toml_is_no_workflow_over_another(home: Path) -> None:
    """Its [workflow] is what a bare `run` takes."""
    write(home, "testbed", TESTBED + '[workflow]\nname = "other"\nincludes = ["gone.toml"]\n')
    assert load(home).workflow.name == "mine"
    own = TESTBED + '[workflow]\nname = "other"\nincludes = ["daq_state_machine.toml"]\n'
    path = write(home, "testbed", own)
    assert compose(str(path), home).configuration.workflow.name == "other"


def test_what_a_workflow_includes_it_is_called_too(home: Path) -> None:
    write(home, "mine", '[workflow]\nname = "mine"\nincludes = ["fast_processing_default.toml"]\n')
    assert compose("mine", home).workflow_names == ("mine", "stf_datataking")
    said = compose("mine", home, overrides={"workflow.name": "yours"}).workflow_names
    assert said == ("yours", "mine", "stf_datataking")


def test_workflows_of_the_search_path_come_first(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    own = folder / "fast_processing.toml"
    own.write_text(WORKFLOW)
    assert find_workflow("fast_processing", home, [folder]) == own
    listed = {entry.name: entry for entry in catalogue(home, [folder, tmp_path / "gone"])}
    assert listed["fast_processing"].path == own
    assert listed["fast_processing"].workflow == "mine"
    assert sorted(listed) == SHIPPED_NAMES


@given(
    st.text() | st.text("ab/.~\0") | st.text().map(lambda text: f"{text}.toml") | st.just("/" + "x" * 9999)
)
def test_any_text_names_a_workflow_or_is_refused(name: str) -> None:
    with contextlib.suppress(BadInput):
        assert find_workflow(name, Path("/nowhere")).suffix == ".toml"


@pytest.mark.parametrize("said", ["mine.toml", "mine.py", "mine"])
def test_a_path_may_have_the_ending_of_either_file_or_none(home: Path, said: str) -> None:
    path = write(home, "mine", WORKFLOW)
    assert find_workflow(f"{path.parent}/{said}", home) == path
    with pytest.raises(BadInput, match="there is no such file"):
        find_workflow(f"{path.parent}/gone/\0/{said}", home)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
sections = st.sampled_from([*Parameters.model_fields, "testbed", "workflow", "agents", "parameters"])
known = st.sampled_from(["namespace", "name", "version", "includes", "data", "enabled", "options"])
names = st.lists(known | st.text(max_size=5), min_size=1, max_size=3)
dotted = st.tuples(sections | st.text(max_size=5), names).map(lambda parts: ".".join([parts[0], *parts[1]]))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(dotted, values, min_size=1, max_size=3))
def test_whatever_a_message_overrides_is_a_configuration_or_refused(home: Path, said: dict[str, Any]) -> None:
    write(home, "mine", WORKFLOW)
    with contextlib.suppress(BadInput):
        made = compose("mine", home, overrides=said)
        assert (
            Parameters.model_validate(made.configuration.parameter_values()) == made.configuration.parameters
        )
        assert all(value.origin for value in made.values())


SHIPPED_TABLE = {
    "stf_count": 10,
    "physics_period_count": 1,
    "target_worker_count": 30,
    "stf_sampling_rate": 0.05,
    "slices_per_sample": 15,
    "slice_processing_time": 30,
    "worker_rampup_time": 300,
    "worker_rampdown_time": 60,
}


def test_fast_processing_is_shipped_as_the_field_runs_it(tmp_path: Path) -> None:
    values = {value.name.partition(".")[2]: value for value in compose("fast_processing", tmp_path).values()}
    assert {name: values[name].value for name in SHIPPED_TABLE} == SHIPPED_TABLE
    assert all(values[name].origin.startswith("fast_processing_default.toml (ship") for name in SHIPPED_TABLE)
