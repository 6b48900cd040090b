"""Rucio on one machine, as the guide has people start it, and end it."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from documented import ROOT, Guide
from swf_test_servers.rucio_system import BUFFER, SITES
from swf_testbed.adapters.rucio import Access
from swf_testbed.adapters.rucio.access import Connection
from swf_testbed.config.instance import instance_parameters
from typed_home import TypedHome

pytestmark = pytest.mark.timeout(600)

GUIDE = Guide("how-to/rucio.md")
NOT_INSTALLED = 2


@pytest.fixture
def home() -> Iterator[Path]:
    """The servers run as an ordinary user, who may not read below the folder of the tests."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def printed(home: Path, tmp_path: Path) -> Iterator[list[str]]:
    """What it has printed when all is up; the second of the guide's lines goes on until Ctrl-C."""
    pytest.importorskip("rucio.client")
    get, here = GUIDE.block("tools/get_rucio").splitlines()
    TypedHome.of(ROOT, os.environ).typed(get)
    python, *words = shlex.split(here)
    assert python == "python"
    with (
        (tmp_path / "printed").open("w+") as out,
        subprocess.Popen(
            ["/usr/bin/env", "--default-signal=INT", sys.executable, *words],
            cwd=ROOT,
            env={**os.environ, "SWF_HOME": str(home)},
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stderr
        told = next((line for line in process.stderr if line.startswith("up;")), "")
        if not told and process.wait() == NOT_INSTALLED and os.environ.get("CI") != "true":
            pytest.skip("Rucio, PostgreSQL or XRootD is not installed")
        assert told
        yield (tmp_path / "printed").read_text().splitlines()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "ended\n"
        assert process.wait() == 0


def test_what_it_prints_leads_to_a_rucio_with_an_exit_buffer_and_two_sites(
    printed: list[str], tmp_path: Path
) -> None:
    said = dict(word.split("=", 1) for line in printed for word in line.split() if word.startswith("SWF_"))
    assert set(said) == set(GUIDE.variables("export SWF_RUCIO_URL", {}))
    rucio = Connection(
        Access(
            token_dir=tmp_path / "tokens",
            url=said["SWF_RUCIO_URL"],
            account=said["SWF_RUCIO_ACCOUNT"],
            username=said["SWF_RUCIO_USERNAME"],
            password=said["SWF_RUCIO_PASSWORD"],
        )
    )
    assert {one["rse"] for one in rucio.ask("sites", lambda client: client.list_rses())} == {BUFFER, *SITES}

    told = [line.removeprefix("# ") for line in printed if line.startswith(("# [", "# storage", "# buffer"))]
    (tmp_path / "testbed.toml").write_text("\n".join(['[testbed]\nnamespace = "local"', *told]))
    data = instance_parameters(tmp_path).data
    assert data.storage == "rucio"
    assert data.buffer_url.startswith("root://127.0.0.1:")
