"""A home folder on ports of its own, in which commands are typed as a reader of the documents types them."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from swf_test_servers import own_home

_TIMEOUT_S = 200


@dataclass(frozen=True)
class TypedHome:
    """Runs shell commands with the testbed's programs in the PATH."""

    path: Path
    environment: dict[str, str]

    @classmethod
    def at(cls, path: Path) -> "TypedHome":
        """One with nothing in it yet."""
        own = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(path),
            **own_home(path),
        }
        return cls(path, {**os.environ, **own})

    def typed(self, command: str, codes: tuple[int, ...] = (0,)) -> str:
        """What a command prints; its exit code is one of `codes`."""
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            check=False,
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
        assert done.returncode in codes, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout
