"""EICrecon as a payload: one event of a podio file is one frame."""

from collections.abc import Callable

from swf_testbed.config.payloads import Eicrecon
from swf_testbed.model.errors import BadInput, Unavailable
from swf_testbed.payloads.work import Work
from swf_testbed.stf.urls import local_path, shown


def eicrecon_words(profile: Eicrecon) -> Callable[[Work], list[str]]:
    """How EICrecon is called for a piece of work."""

    def words(work: Work) -> list[str]:
        url = work.urls[0]
        if not url.partition("?")[0].endswith(".root"):
            raise BadInput("url", shown(url), "EICrecon reads podio files, which end in .root")
        events = work.frames.count
        if events < 1:  # to JANA, 0 is all there are
            raise BadInput("frames.count", events, "must be 1 or more")
        return [
            profile.program,
            f"-Pjana:nskip={work.frames.skip}",
            f"-Pjana:nevents={events}",
            f"-Ppodio:output_file={profile.output}",
            *profile.arguments,
            _readable_place(url),
        ]

    return words


def _readable_place(url: str) -> str:
    if not url.startswith("file:"):
        return url
    path = local_path(url)
    if not path.is_file():
        raise Unavailable(f"there is no file {path}")
    return str(path)
