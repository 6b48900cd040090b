"""Which storage a configuration means."""

from pathlib import Path

from swf_testbed.adapters.storage.catalogued import CataloguedStorage
from swf_testbed.adapters.storage.folders import FolderMover
from swf_testbed.adapters.storage.imagined import ImaginedMover
from swf_testbed.adapters.storage.protocol import Storage
from swf_testbed.config.data import Data
from swf_testbed.config.environment import settings
from swf_testbed.model.errors import BadInput


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
        case "rucio":
            return _rucio(data, state_dir)
        case "local":
            folders = site_folders(data, state_dir)
            if not data.sites_folder:  # elsewhere a folder that is not there is a disk that is not mounted
                for folder in folders.values():
                    folder.mkdir(parents=True, exist_ok=True)
            return CataloguedStorage(data.site, FolderMover(folders))


def _rucio(data: Data, state_dir: Path) -> Storage:
    from swf_testbed.adapters.rucio import Access, Door, RucioStorage

    if not data.buffer_url:
        allowed = "must say how sites reach the exit buffer, like root://daq.example.org:1094//data/"
        raise BadInput("data.buffer_url", data.buffer_url, allowed)
    said = settings()
    password = said.swf_rucio_password
    access = Access(
        token_dir=said.private_dir / "rucio",
        url=said.swf_rucio_url,
        account=said.swf_rucio_account,
        username=said.swf_rucio_username,
        password=None if password is None else password.get_secret_value(),
    )
    return RucioStorage(access, data.site, Door(state_dir / "exit-buffer", data.buffer_url))
