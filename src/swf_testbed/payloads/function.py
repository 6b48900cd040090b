"""Payloads that are Python functions, the histogrammer among them: called in the process beside a worker."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from swf_testbed.fastmon.codec import decode, encode
from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.fill import products_of_frames
from swf_testbed.fastmon.merging import RunHistograms
from swf_testbed.model.errors import BadData, Refused, readable
from swf_testbed.payloads.outcome import ExitCode, Outcome, code_of, failed
from swf_testbed.payloads.work import Work
from swf_testbed.stf.reader import StfReader

BUILT_IN = "swf_testbed.payloads.function:histograms"
NOTHING = "swf_testbed.payloads.function:nothing"
"""Does nothing: for measuring what everything around a payload costs."""

Function = Callable[[dict[str, Any]], Any]

_PROBLEMS = 20
_FRAMES_AT_ONCE = 100
"""Of a whole STF: its frames need not fit into memory."""


def histograms(description: dict[str, Any]) -> dict[str, Any]:
    """The products of all hits of the frames, read by range."""
    work = Work.model_validate(description)
    wanted = work.frames
    with StfReader.open(work.urls[0]) as reader:
        numbers = [tf for tf in reader.tf_numbers().tolist() if wanted.first <= tf <= wanted.last]
        if len(numbers) != wanted.count:
            raise BadData(
                f"{work.tf_filename or work.filename} has {len(numbers)} frames from {wanted.first} to "
                f"{wanted.last}, not {wanted.count}"
            )
        products, problems = _products(reader, numbers)
        return {
            "bytes_read": reader.bytes_read,
            "requests": reader.requests,
            "problems": problems[:_PROBLEMS],
            "histograms": encode(products),
        }


def _products(reader: StfReader, numbers: Sequence[int]) -> tuple[ProductSet, list[str]]:
    if len(numbers) <= _FRAMES_AT_ONCE:
        return products_of_frames(reader, numbers)
    total, problems = RunHistograms(), list[str]()
    for start in range(0, len(numbers), _FRAMES_AT_ONCE):
        products, found = products_of_frames(reader, numbers[start : start + _FRAMES_AT_ONCE])
        total.add(str(start), products)
        problems += found
    return total.saved(), problems


def nothing(description: dict[str, Any]) -> dict[str, Any]:
    """No work."""
    del description
    return {}


def load(name: str) -> Function:
    """The function `module:function`; `Refused` if there is none here."""
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise Refused(f"the function {name} cannot be imported: {error}") from None
    if not callable(found):
        raise Refused(f"{name} is no function")
    called: Function = found
    return called


def call(name: str, description: dict[str, Any]) -> Outcome:
    """Call a function, and tell how it ended."""
    try:
        if name == BUILT_IN:  # what we encode ourselves needs no decoding to be trusted
            return _done(histograms(description))
        return understood(load(name)(description))
    except Exception as error:
        return failed(code_of(error), readable(f"{type(error).__name__}: {error}"))


def understood(answered: Any) -> Outcome:
    """What a payload answers, checked: a JSON object, with `histograms` in our codec or without."""
    if answered is None:
        return Outcome(ExitCode.DONE, {})
    if not isinstance(answered, dict):
        return failed(ExitCode.FAILED, "the payload's answer is no JSON object")
    outcome = _done(dict(answered))
    if outcome.histograms is not None:
        decode(outcome.histograms)
    return outcome


def _done(answer: dict[str, Any]) -> Outcome:
    products = answer.pop("histograms", None)
    return Outcome(ExitCode.DONE, answer, products)
