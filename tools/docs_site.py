"""Hooks of mkdocs: the navigation is what the indexes list, and the root's own pages are part of the site."""

import re
from pathlib import Path
from typing import Any, TypeAlias

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
ROOT_PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages that stand in the root of the repository, and what they are called in the site."""

Entry: TypeAlias = "dict[str, str | list[Entry]]"

_HEADING = re.compile(r"^## (?P<text>.+)$", re.MULTILINE)
_LINK = re.compile(r"\[(?P<title>[^\]]+)\]\((?P<target>[^)#\s]+\.md)\)")
_INDEXES = ("reference/index.md", "explanation/decisions/index.md")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the navigation."""
    config.nav = navigation(Path(config.docs_dir))
    return config


def navigation(docs: Path) -> list[Any]:
    """The headings of the first page, each with what it lists."""
    parts = _HEADING.split((docs / "index.md").read_text("utf-8"))[1:]
    nav: list[Any] = [{"Home": "index.md"}]
    for heading, text in zip(parts[::2], parts[1::2], strict=True):
        nav.append({heading: _listed(docs, Path(), text)})
    nav.append({"Project": [{"Contributing": "contributing.md"}, {"Changelog": "changelog.md"}]})
    return nav


def _listed(docs: Path, folder: Path, text: str) -> list[Any]:
    """What a text links to; an index among it is opened, and its first entry is itself."""
    entries: list[Any] = []
    for match in _LINK.finditer(text):
        page = (folder / match["target"]).as_posix()
        if page not in _INDEXES:
            entries.append({_plain(match["title"]): page})
            continue
        below = _listed(docs, Path(page).parent, (docs / page).read_text("utf-8"))
        if page.startswith("reference/"):
            entries += [page, *below]
        else:
            entries.append({_plain(match["title"]): [page, *below]})
    return entries


def _plain(title: str) -> str:
    return title.replace("`", "")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the root's pages."""
    for name, called in ROOT_PAGES.items():
        files.append(File.generated(config, called, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to and from the root's pages as they are in the site."""
    for name, called in ROOT_PAGES.items():
        markdown = re.sub(rf"(\((?:\.\./)*)\.\./{re.escape(name)}", rf"\g<1>{called}", markdown)
    if page.file.src_uri in ROOT_PAGES.values():
        markdown = markdown.replace("](docs/", "](")
    return markdown
