"""Products and checks of one's own: the tutorial's file does what it says, and mistakes are named."""

import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from judged_runs import KEY, T0, judged

from documented import Guide
from swf_testbed.config.fastmon import Checks
from swf_testbed.fastmon import plugins
from swf_testbed.fastmon.checks.base import CHECKS
from swf_testbed.fastmon.counts import ProductKey
from swf_testbed.fastmon.products import REGISTRY
from swf_testbed.fastmon.reference import make_reference
from swf_testbed.model.errors import BadInput
from swf_testbed.model.status import Quality

GUIDE = Guide("tutorials/your-own-check.md")
FILE = "\n\n".join(GUIDE.block(one) for one in ("import numpy as np", "class Saturation("))


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What a plug-in registers is forgotten."""
    checks, products = dict(CHECKS), dict(REGISTRY)
    yield
    for registry, before in ((CHECKS, checks), (REGISTRY, products)):
        for name in set(registry) - set(before):
            del registry[name]


@pytest.fixture
def tutorial(tmp_path: Path) -> list[str]:
    """The tutorial's file, and what its configuration says."""
    (tmp_path / "saturation.py").write_text(FILE, "utf-8")
    said = tomllib.loads(GUIDE.block("[fastmon]"))["fastmon"]["plugins"]
    return [str(tmp_path / name) for name in said]


def test_the_tutorials_product_is_counted_and_its_check_finds_what_it_is_for(tutorial: list[str]) -> None:
    assert [cls.name for cls in plugins.load(tutorial)] == ["saturated", "saturation"]
    others = Checks(off=tuple(sorted(set(CHECKS) - {"saturation"})))
    good = judged(21, 11, configured=others)
    good.finish()
    reference = make_reference(KEY, 1, {1: good.profile}, T0, "alice")
    fault = {"kind": "gain", "detector": "bhcal", "factor": 3.0, "first_tf": 800}
    judge = judged(22, 4, [fault], reference, others)
    flags = {flag.subsystem: flag for flag in judge.standing()}
    assert {name for name, flag in flags.items() if flag.quality is Quality.BAD} == {"bhcal"}
    assert flags["bhcal"].kind == "saturation"
    assert "at the end of the range" in flags["bhcal"].reason
    assert judge.windows.run is not None
    counted = judge.windows.run.sums.bins
    adc, saturated = (counted[ProductKey("bhcal", name)] for name in ("adc", "saturated"))
    assert adc.sum() == saturated.sum()


def test_loading_again_changes_nothing(tutorial: list[str]) -> None:
    assert plugins.load(tutorial) == plugins.load(tutorial)


def test_installed_packages_bring_theirs_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "saturation.py").write_text(FILE, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    groups = tomllib.loads(GUIDE.block("[project.entry-points"))["project"]["entry-points"]
    named = groups[plugins.GROUP].items()
    entries = [EntryPoint(name, value, plugins.GROUP) for name, value in named]
    monkeypatch.setattr(plugins, "entry_points", lambda group: entries if group == plugins.GROUP else [])
    plugins.load()
    assert "saturated" in REGISTRY
    assert "saturation" in CHECKS


NEITHER = "must be a class derived from SubsystemCheck, RunCheck, HitProduct or Trend"


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("nothing", "must be module:Class or file.py:Class"),
        (":Thing", "must be module:Class or file.py:Class"),
        ("no_such:Thing", "cannot be loaded: ModuleNotFoundError: No module named 'no_such'"),
        (
            "/no/such.py:Thing",
            "cannot be loaded: FileNotFoundError: [Errno 2] No such file or directory: '/no/such.py'",
        ),
        ("json:Nothing", "cannot be loaded: AttributeError: module 'json' has no attribute 'Nothing'"),
        ("json:loads", NEITHER),
        ("json:JSONDecoder", NEITHER),
    ],
)
def test_a_mistake_is_named(name: str, allowed: str) -> None:
    with pytest.raises(BadInput) as refused:
        plugins.load([name])
    assert (refused.value.field, refused.value.value, refused.value.allowed) == (
        "fastmon.plugins",
        name,
        allowed,
    )


def test_files_of_one_name_in_two_folders_are_two_plugins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their path from home, too."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(
            "from pathlib import Path\n"
            "from swf_testbed.fastmon.products import AdcSpectrum\n"
            f"class Mine(AdcSpectrum):\n    name, here = 'mine_{folder}', Path(__file__).parent.name\n"
        )
    monkeypatch.setenv("HOME", str(tmp_path))
    named = ["~/one/mine.py:Mine", f"{tmp_path}/two/mine.py:Mine"]
    made = plugins.load(named)
    assert [(cls.name, vars(cls)["here"]) for cls in made] == [("mine_one", "one"), ("mine_two", "two")]
    assert plugins.load([f"{tmp_path}/one/mine.py:Mine"]) == made[:1]


def test_a_file_that_failed_can_be_mended_and_loaded(tmp_path: Path) -> None:
    file = tmp_path / "mended.py"
    file.write_text("import no_such_module\n")
    with pytest.raises(BadInput, match="no_such_module"):
        plugins.load([f"{file}:Mine"])
    file.write_text(
        "from swf_testbed.fastmon.products import AdcSpectrum\n"
        "class Mine(AdcSpectrum):\n    name = 'mended_by_its_author'\n"
    )
    assert [cls.name for cls in plugins.load([f"{file}:Mine"])] == ["mended_by_its_author"]
    assert type(REGISTRY["mended_by_its_author"]).__module__ == f"swf_plugin {tmp_path.resolve()}/mended"


def test_a_file_that_fails_and_a_name_that_is_taken_are_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("1 / 0\n")
    with pytest.raises(BadInput, match="ZeroDivisionError"):
        plugins.load([f"{broken}:Thing"])
    taken = tmp_path / "taken.py"
    taken.write_text(
        "from swf_testbed.fastmon.checks.gain import Gain as Old\n"
        "from swf_testbed.fastmon.products import AdcSpectrum\n"
        "class Gain(Old):\n    pass\n"
        "class Adc(AdcSpectrum):\n    pass\n"
    )
    for name, told in (("Gain", "a check gain already"), ("Adc", "a product adc already")):
        with pytest.raises(BadInput, match=f"^fastmon.plugins = .*: there is {told}$") as refused:
            plugins.load([f"{taken}:{name}"])
        assert refused.value.value == f"{taken}:{name}"
    assert CHECKS["gain"].__module__.endswith("checks.gain")
    assert type(REGISTRY["adc"]).__name__ == "AdcSpectrum"
