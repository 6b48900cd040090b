"""The reference page of products and checks, written from the classes themselves."""

import inspect

from swf_testbed.fastmon.checks.base import CHECKS, Check, RunCheck, SubsystemCheck
from swf_testbed.fastmon.counts import ProductKey
from swf_testbed.fastmon.products import REGISTRY, RUN, HitProduct, Product, Trend, axis_of
from swf_testbed.fastmon.registry import SubsystemProduct
from swf_testbed.model.detectors import detectors


def page() -> str:
    """In Markdown."""
    return f"""\
# Products and checks

What fast monitoring counts of every subsystem, and how it judges what it has counted. How the judgement
works is told in [Judgement](../explanation/judgement.md); a product or a check of your own is
[one class in one file](../tutorials/your-own-check.md).

## Products

Products *from the index* count every frame; products *from samples* the frames that were sampled. All are
plain sums.

| Product | Title | From | Counts | Axis | Bins |
|---|---|---|---|---|---|
{"".join(_product(entry) for entry in REGISTRY.values())}
## Checks

A check gives a significance in standard deviations; `[fastmon.checks]` says from where on it is
[medium and bad](parameters.md). *Kind* is what is said to be wrong. What another check's kind explains is at
most medium.

| Check | Kind | Looks at | Reference | Explained by |
|---|---|---|---|---|
{"".join(_row(entry) for entry in CHECKS.values())}
{"".join(_check(entry) for entry in CHECKS.values())}"""


def _product(entry: Product) -> str:
    origin = (
        "samples" if isinstance(entry, HitProduct) else "the index" if isinstance(entry, Trend) else "times"
    )
    told = _first_line(type(entry))
    return f"| `{entry.name}` | {entry.title} | {origin} | {told} | {' | '.join(_axis(entry))} |\n"


def _axis(entry: Product) -> tuple[str, str]:
    """What the axis is, with its unit, and how many bins reach from where to where."""
    axes = [
        entry.axis(detector) if isinstance(entry, SubsystemProduct) else axis_of(ProductKey(RUN, entry.name))
        for detector in detectors()
    ]
    one = axes[0]
    title = f"{one.title}, {one.unit}" if one.unit else one.title
    bins = str(one.bins) if len({axis.bins for axis in axes}) == 1 else "by subsystem"
    ends = f", {one.low:g} to {one.high:.5g}" if one.unit and len({axis.high for axis in axes}) == 1 else ""
    return title, f"{bins}{ends}"


def _row(entry: type[Check]) -> str:
    needs = issubclass(entry, SubsystemCheck) and entry.needs_reference
    explained = ", ".join(f"`{kind}`" for kind in sorted(entry.explained_by)) or "nothing"
    where = f"`{entry.histogram}`" if entry.histogram else "several"
    reference = "needed" if needs else "not needed"
    return f"| `{entry.name}` | `{entry.kind}` | {where} | {reference} | {explained} |\n"


def _check(entry: type[Check]) -> str:
    scope = "the run" if issubclass(entry, RunCheck) else "each subsystem"
    fields = entry.Settings.model_fields
    rows = "".join(
        f"| `{name}` | `{field.default}` | {field.description or ''} |\n" for name, field in fields.items()
    )
    table = f"\n| Setting | Default | Tells |\n|---|---|---|\n{rows}" if rows else ""
    return f"\n### `{entry.name}`: {entry.title}\n\n{inspect.getdoc(entry)}\n\nOf {scope}.\n{table}"


def _first_line(of: type) -> str:
    return (inspect.getdoc(of) or "").splitlines()[0]
