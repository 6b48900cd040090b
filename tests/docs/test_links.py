"""Links and paths in the documents lead somewhere."""

import re
from pathlib import Path

import pytest
from pages import PAGES, inline_code, name_of

from documented import ROOT, prose

_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(?P<text>.+)$", re.MULTILINE)
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:py|toml|md|svg|lock|json|css|js|html|stf)|[\w/.-]+/")
_NOT_COMMITTED = ("logs/", "var/", ".venv/")


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(page)))
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in _LINK.findall(prose(page)):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        if not found.exists() or (anchor and anchor not in _anchors(found)):
            broken.append(target)
    assert not broken, f"{name_of(page)} has links that lead nowhere: {broken}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_of_the_repository_exist(page: Path) -> None:
    """A path in backquotes is seen from the root of the repository or of the package."""
    folders = (ROOT, ROOT / "src" / "swf_testbed", page.parent)
    said = [code for code in inline_code(page) if _PATH.fullmatch(code)]
    said = [path for path in said if "NAME" not in path and not path.startswith(("/", *_NOT_COMMITTED))]
    missing = [path for path in said if not any((folder / path).exists() for folder in folders)]
    assert not missing, f"{name_of(page)} names paths that do not exist: {missing}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        files = (target.partition("#")[0] for target in _LINK.findall(prose(page)))
        todo += [(page.parent / file).resolve() for file in files if file and "://" not in file]
    lonely = [name_of(page) for page in PAGES if page not in seen]
    assert not lonely, f"no way leads from README.md to {lonely}"
