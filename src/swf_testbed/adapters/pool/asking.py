"""Programs of batch systems: asked without a shell, and not waited for without end."""

import subprocess
from collections.abc import Sequence

from swf_testbed.model.errors import Unavailable

ANSWER_S = 20.0


def ask(words: Sequence[str], *, text: str | None = None, answer_s: float = ANSWER_S) -> str:
    """What a program prints.

    Args:
        words: the program and its arguments.
        text: what it reads.
        answer_s: a program that takes longer is given up.

    Raises:
        Unavailable: it is not there, does not answer, or fails; in its own words.
    """
    try:
        done = subprocess.run(
            list(words), input=text, capture_output=True, text=True, timeout=answer_s, check=False
        )
    except FileNotFoundError:
        raise Unavailable(f"{words[0]} is not installed here") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{words[0]} did not answer within {answer_s:.0f} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
        raise Unavailable(f"{words[0]}: {said[:1000]}")
    return done.stdout
