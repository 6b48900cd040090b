"""Files for the user's eyes only."""

import os
import secrets
from pathlib import Path


def write_secret(file: Path, text: str) -> None:
    """Write a file that only the user can read; it is never there half written or open to others."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
    beside.replace(file)
