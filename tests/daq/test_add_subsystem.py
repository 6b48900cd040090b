"""The entry of `docs/how-to/add-a-subsystem.md` is enough: files and histograms have it."""

import json
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from documented import Guide
from swf_testbed.model import detectors

ENTRY = Guide("how-to/add-a-subsystem.md").block("[[detector]]")

_TRY = """
import json, sys, tomllib
from pathlib import Path

from swf_testbed.model import detectors as model

model._table = lambda: tomllib.loads(Path("detectors.toml").read_text("utf-8"))

from swf_testbed.config.simulation import Simulation
from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.simulator import StfSlot
from swf_testbed.fastmon.fill import products_of_frames
from swf_testbed.model.names import StfName
from swf_testbed.model.states import PHYSICS
from swf_testbed.stf.reader import StfReader

folder = Path(sys.argv[1])
if not folder.exists():
    buffer = ExitBuffer(folder, run=100010, simulation=Simulation(tf_per_stf=20, scale=0.05))
    name = StfName(run=100010, sequence=1)
    buffer.write(StfSlot(name, PHYSICS, t0_ns=1_800_000_000_000_000_000, run_s=0.0))
[file] = folder.glob("*.stf")
with StfReader.open(file) as reader:
    products, problems = products_of_frames(reader, range(20))
    names = [one.name for one in reader.header.detectors]
counts = {key.subsystem: counted.total() for key, counted in products.counts.items() if key.product == "adc"}
print(json.dumps({"names": names, "counts": counts, "problems": problems}))
"""


@pytest.fixture
def shipped() -> str:
    return files("swf_testbed.model").joinpath("detectors.toml").read_text("utf-8")


def tried(home: Path, table: str, folder: str) -> subprocess.CompletedProcess[str]:
    (home / "detectors.toml").write_text(table, "utf-8")
    return subprocess.run(
        [sys.executable, "-c", _TRY, folder],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_one_entry_makes_a_subsystem_and_older_files_stay_readable(tmp_path: Path, shipped: str) -> None:
    before = tried(tmp_path, shipped, "before")
    assert before.returncode == 0, before.stderr
    old = json.loads(before.stdout)
    made = tried(tmp_path, shipped + ENTRY, "after")
    assert made.returncode == 0, made.stderr
    new = json.loads(made.stdout)
    assert new["names"] == [*old["names"], "zdc"]
    assert new["counts"]["zdc"] > 0
    assert not new["problems"]
    again = tried(tmp_path, shipped + ENTRY, "before")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == old


@pytest.mark.parametrize(
    ("mistake", "instead", "told"),
    [
        ("id = 16", "id = 7", "zdc: id 7 must be 16"),
        ("channels = 4_096", "channels = 4_097", "zdc: 4097 channels do not divide into 32 units"),
        ('name = "zdc"', 'name = "ZDC-1"', "ZDC-1: a name has small letters"),
        ('name = "zdc"', 'name = "drich"', "drich: is there already"),
    ],
)
def test_a_mistake_in_the_entry_is_named(
    monkeypatch: pytest.MonkeyPatch, shipped: str, mistake: str, instead: str, told: str
) -> None:
    table = tomllib.loads(shipped + ENTRY.replace(mistake, instead))
    monkeypatch.setattr(detectors, "_table", lambda: table)
    with pytest.raises(ValueError, match=told):
        detectors.detectors.__wrapped__()
