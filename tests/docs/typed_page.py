"""A page of the documents, typed block by block as its reader types it."""

import os
import select
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from guides import NOT_TYPED
from typed_home import TIMEOUT_S, TypedHome

from documented import ROOT, Block, blocks

_SHELL = """\
set -e
trap 'echo "exit code $? of: $BASH_COMMAND" >&2' ERR
trap 'export -p > {exported}' EXIT
if [ -f {exported} ]; then . {exported}; fi
{text}
"""
"""A block in the terminal of the blocks before it: what they exported is there."""
_CTRL_C = (130, -signal.SIGINT)


class Begun:
    """A block that goes on, and what it has said so far on stdout and stderr."""

    def __init__(self, where: str, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        self._where, self._process, self._output = where, process, process.stdout
        self.said = ""

    def until(self, words: str) -> str:
        """Wait until it has said some words; all that it has said."""
        last = time.monotonic() + TIMEOUT_S
        while words not in self.said:
            ready, _, _ = select.select([self._output], [], [], max(0, last - time.monotonic()))
            piece = os.read(self._output.fileno(), 65536) if ready else b""
            assert piece, f"{self._where}: it has not said {words!r}:\n{self.said}"
            self.said += piece.decode("utf-8", "replace")
        return self.said

    def ctrl_c(self, codes: tuple[int, ...] = _CTRL_C) -> str:
        """End it as a terminal does; all that it has said."""
        os.killpg(self._process.pid, signal.SIGINT)
        self.said += self._process.communicate(timeout=TIMEOUT_S)[0].decode("utf-8", "replace")
        code = self._process.returncode
        assert code in codes, f"{self._where}: exit code {code} after Ctrl-C:\n{self.said}"
        return self.said


class TypedPage:
    """The shell and Python blocks of a page, in their order.

    In a `with`: at its end all have been typed, and all that is to be replaced was there to be replaced.

    Args:
        home: where they are typed.
        name: the page, from the repository's root.
        replaced: what a reader types in place of what the page shows, such as a run's number.
    """

    def __init__(self, home: TypedHome, name: str, replaced: Mapping[str, str] | None = None) -> None:
        self._home, self._name = home, name
        self._blocks = deque(blocks(ROOT / name, "sh", "py"))
        self._left_out = NOT_TYPED.get(name, {})
        self._replaced = dict(replaced or {})
        self._unused = set(self._replaced)
        self.told = ""
        """What the last block printed on stderr."""
        self._exported = home.path.parent / f"{Path(name).stem}.exported"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            left = [block.text for block in self._blocks]
            assert not left, f"{self._name}: not typed: {left}"
            assert not self._unused, f"{self._name}: nowhere on the page: {sorted(self._unused)}"

    def knows(self, shown: str, own: str) -> None:
        """From now on the reader types `own` where the page shows `shown`."""
        self._replaced[shown] = own
        self._unused.add(shown)

    def types(self, beginning: str, codes: tuple[int, ...] = (0,), pasted: str = "") -> str:
        """Type the next block, which begins so, and then what is pasted; what it prints on stdout."""
        where, command = self._next(beginning)
        done = self._home.run(command, TIMEOUT_S, pasted)
        self.told = done.stderr
        said = f"{where}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode in codes, said
        assert "Traceback" not in done.stderr, said
        return done.stdout

    @contextmanager
    def begins(self, beginning: str) -> Iterator[Begun]:
        """Type the next block, which begins so and goes on; it does not outlive the `with`."""
        where, command = self._next(beginning)
        with self._home.beside(command) as process:
            yield Begun(where, process)

    def _next(self, beginning: str) -> tuple[str, list[str]]:
        """Where the next block stands, and the command that is it."""
        assert self._blocks, f"{self._name}: there is no block that begins with {beginning!r}"
        block = self._blocks.popleft()
        where = f"{self._name}:{block.line}"
        assert block.text.startswith(beginning), f"{where}: not {beginning!r}:\n{block.text}"
        text = self._own(block)
        if block.kind == "py":
            return where, ["python", "-c", text]
        return where, ["bash", "-c", _SHELL.format(text=text, exported=self._exported)]

    def _own(self, block: Block) -> str:
        """A block as the reader types it."""
        text = "\n".join(line for line in block.text.splitlines() if line not in self._left_out)
        for shown, own in self._replaced.items():
            if shown in text:
                text = text.replace(shown, own)
                self._unused.discard(shown)
        return text
