"""What a worker may run on frames: the tables `[payloads.NAME]`.

A message names a payload, and never says what it does: that stands in testbed.toml where the worker runs, so
that nobody who reaches the queue can have a program run.
"""

from typing import Annotated, Literal

from pydantic import Field

from swf_testbed.config.section import Duration, Section, told

HISTOGRAMS = "histograms"
"""The name of the built-in histogrammer, which needs no table."""

PayloadName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=100)]

Words = Annotated[tuple[Annotated[str, Field(max_length=4000)], ...], Field(strict=False)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]


class _Payload(Section):
    timeout: Annotated[Duration, told("it is ended then, and counts as timed out")] = 600.0


class Histograms(_Payload):
    """The built-in histogrammer: decodes all hits, and fills the products of monitoring."""

    kind: Literal["histograms"]


class PythonFunction(_Payload):
    """A Python function, called with the description of the work as a dictionary.

    It runs in a process beside the worker's. What it answers is the result; a key `histograms` in it is sent
    to the merger.
    """

    kind: Literal["python"]
    function: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$",
            max_length=300,
            description="`module:function`; the module must be installed beside the testbed",
        ),
    ]


class Command(_Payload):
    """A program, started without a shell in a private folder and a process group of its own.

    It finds the description of the work in `slice.json`, and leaves `result.json`, written last and renamed
    into place.
    """

    kind: Literal["command"]
    argv: Annotated[Words, Field(min_length=1, description="the program and its arguments, word by word")]
    environment: Annotated[
        tuple[Variable, ...],
        Field(strict=False, description="variables that it inherits; PATH, HOME, LANG and TZ it always does"),
    ] = ()


class Eicrecon(_Payload):
    """EICrecon on a podio file of EDM4hep or EDM4eic events, one event a frame."""

    kind: Literal["eicrecon"]
    program: Annotated[
        str, Field(min_length=1, max_length=4000, description="its name in PATH, or where it is")
    ] = "eicrecon"
    arguments: Annotated[Words, told("between the program and the file")] = ()
    output: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.root$", description="the file that it writes")
    ] = "reconstructed.edm4eic.root"
    environment: Annotated[tuple[Variable, ...], Field(strict=False, description="as of `command`")] = (
        "LD_LIBRARY_PATH",
        "DETECTOR_PATH",
        "DETECTOR_CONFIG",
        "JANA_PLUGIN_PATH",
    )


AnyPayload = Annotated[Histograms | PythonFunction | Command | Eicrecon, Field(discriminator="kind")]
