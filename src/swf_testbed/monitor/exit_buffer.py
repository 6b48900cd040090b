"""`GET /exit-buffer/…`: the STF files of the exit buffer, whole or by byte ranges, for who has a token.

Files are read only, and whatever reading of the monitor is open to everyone, these are not.
"""

import asyncio
import os
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from swf_testbed.model.errors import shorten
from swf_testbed.model.names import STF_SUFFIX
from swf_testbed.monitor.stream.refusals import REFUSALS, NotAllowed, refusal
from swf_testbed.monitor.stream.running import Running
from swf_testbed.monitor.stream.visitors import user_of

_HEADERS = {"Cache-Control": "no-store"}


class ExitBuffer:
    """One folder, as people elsewhere see it.

    Args:
        folder: need not be there yet.
        running: by which the database is asked who may read.
    """

    def __init__(self, folder: Path, running: Running) -> None:
        self._folder, self._running = folder, running

    async def serve(self, request: Request) -> Response:
        """A file; of the folder itself nothing but that it may be read, which a reverse proxy asks."""
        try:
            if await self._running.read(lambda: user_of(request)) is None:
                raise NotAllowed(
                    "files of the exit buffer need the header 'Authorization: Token <key>' with a valid "
                    "token; `testbed token` makes one, and one that only reads will do"
                )
        except REFUSALS as error:
            return refusal(error)
        wanted = request.path_params["path"]
        if not wanted:
            return Response(status_code=204, headers=_HEADERS)
        path = await asyncio.to_thread(self._find, wanted)
        if path is None:
            return JSONResponse({"detail": f"there is no STF file {shorten(wanted)} in the exit buffer"}, 404)
        return FileResponse(path, media_type="application/octet-stream", headers=_HEADERS)

    def _find(self, wanted: str) -> Path | None:
        """An STF file of the folder, wherever links lead; nothing else of this machine."""
        try:
            folder = self._folder.resolve()
            path = (folder / wanted).resolve()
            good = path.is_relative_to(folder) and path.suffix == STF_SUFFIX and path.is_file()
        except (OSError, ValueError):
            return None
        return path if good and os.access(path, os.R_OK) else None
