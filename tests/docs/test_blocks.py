"""Every block of tutorials and how-to guides is run by a test, or named with what keeps tests from it."""

import ast
import importlib
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from guides import BY_BLOCK, BY_KIND, LEFT_OUT, TYPED, Reason
from pages import PAGES, name_of

from documented import ROOT, Block, blocks
from swf_testbed.config.settings import Settings

GUIDES = [page for page in PAGES if page.parent.name in ("tutorials", "how-to")]

SHOWN = ("text", "json", "html", "nginx", "properties", "ini", "py", "python", "toml", "console", "sh")
"""What a block may be written as: each is looked at below or in `test_examples.py`."""

PROGRAMS = {
    *(
        "testbed",
        "./testbed",
        "stf",
        "python",
        "python3",
        "pip",
        "pytest",
        "source",
        "export",
        "umask",
        "set",
    ),
    *("mkdir", "cat", "cp", "rm", "mv", "echo", "kill", "git", "curl", "sqlite3", "pg_dump", "pg_restore"),
    *("createdb", "createuser", "uv", "docker", "artemis", "systemctl", "tools/get_rucio"),
    "/var/lib/swf-broker/bin/artemis",
}
_ASSIGNED = re.compile(r"^(?:export )?(?P<name>[A-Z][A-Z0-9_]*)=", re.MULTILINE)
_TESTS_OWN = {"SWF_PANDA_LIVE_URL", "SWF_PANDA_LIVE_TRANSFORMATION"}


def _blocks(*kinds: str) -> Iterator[tuple[Path, Block]]:
    for page in GUIDES:
        for block in blocks(page, *kinds):
            yield page, block


def guide_name(page: Path) -> str:
    return page.relative_to(ROOT / "docs").as_posix()


def _place(page: Path, block: Block) -> str:
    return f"{name_of(page)}:{block.line}"


def test_a_page_is_typed_as_a_whole_or_block_by_block() -> None:
    names = {guide_name(page) for page in GUIDES}
    assert set(TYPED) | set(BY_BLOCK) <= names, "a page is gone"
    assert not set(TYPED) & set(BY_BLOCK), "a page stands in two tables"
    for name, test in TYPED.items():
        text = (ROOT / test).read_text("utf-8")
        assert f'"{name}"' in text, f"{test} does not type {name}"
        assert "Guide(" in text, f"{test} would not see what it leaves out of {name}"


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_each_block_has_its_test_or_what_keeps_tests_from_it(page: Path) -> None:
    """`text` is what is printed, and nobody types it."""
    name = guide_name(page)
    told, typed = BY_BLOCK.get(name, {}), ("sh", "py") if name in TYPED else ()
    for block in blocks(page):
        found = [begins for begins in told if block.text.startswith(begins)]
        assert len(found) < 2, f"{_place(page, block)}: {found} in BY_BLOCK"
        assert found or block.kind in {*BY_KIND, *typed, "text"}, f"{_place(page, block)} is only read"
    for begins, who in told.items():
        assert any(block.text.startswith(begins) for block in blocks(page)), f"{name}: no {begins}"
        if not isinstance(who, Reason):
            test = (ROOT / who).read_text("utf-8")
            assert page.name in test, f"{who} does not read {name}"
            assert repr(begins) in test or json.dumps(begins) in test, f"{who} does not take {begins}"


def test_what_is_not_typed_is_there_and_named_with_its_reason() -> None:
    for name, lines in LEFT_OUT.items():
        shown = {line for block in blocks(ROOT / "docs" / name, "sh") for line in block.text.splitlines()}
        assert set(lines) <= shown, f"{name}: no {set(lines) - shown}"
        assert all(isinstance(reason, Reason) for reason in lines.values())
    for path in (path for reason in Reason for path in re.findall(r"tests/[\w/.]+\w", reason)):
        assert (ROOT / path).exists(), f"{path} does not exist"


def test_blocks_are_of_a_kind_that_is_looked_at() -> None:
    fence = re.compile(r"^ *```(\w*)$", re.MULTILINE)
    for page in GUIDES:
        kinds = fence.findall(page.read_text("utf-8"))[::2]
        assert set(kinds) <= set(SHOWN), f"{name_of(page)}: {set(kinds) - set(SHOWN)}"


def test_shell_blocks_are_shell() -> None:
    """A shell reads them, and runs none."""
    for page, block in _blocks("sh"):
        done = subprocess.run(
            ["/bin/sh", "-n"], input=block.text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{_place(page, block)}: {done.stderr}"


def test_programs_and_scripts_exist() -> None:
    for page, block in _blocks("sh"):
        for line in block.text.replace("\\\n", " ").splitlines():
            words = _words(line)
            if not words or "$(" in line or line.startswith(("#", "    ")):
                continue
            assert words[0] in PROGRAMS, f"{_place(page, block)}: {words[0]} is not in PROGRAMS"
            for script in (word for word in words[:3] if re.fullmatch(r"[\w/]+/\w+\.py|tools/\w+", word)):
                assert (ROOT / script).exists(), f"{_place(page, block)}: there is no {script}"


def _words(line: str) -> list[str]:
    """A command without the variables that are set for it alone."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return []
    while words and re.match(r"[A-Z][A-Z0-9_]*=", words[0]):
        words.pop(0)
    return words


def test_variables_are_settings() -> None:
    known = set(_TESTS_OWN)
    for name, field in Settings.model_fields.items():
        known.add(name.upper())
        known |= set(getattr(field.validation_alias, "choices", ()))
    for page, block in _blocks("sh", "ini"):
        if "[" in block.text.splitlines()[0]:
            continue  # a piece of pyproject.toml
        unknown = set(_ASSIGNED.findall(block.text)) - known
        assert not unknown, f"{_place(page, block)}: {sorted(unknown)} are no settings"


def test_python_blocks_compile_and_import_what_is_there() -> None:
    for page, block in _blocks("py", "python"):
        for node in ast.walk(ast.parse(block.text, _place(page, block))):
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                module = importlib.import_module(node.module)
                missing = [one.name for one in node.names if not hasattr(module, one.name)]
                assert not missing, f"{_place(page, block)}: {node.module} has no {missing}"


def test_json_blocks_are_json() -> None:
    for _page, block in _blocks("json"):
        json.loads(block.text)
