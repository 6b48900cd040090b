"""Products and checks of one's own: the tutorial's file does what it says, and mistakes are named."""

import re
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


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nothing", "must be module:Class"),
        ("no_such_module:Thing", "ModuleNotFoundError"),
        ("no_such_file.py:Thing", "FileNotFoundError"),
        ("json:Nothing", "AttributeError"),
        ("json:loads", "must be a class derived from"),
        ("json:JSONDecoder", "must be a class derived from"),
    ],
)
def test_a_mistake_is_named(name: str, told: str) -> None:
    with pytest.raises(BadInput, match=re.escape(told)) as error:
        plugins.load([name])
    assert error.value.field == "fastmon.plugins"


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
        with pytest.raises(BadInput, match=told):
            plugins.load([f"{taken}:{name}"])
    assert CHECKS["gain"].__module__.endswith("checks.gain")
    assert type(REGISTRY["adc"]).__name__ == "AdcSpectrum"
