"""A real Slurm of one node: munged, slurmctld and slurmd of an ordinary user, no systemd, no cgroups."""

import secrets
import shlex
import shutil
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from swf_test_servers.absence import program
from swf_test_servers.ports import free_port
from swf_test_servers.server import Server
from swf_test_servers.users import as_ordinary_user, hand_over

CPUS = 16
"""The node says that it has so many, whatever the machine has."""

CLIENTS = ("sbatch", "squeue", "scancel", "sinfo")


class _Munged(Server):
    """Who is who, for the others."""

    name = "munge"

    def __init__(self) -> None:
        self._program = program("munged", "MUNGE", "munge")
        super().__init__()

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "socket"

    def prepare(self) -> None:
        """A key of this cluster alone."""
        self.folder.chmod(0o755)
        key = self.folder / "key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)

    def command(self) -> list[str]:
        """What to run."""
        files = {"key": "key", "pid": "pid", "log": "log", "seed": "seed"}
        placed = [f"--{option}-file={self.folder / name}" for option, name in files.items()]
        return [str(self._program), "--foreground", f"--socket={self.socket}", *placed]

    def answers(self) -> bool:
        """Whether it listens."""
        return self.socket.exists()


class _Controller(Server):
    """slurmctld; the configuration of all is in its folder."""

    name = "slurmctld"

    def __init__(self, munge: _Munged, node_port: int) -> None:
        self._program = program("slurmctld", "Slurm", "slurmctld")
        self._munge, self._node_port = munge, node_port
        super().__init__()

    @property
    def configuration(self) -> Path:
        """What daemons and clients read."""
        return self.folder / "slurm.conf"

    def prepare(self) -> None:
        """Folders and configuration."""
        self.folder.chmod(0o755)
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        self.configuration.write_text(_CONFIGURATION.format(
            user=self.folder_owner, control_port=self.port, node_port=self._node_port,
            munge=self._munge.socket, folder=self.folder, host=socket.gethostname(), cpus=CPUS,
        ))  # fmt: skip

    @property
    def folder_owner(self) -> str:
        """Who runs all of it."""
        said = subprocess.run([*as_ordinary_user(), "id", "-un"], capture_output=True, text=True, check=True)
        return said.stdout.strip()

    def command(self) -> list[str]:
        """What to run."""
        return [str(self._program), "-D", "-f", str(self.configuration)]


class _Node(Server):
    """slurmd."""

    name = "slurmd"

    def __init__(self, controller: _Controller) -> None:
        self._program = program("slurmd", "Slurm", "slurmd")
        self._controller = controller
        super().__init__()

    def command(self) -> list[str]:
        """What to run."""
        return [str(self._program), "-D", "-N", "node1", "-f", str(self._controller.configuration)]


class Slurm:
    """A cluster; a context. With `bin` in front of PATH one speaks to it, as the user that it runs as.

    `home` is a folder that belongs to that user.
    """

    def __init__(self) -> None:
        for name in CLIENTS:
            program(name, "Slurm", "slurm-client")
        self._stack = ExitStack()
        self.munge = _Munged()
        node_port = free_port()
        self.controller = _Controller(self.munge, node_port)
        self.node = _Node(self.controller)
        self.node.port = node_port

    @property
    def bin(self) -> Path:
        """The client programs."""
        return self.controller.folder / "bin"

    @property
    def home(self) -> Path:
        """For the files of a test."""
        return self.controller.folder / "home"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.munge)
            stack.enter_context(self.controller)
            stack.enter_context(self.node)
            self._write_clients()
            stack.callback(self._end_jobs)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _write_clients(self) -> None:
        self.bin.mkdir()
        self.home.mkdir()
        for name in CLIENTS:
            path = self.bin / name
            words = shlex.join([*as_ordinary_user(), shutil.which(name) or name])
            path.write_text(
                f'#!/bin/sh\nexport SLURM_CONF={self.controller.configuration}\nexec {words} "$@"\n'
            )
            path.chmod(0o755)
        hand_over(self.home)

    def _end_jobs(self) -> None:
        words = [str(self.bin / "scancel"), f"--user={self.controller.folder_owner}"]
        for more in (["--signal=KILL", "--full"], []):
            subprocess.run([*words, *more], check=False, capture_output=True, timeout=60)


_CONFIGURATION = """\
ClusterName=swf
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={control_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={munge}
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
ReturnToService=2
KillWait=2
MessageTimeout=2
MinJobAge=300
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=node1 Default=YES MaxTime=INFINITE State=UP
"""
