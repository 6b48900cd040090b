"""Looking at configurations and workflows from the command line, without any service."""

import json

from command_home import Home

MINE = "[workflow]\nname = 'mine'\nversion = '7'\nincludes = ['fast_processing_default.toml']\n"


def with_mine(bare: Home) -> Home:
    (bare.path / "workflows").mkdir()
    (bare.path / "workflows" / "mine.toml").write_text(MINE)
    return bare


def test_what_can_be_run_is_listed(bare: Home) -> None:
    done = with_mine(bare).do("config", "list", "--json")
    assert done.returncode == 0, done.stderr
    listed = {one["name"]: one for one in json.loads(done.stdout)}
    assert {"mine", "fast_processing", "stf_processing"} <= set(listed)
    assert listed["mine"]["version"] == "7"
    assert "mine" in bare.do("config", "list").stdout


def test_a_configuration_is_shown_whole_and_with_its_origins(bare: Home) -> None:
    with_mine(bare)
    words = ("config", "show", "mine", "--json", "--set", "fastmon.seed=5")
    plain = json.loads(bare.do(*words).stdout)
    assert plain["fast_processing"]["slices_per_sample"] == 15
    told = json.loads(bare.do(*words, "--origin").stdout)
    assert told["fastmon.seed"] == {"value": 5, "unit": None, "origin": "--set [fastmon]"}
    assert told["fast_processing.slice_processing_time"]["unit"] == "s"
    assert told["fast_processing.slices_per_sample"]["origin"].startswith(
        "fast_processing_default.toml (shipped)"
    )
    assert told["data.verify_checksum"]["origin"] == "default"


def test_what_is_wrong_is_said_in_one_line(bare: Home) -> None:
    with_mine(bare)
    for words in (("config", "show"), ("rehearse",), ("run",)):
        done = bare.do(*words, "mine", "--set", "fastmon.sead=5")
        assert done.returncode == 2
        assert done.stderr == "testbed: fastmon.sead = 5: is not known; did you mean seed?\n"
        assert done.stdout == ""


def test_a_workflow_is_begun_anywhere_and_run_by_its_path(bare: Home) -> None:
    folder = bare.path / "elsewhere"
    made = bare.do("new-workflow", "pulses", "--folder", str(folder))
    assert made.returncode == 0, made.stderr
    assert f"testbed run {folder / 'pulses.toml'}" in made.stdout
    by_path = bare.do("rehearse", str(folder / "pulses.toml"), "--json")
    by_name = bare.do("rehearse", "pulses", "--json", SWF_WORKFLOW_PATH=f"/nowhere:{folder}")
    assert by_name.returncode == by_path.returncode == 0, by_name.stderr
    kinds = [[one["msg_type"] for one in json.loads(done.stdout)] for done in (by_path, by_name)]
    assert kinds[0] == kinds[1]
    assert kinds[0].count("stf_gen") == 4
    assert bare.do("new-workflow", "pulses", "--folder", str(folder)).returncode == 2
