"""What the documents tell people to type, for the tests that type it.

    GUIDE = Guide("how-to/lab-servers.md")
    home.typed(GUIDE.block("createuser", {"swfdb": "another"}))

    with Guide("how-to/doctor.md", home) as page:
        page.types("testbed doctor")

A block is known by its first words. What a reader would replace, as hosts and passwords, is replaced by a
table. What stands in the table and not in the block is a failure, and so is a block that does not work: both
name the page.
"""

import doctest
import re
import shlex
import textwrap
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from swf_testbed.config.instance import instance_parameters
from swf_testbed.config.parameters import Parameters
from typed_home import Begun, TypedHome

ROOT = Path(__file__).resolve().parents[1]
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
"""Also within a list, where a block is indented."""

TYPED = ("sh", "py")
"""The kinds of blocks that a reader types; those of `console`, with what they print, need no testbed."""

_SHELL = """\
set -e
trap 'echo "exit code $? of: $BASH_COMMAND" >&2' ERR
trap 'export -p > {exported}' EXIT
if [ -f {exported} ]; then . {exported}; fi
{text}
"""
"""A block in the terminal of the blocks before it: what they exported is there."""

_CONSOLE = "set +e; trap - ERR\n{{\n{command}\n}} 2>&1"
"""A command that may fail on the way, as shown there."""

_LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """A fenced block: what it is written as, its text, and the line of the page on which it begins."""

    kind: str
    text: str
    line: int


