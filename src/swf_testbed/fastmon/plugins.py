"""Products and checks of one's own: found by entry points, or named in the configuration."""

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path

from swf_testbed.fastmon.checks.base import CHECKS, Check
from swf_testbed.fastmon.registry import REGISTRY, Product
from swf_testbed.model.errors import BadInput

GROUP = "swf_testbed.fastmon"
"""Entry points of installed packages; each names a class."""

_FIELD = "fastmon.plugins"


def load(named: Iterable[str] = ()) -> list[type[Check] | type[Product]]:
    """Load the installed plug-ins and those named `module:Class` or `path/to/file.py:Class`.

    Every process that fills, merges, judges or shows must load the same ones. Loading again changes nothing.

    Raises:
        BadInput: one cannot be loaded, or is neither a check nor a product, or takes the name of another.
    """
    installed = [entry.value for entry in entry_points(group=GROUP)]
    return [_registered(_loaded(name), name) for name in (*installed, *named)]


def _loaded(name: str) -> object:
    place, _, attribute = name.rpartition(":")
    if not place:
        raise BadInput(_FIELD, name, "must be module:Class or file.py:Class")
    try:
        module = _from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
        return getattr(module, attribute)
    except Exception as error:
        # Whatever a stranger's module does when it is imported, it is the configuration that is wrong.
        raise BadInput(_FIELD, name, f"cannot be loaded: {type(error).__name__}: {error}") from error


def _from_file(path: Path) -> object:
    place = path.expanduser().resolve()
    # Files of one name in different folders are different modules.
    name = f"swf_plugin {place.with_suffix('')}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, place)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _registered(found: object, name: str) -> type[Check] | type[Product]:
    if isinstance(found, type) and issubclass(found, Check):
        if CHECKS.setdefault(found.name, found) is not found:
            raise BadInput(_FIELD, name, f"there is a check {found.name} already")
        return found
    if isinstance(found, type) and issubclass(found, Product):
        if type(REGISTRY.setdefault(found.name, found())) is not found:
            raise BadInput(_FIELD, name, f"there is a product {found.name} already")
        return found
    raise BadInput(_FIELD, name, "must be a class derived from SubsystemCheck, RunCheck, HitProduct or Trend")
