"""The dependencies as a page: what each is for, and its licence as its own metadata says."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, files, metadata
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_CLASSIFIER = "License :: OSI Approved :: "


class Dependency(NamedTuple):
    """One requirement of pyproject.toml: its name, its text, and the part of the project that has it."""

    name: str
    requirement: str
    part: str


def dependencies() -> Iterator[Dependency]:
    """All that pyproject.toml names, in its order."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    yield from _of(said["project"]["dependencies"], "always")
    for extra, wanted in said["project"]["optional-dependencies"].items():
        yield from _of(wanted, f"extra `{extra}`")
    for group, wanted in said["dependency-groups"].items():
        yield from _of(wanted, group)


def _of(requirements: Iterable[str], part: str) -> Iterator[Dependency]:
    for requirement in requirements:
        if found := _NAME.match(requirement):
            yield Dependency(found[0].lower(), requirement, part)


def reasons() -> dict[str, str]:
    """Why each is there."""
    return dict(tomllib.loads((ROOT / "tools" / "reasons.toml").read_text("utf-8")))


def licence(name: str) -> str:
    """In the words of its metadata; the extras that are not installed here say so."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return "not installed where this page was made"
    if "License-Expression" in said:
        return said["License-Expression"]
    classified = [one for one in said.get_all("Classifier") or () if one.startswith(_CLASSIFIER)]
    if classified:
        return "; ".join(one.removeprefix(_CLASSIFIER) for one in classified)
    return said.get_all("License", [_first_line_of_its_file(name)])[0].splitlines()[0]


def _first_line_of_its_file(name: str) -> str:
    """What the licence that came with a package calls itself, for packages whose metadata is silent."""
    shipped = [file for file in files(name) or () if file.stem.upper() in {"LICENSE", "LICENCE", "COPYING"}]
    return shipped[0].read_text("utf-8").strip().splitlines()[0].strip() if shipped else "unknown"


def page() -> str:
    """The table, in Markdown."""
    why = reasons()
    seen: dict[str, Dependency] = {}
    for one in dependencies():
        seen.setdefault(one.name, one)
    rows = [
        f"| {one.name} | `{one.requirement}` | {one.part} | {why.get(one.name, '')} | {licence(one.name)} |\n"
        for one in seen.values()
    ]
    return f"""\
# Dependencies

What the project stands on, and why; exact versions with their digests are in `requirements.lock` and
`requirements-test.lock`. `setup` is needed once, to gather the scripts of the web pages; `test` never where
the testbed runs. The pages use JSROOT (MIT) and uPlot (MIT), gathered from npm by the versions in
`web/package-lock.json`.

| Package | Asked for | For | Reason | Licence |
|---|---|---|---|---|
{"".join(rows)}
A list of everything that a release contains, indirect dependencies too, is its bill of materials
(`sbom.cdx.json`, in CycloneDX form), made by `python tools/release.py`. Known vulnerabilities of the locked
versions are asked for, on a machine with network, by

    uvx pip-audit --requirement requirements.lock --require-hashes
"""
