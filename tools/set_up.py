"""Makes the environment of a checkout: `.venv` with what is locked, and the scripts of the web pages.

Needs a bare Python 3.11 with its venv module; uses pip with whatever indexes its settings name. Does
nothing when everything is in place; several may run at once; what an interrupted run left is made again.
Says what it does on stderr only.

    python3 tools/set_up.py run|test        `test` adds what the tests need
"""

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "set-up-done"
UNFINISHED = VENV / "set-up-unfinished"
LOCKS = {"run": ROOT / "requirements.lock", "test": ROOT / "requirements-test.lock"}
WEB_LOCK = ROOT / "web" / "package-lock.json"


class SetUpError(Exception):
    """The environment cannot be made; the text says why and what to do."""


def say(text: str) -> None:
    """Tell the person who waits."""
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def fingerprint(kind: str) -> str:
    """A digest of what decides the environment: place, Python, what is locked, how the package is built."""
    digest = hashlib.sha256(f"{ROOT}\0{PYTHON.resolve()}".encode())
    for path in (LOCKS[kind], ROOT / "pyproject.toml", WEB_LOCK, Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_set_up(kind: str) -> bool:
    """Whether the environment is there, whole, and of the present lock; that for tests serves to run."""
    try:
        done = STAMP.read_text().strip()
    except OSError:
        return False
    return done in {fingerprint(kind), fingerprint("test")} and PYTHON.exists() and not UNFINISHED.exists()


@contextmanager
def alone() -> Iterator[None]:
    """One set-up at a time; the lock ends with the process, however that ends."""
    with LOCKS["run"].open("rb+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this checkout is at work; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(what: str, *command: str | Path) -> None:
    """A step; what it says is shown only when it fails."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONNOUSERSITE": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join("  " + line for line in done.stdout.strip().splitlines()[-15:])
        raise SetUpError(f"{what} failed (exit code {done.returncode}):\n{tail}")


def has_pip() -> bool:
    """Whether `.venv` is there and its Python can install."""
    if not PYTHON.exists() or UNFINISHED.exists():
        return False
    asked = subprocess.run([PYTHON, "-I", "-c", "import pip"], capture_output=True, check=False)
    return asked.returncode == 0


def make_venv() -> None:
    """An empty environment, unless a whole one is there."""
    if has_pip():
        return
    say(f"making .venv with Python {sys.version.split()[0]}")
    try:
        run("making .venv", sys.executable, "-m", "venv", "--clear", VENV)
    except SetUpError as error:
        if "ensurepip" not in str(error) and "No module named venv" not in str(error):
            raise
        raise SetUpError(
            f"{sys.executable} lacks its venv module; on Debian and Ubuntu an administrator installs it:\n"
            "  apt install python3-venv"
        ) from None


def install(kind: str) -> None:
    """What is locked, each file checked against its digest, then the package itself from this checkout."""
    UNFINISHED.touch()
    pip = (PYTHON, "-m", "pip", "--no-input", "install", "--quiet")
    say("installing the locked packages with pip; this takes a minute or so")
    run("installing the locked packages", *pip, "--no-compile", "--require-hashes", "-r", LOCKS[kind])
    # Offline and with what is already there: the build needs hatchling, which is in the lock.
    run(
        "installing swf-testbed",
        *pip,
        "--no-compile",
        "--no-deps",
        "--no-build-isolation",
        "--editable",
        ROOT,
    )
    # All cores, where pip would use one. A few packages carry files for other Pythons: those may fail.
    subprocess.run(
        [PYTHON, "-m", "compileall", "-qq", "-j", "0", VENV / "lib"], capture_output=True, check=False
    )


def gather_web() -> None:
    """The scripts of the web pages; without them the testbed works, and says what is missing."""
    say("gathering the scripts of the web pages")
    try:
        run("gathering the scripts of the web pages", PYTHON, ROOT / "tools" / "gather_web.py")
    except SetUpError as error:
        say(f"going on without plots in the web pages: {error}")


def set_up(kind: str) -> None:
    """Everything, if it is not in place."""
    if is_set_up(kind):
        return
    with alone():
        if is_set_up(kind):
            return
        start = time.monotonic()
        make_venv()
        install(kind)
        gather_web()
        STAMP.write_text(fingerprint(kind) + "\n")
        UNFINISHED.unlink()
        say(f"done in {time.monotonic() - start:.0f} s")


def main() -> int:
    """The command line; 0 when everything is in place, 2 with a reason when not, 130 when interrupted."""
    parser = argparse.ArgumentParser(description="Make the environment of this checkout.")
    parser.add_argument("kind", choices=LOCKS, help="to run the testbed, or also to test it")
    try:
        set_up(parser.parse_args().kind)
    except (SetUpError, OSError) as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("interrupted; the next call begins again")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
