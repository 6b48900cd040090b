"""A dry run: everything is catalogued, nothing is moved, and the log says what would be done."""

import logging

from swf_testbed.adapters.storage.protocol import Copy, Did, StoredFile
from swf_testbed.model.status import CopyState

_log = logging.getLogger(__name__)


class ImaginedMover:
    """Moves nothing."""

    def bring(self, did: Did, site: str, file: StoredFile) -> Copy:
        """Would copy."""
        _log.info("dry run: %s of %s would be copied to %s", file.name, did, site)
        return Copy(file.name, site, CopyState.ARRIVED)

    def check(self, did: Did, site: str, file: StoredFile) -> Copy:
        """Would compare."""
        _log.info("dry run: %s of %s would be verified at %s", file.name, did, site)
        return Copy(file.name, site, CopyState.VERIFIED, checksum=file.checksum)

    def drop(self, file: StoredFile) -> str:
        """Would delete."""
        _log.info("dry run: %s would be deleted from the exit buffer", file.name)
        return ""
