"""A new workflow of a user's own, to begin with."""

from pathlib import Path

from swf_testbed.config.reading import SHIPPED
from swf_testbed.model.errors import BadInput, Refused
from swf_testbed.model.names import check_workflow_name
from swf_testbed.workflows.code import SHIPPED_CODE

TEMPLATE = Path(__file__).parent / "template"
TEMPLATE_NAME = "my_workflow"
_SUFFIXES = (".py", ".toml")


def new_workflow(name: str, folder: Path) -> list[Path]:
    """Write NAME.py and NAME.toml; the folder is made if need be.

    Raises:
        BadInput: the name cannot be one, or one of the testbed's own workflows has it.
        Refused: there is such a file already; nothing is written.
    """
    check_workflow_name(name)
    if any((own / f"{name}{suffix}").exists() for own in (SHIPPED, SHIPPED_CODE) for suffix in _SUFFIXES):
        raise BadInput("NAME", name, "is that of a workflow that comes with the testbed: choose another")
    paths = [folder / f"{name}{suffix}" for suffix in _SUFFIXES]
    for path in paths:
        if path.exists():
            raise Refused(f"{path} is there already: choose another name, or move it away")
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        text = (TEMPLATE / f"{TEMPLATE_NAME}{path.suffix}").read_text("utf-8")
        path.write_text(text.replace(TEMPLATE_NAME, name), "utf-8")
    return paths
