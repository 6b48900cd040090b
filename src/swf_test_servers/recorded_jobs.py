"""Tasks and jobs of the PanDA server with recorded semantics."""

from dataclasses import dataclass, field
from typing import Any

OVER = frozenset({"finished", "failed", "cancelled", "closed"})
"""Words for jobs that have ended."""


@dataclass
class Task:
    """A task; it is visible once JEDI has had its turn."""

    number: int
    parameters: dict[str, Any]
    status: str = "registered"
    visible: bool = False
    soft_finish: bool = False

    @property
    def name(self) -> str:
        """By which it is one."""
        return str(self.parameters["taskName"])

    @property
    def dataset(self) -> str | None:
        """What it reads."""
        templates = [one for one in self.parameters["jobParameters"] if one.get("param_type") == "input"]
        return templates[0]["dataset"] if templates else None

    def told(self, inputs: tuple[str, ...], place: int) -> str:
        """The parameters of a job; `place` counts those of a task without input.

        Constants are as recorded. That `SEQNUMBER` counts up from `offset` is what prun relies on.
        """
        text = ""
        for one in self.parameters["jobParameters"]:
            value = str(one["value"]).replace("${SEQNUMBER}", str(int(one.get("offset", 0)) + place))
            text += value.replace("${IN}", ",".join(inputs)) + (" " if one.get("padding", True) else "")
        return text.strip()


@dataclass
class Job:
    """A job; `fields` are what it has been told to show."""

    number: int
    task: int
    inputs: tuple[str, ...] = ()
    parameters: str = ""
    status: str = "activated"
    command: str | None = None
    attempt: int = 1
    host: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)

    def described(self, task: Task) -> dict[str, Any]:
        """As it is shown."""
        files = [{"lfn": name, "type": "input"} for name in self.inputs] or [
            {"lfn": "pseudo_lfn", "type": "pseudo_input"}
        ]
        if self.status == "finished":
            files += [{"lfn": f"{name}.json", "type": "output"} for name in self.inputs]
        return {
            "PandaID": self.number,
            "jediTaskID": self.task,
            "jobName": f"{task.name}.{self.number}",
            "jobStatus": self.status,
            "attemptNr": self.attempt,
            "modificationHost": self.host,
            "commandToPilot": self.command,
            "jobParameters": self.parameters,
            "transExitCode": None,
            "creationTime": {"__datetime__": "2026-11-22T08:45:53.559533"},
            **self.fields,
            "Files": files,
        }

    def given(self, task: Task) -> dict[str, Any]:
        """As a pilot gets it."""
        return {
            "PandaID": self.number,
            "taskID": self.task,
            "attemptNr": self.attempt,
            "jobName": f"{task.name}.{self.number}",
            "transformation": task.parameters["transPath"],
            "jobPars": self.parameters,
        }

    def kill(self) -> None:
        """Ended at once if no pilot has it; else its pilot is told when it next says something."""
        self.command = "tobekilled"
        if self.status == "activated":
            self.status = "cancelled"
            self.fields |= {"taskBufferErrorCode": 100, "taskBufferErrorDiag": "kill by Shift User"}

    def updated(self, said: dict[str, Any]) -> None:
        """What its pilot says; one that failed because it was killed is cancelled."""
        self.host = said["node"]
        killed = said["job_status"] == "failed" and self.command == "tobekilled"
        self.status = "cancelled" if killed else said["job_status"]
        self.fields["pilotErrorCode"] = said.get("pilot_error_code", 0)
        self.fields["pilotErrorDiag"] = said.get("pilot_error_diag")
        self.fields["transExitCode"] = said.get("trans_exit_code")
