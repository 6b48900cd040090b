"""A terminal of one's own (tmux): commands are typed into it, and its screen is read as a person reads it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from uuid import uuid4

COLUMNS, ROWS = 180, 70

_VOLATILE = [
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"port \d+", "port PORT"),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?", "TIME"),
    (r"\d+:\d\d:\d\d", "TIME"),
    (r"(-agent-\w+|stf_datataking-\w+)-\d+", r"\1-N"),
    (r"\bprocess \d+", "process N"),
    (r"\b(pid|run|PID) \d+", r"\1 N"),
    (r"/runs/\d+", "/runs/N"),
    (r"swf-testbed \d+\.\d+\.\d+\w*", "swf-testbed VERSION"),
    # Of three STFs on a busy machine there may be too little to judge.
    (r"(quality\.\w+ +│ )(good|null)", r"\1good"),
    (r"(?<![\d.])\d+\.\d+(e-\d+)?(?![\d.])", "X"),
    (r"((?:redelivered|RUNNING|control +│ up) +│) \d+", r"\1 N"),
    (r"\b\d+ s\b", "N s"),
    (r"(?<![\d.])\d{3,}(?![\d.])", "N"),
    (r"\b(PROCESSING|READY)\b", "READY"),
    (r"\b(no_beam|beam|run)/(not_ready|ready|physics|standby)\b", "STATE"),
]
"""What differs from run to run, and what stands for it in a kept screen."""


def masked(screen: str, **names: str) -> str:
    """A screen without what differs from run to run; `names` are replaced first, each by its capitals."""
    for name, value in names.items():
        screen = screen.replace(value, name.upper())
    for pattern, word in _VOLATILE:
        screen = re.sub(pattern, word, screen)
    return "\n".join(line.rstrip() for line in screen.rstrip().splitlines()) + "\n"


def gist(screen: str) -> str:
    """A masked screen without its spacing: the width of a table's columns is that of what was masked."""
    text = re.sub(r"[━─]+", "━", screen)
    return re.sub(r" +", " ", text)


class Terminal:
    """A shell in a terminal."""

    def __init__(self, tmux: str) -> None:
        self._tmux = [tmux, "-u", "-f", "/dev/null", "-L", f"swf-{uuid4().hex[:8]}"]
        self._steps = count(1)

    def do(self, *words: str, timeout_s: float = 60) -> str:
        """Run a command of tmux."""
        done = subprocess.run(
            [*self._tmux, *words], capture_output=True, text=True, timeout=timeout_s, check=True
        )
        return done.stdout

    def start(self, environment: dict[str, str]) -> None:
        """Open it."""
        said = {**environment, "ENV": "", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        # The size is the terminal's own to tell: xdist sets that of its own output.
        for name in ("COLUMNS", "LINES"):
            said.pop(name, None)
        size = ["-x", str(COLUMNS), "-y", str(ROWS)]
        subprocess.run([*self._tmux, "new-session", "-d", *size, "/bin/sh"], env=said, timeout=60, check=True)
        # So that the screen holds what a command prints, and nothing else.
        self._type("PS1=; stty -echo", 60)

    def type(self, command: str, timeout_s: float = 120) -> str:
        """Clear the screen, type a command, wait until it has ended; the command, and the screen below."""
        self._type(f"clear; {command}", timeout_s)
        return f"$ {command}\n{self.do('capture-pane', '-p')}"

    def _type(self, command: str, timeout_s: float) -> None:
        step = f"step-{next(self._steps)}"
        self.do("send-keys", "-l", f"{command}; {' '.join(self._tmux)} wait-for -S {step}")
        self.do("send-keys", "Enter")
        self.do("wait-for", step, timeout_s=timeout_s)

    def colours(self) -> str:
        """The screen with its escape sequences."""
        return self.do("capture-pane", "-p", "-e")


@contextmanager
def terminal(environment: dict[str, str]) -> Iterator[Terminal]:
    """Open for the context; `LookupError` where there is no tmux."""
    tmux = shutil.which("tmux")
    if tmux is None:
        raise LookupError("tmux is not installed (on Debian: apt-get install tmux)")
    one = Terminal(tmux)
    one.start(environment)
    try:
        yield one
    finally:
        one.do("kill-server")
