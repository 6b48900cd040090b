"""What a 5 % skim of a 2 GB file costs: bytes and requests, from a disk, over HTTP and over XRootD.

    python benchmarks/skim.py [--scale 0.74] [--frames 1000]

The frames are those that the fast monitoring agent would choose. The file's content is recycled; it is served
by a real nginx and a real XRootD, and removed at the end. Counted is all that comes from the source: opening
the file, its index, and the frames.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from figures import Figure, tell

from swf_test_servers import Nginx, XRootD
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.simulation import Simulation
from swf_testbed.daq.generated import GeneratedFiles
from swf_testbed.daq.stf_store import StfSlot
from swf_testbed.fastmon.policies import StfFrames
from swf_testbed.fastmon.sampling import choose, sampling_config
from swf_testbed.model.names import StfName
from swf_testbed.model.states import daq_state
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.skim import skim

MOST_OF_FILE = 0.052
MOST_REQUESTS = 10
NAME = StfName(100_010, 1)


def write(path: Path, scale: float, frames: int) -> int:
    """The file; its size in bytes."""
    begin = time.perf_counter()
    source = Simulation(scale=scale, tf_per_stf=frames, recycle_frames=8)
    slot = StfSlot(NAME, daq_state("run", "physics"), 1_700_000_000_000_000_000, 0.0)
    size = GeneratedFiles(NAME.run, source, ()).write(path, slot).size_bytes
    print(f"wrote {size / 1e9:.2f} GB in {time.perf_counter() - begin:.0f} s", file=sys.stderr)
    return size


def measure(transport: str, url: str, blocks: list[list[int]], size: int) -> tuple[Figure, Figure]:
    """Skim over one transport: part of the file that was read, and requests."""
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="skim-") as folder:
        files = skim(url, blocks, folder)
    took = time.perf_counter() - begin
    count, cost = sum(file.tf_count for file in files), files[0]
    print(f"{transport}: {count} frames, {cost.source_bytes / 1e6:.1f} MB in {took:.2f} s", file=sys.stderr)
    part, what = 100 * cost.source_bytes / size, f"skim over {transport}"
    return (
        Figure(f"{what}: read", part, "% of the file", "limit", 100 * MOST_OF_FILE, bound=1.0),
        Figure(f"{what}: asked", cost.source_requests, "requests", "limit", MOST_REQUESTS, bound=1.0),
    )


def main() -> int:
    """Measure and print; 1 if a limit was passed."""
    parser = argparse.ArgumentParser(description="Bytes and requests of a 5 %% skim")
    parser.add_argument("--scale", type=float, default=0.74, help="0.74 makes 2 GB of 1000 frames")
    parser.add_argument("--frames", type=int, default=1000)
    said = parser.parse_args()

    def serve(folder: Path, port: int) -> str:
        (folder / "www").mkdir()
        return f"server {{ listen 127.0.0.1:{port}; root {folder / 'www'}; }}"

    with XRootD() as xrootd, Nginx(serve) as nginx:
        path = xrootd.data / str(NAME)
        size = write(path, said.scale, said.frames)
        path.chmod(0o644)
        os.link(path, nginx.folder / "www" / path.name)
        with StfReader.open(path) as reader:
            tf = reader.tf_numbers().astype(np.int64)
        sample = choose(sampling_config(Parameters()), StfFrames(NAME.run, int(tf[0]), len(tf), tf))
        blocks = [block.tolist() for block in sample.blocks]
        urls = {
            "local files": str(path),
            "HTTP": f"http://{nginx.host}:{nginx.port}/{path.name}",
            "XRootD": xrootd.url(path.name),
        }
        figures = [one for name, url in urls.items() for one in measure(name, url, blocks, size)]
    return 0 if tell(*figures) else 1


if __name__ == "__main__":
    sys.exit(main())