def blocks(page: Path, *kinds: str) -> list[Block]:
    """The fenced blocks of these kinds, in order; of all kinds if none is named."""
    text = page.read_text("utf-8")
    found = (
        Block(match["kind"], textwrap.dedent(match["text"]), text.count("\n", 0, match.start()) + 1)
        for match in _FENCE.finditer(text)
    )
    return [block for block in found if not kinds or block.kind in kinds]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def consoles(text: str) -> Iterator[tuple[str, str]]:
    """Every command of a console block with the output that is shown below it."""
    for part in f"\n{text}".split("\n$ ")[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def is_printed(shown: str, printed: str) -> bool:
    """Whether a command prints what a page shows, where `...` stands for anything; so does nothing at all."""
    return not shown.strip() or doctest.OutputChecker().check_output(shown, printed, _LOOSE)


class Guide:
    """A page below `docs/` whose steps a test takes: it reads blocks, or types them in a home.

    In a `with` all that a reader types is typed, in the order of the page; at its end nothing is left, and
    all that is to be replaced was there to be replaced.

    Args:
        name: the page.
        home: where blocks are typed; another from some block on, if the reader goes elsewhere.
        here: what a reader types in place of what the page shows, such as a run's number.
        left_out: lines that are not typed.
        kinds: of the blocks that are typed.
    """

    def __init__(
        self,
        name: str,
        home: TypedHome | None = None,
        here: Mapping[str, str] | None = None,
        left_out: Mapping[str, str] | None = None,
        kinds: tuple[str, ...] = TYPED,
    ) -> None:
        self.path = ROOT / "docs" / name
        self.home = home
        self._blocks = deque(blocks(self.path, *kinds))
        self._here, self._left_out = dict(here or {}), left_out or {}
        self._unused = set(self._here)
        self.told = ""
        """What the last block that was typed printed on stderr."""

    def block(self, beginning: str, here: Mapping[str, str] | None = None) -> str:
        """The one block that begins so, with what is shown replaced by what is here."""
        found = self._found(beginning)
        missing = [shown for shown in here or {} if shown not in found.text]
        assert not missing, f"{self._place(found)} does not have {missing}"
        return _replaced(found.text, here or {})

    def words(self, beginning: str, here: Mapping[str, str] | None = None) -> list[list[str]]:
        """The commands of a block, word by word."""
        text = self.block(beginning, here).replace("\\\n", " ")
        return [words for line in text.splitlines() if (words := shlex.split(line, comments=True))]

    def variables(self, beginning: str, here: Mapping[str, str]) -> dict[str, str]:
        """What a block sets, with `NAME=VALUE` or `export NAME=VALUE`; some have another value here."""
        found = dict(
            word.split("=", 1)
            for line in self.words(beginning)
            for word in line
            if re.match(r"[A-Z]\w*=", word)
        )
        missing = set(here) - set(found)
        assert not missing, f"{self._place(self._found(beginning))} does not set {sorted(missing)}"
        return {**found, **here}

    def parameters(self, beginning: str, folder: Path, here: Mapping[str, str] | None = None) -> Parameters:
        """What a block of `testbed.toml` sets, and the defaults of all else; the file is in that folder."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "testbed.toml"
        file.write_text(f'[testbed]\nnamespace = "local"\n{self.block(beginning, here)}', "utf-8")
        return instance_parameters(folder, file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            left = [block.text for block in self._blocks]
            assert not left, f"{self.path}: not typed: {left}"
            assert not self._unused, f"{self.path}: nowhere on the page: {sorted(self._unused)}"

    def knows(self, shown: str, own: str) -> None:
        """From now on the reader types `own` where the page shows `shown`."""
        self._here[shown] = own
        self._unused.add(shown)

    def types(self, beginning: str, codes: tuple[int, ...] = (0,), pasted: str = "") -> str:
        """Type the next block, which begins so, and then what is pasted; what it prints on stdout."""
        block = self._next(beginning)
        if block.kind != "console":
            return self._typed(block, codes, pasted)
        said = []
        for command, shown in consoles(block.text):
            printed = self._typed(block._replace(text=_CONSOLE.format(command=command)), codes)
            wrong = f"{self._place(block)}: `{command}` prints\n{printed}\nbut the page shows\n{shown}"
            assert is_printed(shown, printed), wrong
            said.append(printed)
        return "".join(said)

    @contextmanager
    def begins(self, beginning: str) -> Iterator[Begun]:
        """Type the next block, which begins so and goes on; it does not outlive the `with`."""
        block = self._next(beginning)
        with self._typed_in.beside(self._command(block), self._place(block)) as begun:
            yield begun

    def _typed(self, block: Block, codes: tuple[int, ...], pasted: str = "") -> str:
        done = self._typed_in.run(self._command(block), pasted)
        self.told = done.stderr
        said = f"{self._place(block)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode in codes, said
        assert "Traceback" not in done.stderr, said
        return done.stdout

    @property
    def _typed_in(self) -> TypedHome:
        assert self.home is not None, f"{self.path}: where is it typed?"
        return self.home

    def _next(self, beginning: str) -> Block:
        """The next block, as the reader types it."""
        assert self._blocks, f"{self.path}: there is no block that begins with {beginning!r}"
        block = self._blocks.popleft()
        assert block.text.startswith(beginning), f"{self._place(block)}: not {beginning!r}:\n{block.text}"
        text = "\n".join(line for line in block.text.splitlines() if line not in self._left_out)
        self._unused -= {shown for shown in self._here if shown in text}
        return block._replace(text=_replaced(text, self._here))

    def _command(self, block: Block) -> list[str]:
        if block.kind in {"py", "python"}:
            return ["python", "-c", block.text]
        home = self._typed_in.path
        exported = home.with_name(f"{home.name}-{self.path.stem}.exported")
        return ["bash", "-c", _SHELL.format(text=block.text, exported=exported)]

    def _found(self, beginning: str) -> Block:
        found = [block for block in blocks(self.path) if block.text.startswith(beginning)]
        assert len(found) == 1, f"{self.path} has {len(found)} blocks that begin with {beginning!r}, not one"
        return found[0]

    def _place(self, block: Block) -> str:
        return f"{self.path}:{block.line}"


def _replaced(text: str, here: Mapping[str, str]) -> str:
    """Each of the shown by what is here, the longest first, and nothing twice."""
    any_of_them = "|".join(re.escape(shown) for shown in sorted(here, key=len, reverse=True))
    return re.sub(any_of_them, lambda match: here[match[0]], text) if here else text
