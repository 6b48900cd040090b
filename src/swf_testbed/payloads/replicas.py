"""Another replica for a payload that cannot read the first."""

from collections.abc import Callable

from swf_testbed.payloads.outcome import ExitCode, Outcome
from swf_testbed.payloads.work import Work


def first_that_can_be_read(work: Work, run: Callable[[Work], Outcome]) -> Outcome:
    """Run with each replica in front in turn, as long as the input cannot be read."""
    urls = work.urls
    outcome = Outcome(ExitCode.NO_INPUT, error="there is no replica")
    for place in range(len(urls)):
        turned = urls[place:] + urls[:place]
        outcome = run(work.model_copy(update={"urls": turned}))
        if outcome.code != ExitCode.NO_INPUT:
            break
    return outcome
