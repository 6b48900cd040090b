"""The code of a workflow: a Python file with a process `execute(env)`, found, checked and loaded."""

import linecache
import os
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import JsonValue, ValidationError

from swf_testbed.config.catalogue import workflow_folders
from swf_testbed.config.compose import Composition
from swf_testbed.config.known import fields_of, nearest
from swf_testbed.model.errors import BadInput
from swf_testbed.workflows.environment import Process, WorkflowEnvironment, WorkflowOptions

SHIPPED_CODE = Path(__file__).parent / "shipped"
EXECUTE = "execute"


@dataclass(frozen=True, slots=True)
class WorkflowCode:
    """A workflow's code, as it was read."""

    path: Path
    text: str
    execute: Callable[[WorkflowEnvironment[Any]], Process]
    options: type[WorkflowOptions]

    def options_of(self, said: dict[str, JsonValue]) -> WorkflowOptions:
        """Its options, the defaults among them; `BadInput` names one that is not known or not right."""
        try:
            return self.options.model_validate(said)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(str(part) for part in ("options", *first["loc"]))
            unknown = first["type"] == "extra_forbidden"
            allowed = nearest(str(first["loc"][0]), fields_of(self.options)) if unknown else first["msg"]
            raise BadInput(name, first["input"], allowed) from None


def find_code(made: Composition, home: Path, search: Sequence[Path] = ()) -> Path:
    """The Python file of a workflow.

    That of the workflow's own name: beside its configuration file, in the folders that are searched for
    workflows, or shipped. Without one, that of what it includes.

    Raises:
        BadInput: there is none.
    """
    folders = (made.path.parent, *workflow_folders(home, search), SHIPPED_CODE)
    for name in made.workflow_names:
        for folder in folders:
            if (folder / f"{name}.py").is_file():
                return folder / f"{name}.py"
    name = made.configuration.workflow.name
    raise BadInput(
        "workflow.name",
        name,
        f"there is no {name}.py beside {made.path.name}; write it (`testbed new-workflow {name}` shows how), "
        'or include a configuration that has one: includes = ["stf_datataking.toml"]',
    )


def load_code(path: Path) -> WorkflowCode:
    """Run a workflow's file, as it is now, and take from it `execute`, and `Options` if it has some.

    Raises:
        BadInput: it is not ours, does not load, or has no `execute`.
    """
    _check_ours(path)
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise BadInput("workflow", str(path), f"cannot be read: {error}") from None
    module = _run(path, text)
    execute = getattr(module, EXECUTE, None)
    if not callable(execute):
        raise BadInput("workflow", str(path), "must have a process, `def execute(env):`")
    options = getattr(module, "Options", WorkflowOptions)
    if not (isinstance(options, type) and issubclass(options, WorkflowOptions)):
        raise BadInput("workflow", str(path), "its Options must be a class derived from WorkflowOptions")
    return WorkflowCode(path, text, execute, options)


def _check_ours(path: Path) -> None:
    """A command on the broker may name any path: only code that nobody else could write is run."""
    found = path.stat()
    if found.st_uid not in {0, os.geteuid()} or found.st_mode & stat.S_IWOTH:
        raise BadInput("workflow", str(path), "must be owned by you, and writable by nobody else")


def _run(path: Path, text: str) -> ModuleType:
    # Of its own name, so that two versions of a file can be at work in one runner.
    module = ModuleType(f"swf_workflow_{path.stem}_{sha256(text.encode()).hexdigest()[:12]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    # What is shown of it in a stack trace is what was run, even if the file has changed since.
    linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)  # noqa: S102  # what a workflow is
    except (Exception, SystemExit) as error:
        raise BadInput("workflow", str(path), f"does not load: {_told(error, path)}") from error
    return module


def _told(error: BaseException, path: Path) -> str:
    """An error with its line in a file."""
    line: Any = getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__} in line {line}: {text}"
