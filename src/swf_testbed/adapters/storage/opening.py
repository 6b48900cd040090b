"""Which storage a configuration means."""

from pathlib import Path

from swf_testbed.adapters.storage.catalogued import CataloguedStorage
from swf_testbed.adapters.storage.folders import FolderMover
from swf_testbed.adapters.storage.imagined import ImaginedMover
from swf_testbed.adapters.storage.protocol import Storage
from swf_testbed.config.data import Data


def site_folders(data: Data, state_dir: Path) -> dict[str, Path]:
    """The folder of each site; below the testbed's own folder unless the configuration names another."""
    above = Path(data.sites_folder).expanduser() if data.sites_folder else state_dir / "sites"
    return {site: above / site for site in data.sites}


def open_storage(data: Data, state_dir: Path) -> Storage:
    """The storage of a configuration.

    Args:
        data: says which, and which sites there are.
        state_dir: of the testbed.
    """
    match data.storage:
        case "dry-run":
            return CataloguedStorage(data.site, ImaginedMover())
        case "local":
            folders = site_folders(data, state_dir)
            if not data.sites_folder:  # elsewhere a folder that is not there is a disk that is not mounted
                for folder in folders.values():
                    folder.mkdir(parents=True, exist_ok=True)
            return CataloguedStorage(data.site, FolderMover(folders))
