#!/usr/bin/env python3
"""Writes what the documentation takes from the code: the schemas of the messages.

Run as `python tools/generate_docs.py` in the project's environment after a change of a message; a test
fails when the files differ from the code.
"""

from pathlib import Path

from swf_testbed.messages import schemas

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference" / "schemas"


def main() -> None:
    """Write them."""
    schemas.write(FOLDER)
    print(f"{len(schemas.rendered())} documents in {FOLDER}")


if __name__ == "__main__":
    main()
