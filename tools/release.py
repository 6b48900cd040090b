"""Makes a release of the commit that is checked out: sdist, wheel, bill of materials, digests.

    git tag v0.1.0 && python tools/release.py [--into dist]

Refuses a tree with changes, a commit without a tag `vX.Y.Z`, and a changelog without a dated section of that
version; says what to do. Nothing is uploaded.
"""

import argparse
import hashlib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TAG = re.compile(r"v(?P<version>\d+\.\d+\.\d+)")


class NotReady(Exception):
    """Something is missing; the text says what to do."""


def said(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def version() -> str:
    """Of the tag of this commit."""
    if said("git", "status", "--porcelain"):
        raise NotReady("there are changes that are not committed: commit them, or put them aside")
    tags = [tag for tag in said("git", "tag", "--points-at", "HEAD").split() if _TAG.fullmatch(tag)]
    if not tags:
        raise NotReady("this commit has no tag: git tag vX.Y.Z")
    return tags[-1].removeprefix("v")


def check_changelog(wanted: str) -> None:
    """The section of a version must be there, with its date."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    if not re.search(rf"^## \[{re.escape(wanted)}\] - \d{{4}}-\d{{2}}-\d{{2}}$", text, re.MULTILINE):
        raise NotReady(f"CHANGELOG.md has no line '## [{wanted}] - YYYY-MM-DD': date its section")


def build(into: Path) -> list[Path]:
    """The sdist, the wheel made of it, and the bill of materials."""
    python = sys.executable
    subprocess.run([python, ROOT / "tools" / "gather_web.py"], cwd=ROOT, check=True)
    subprocess.run([python, "-m", "hatchling", "build", "-d", into], cwd=ROOT, check=True)
    bill = into / "sbom.cdx.json"
    lock = ROOT / "requirements.lock"
    command = [
        python,
        "-m",
        "cyclonedx_py",
        "requirements",
        str(lock),
        "--output-reproducible",
        "-o",
        str(bill),
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    return sorted([*into.glob("*.whl"), *into.glob("*.tar.gz"), bill])


def main() -> int:
    """The command line; 2 with a reason if the release is not ready."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="a folder (%(default)s)")
    into: Path = parser.parse_args().into
    try:
        wanted = version()
        check_changelog(wanted)
    except NotReady as error:
        print(f"release: {error}", file=sys.stderr)
        return 2
    into.mkdir(parents=True, exist_ok=True)
    files = build(into)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (into / "SHA256SUMS").write_text("".join(lines), "utf-8")
    print("".join(lines), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
