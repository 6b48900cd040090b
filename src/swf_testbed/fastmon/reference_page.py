"""The reference page of products and checks, written from the classes themselves."""

import inspect

from swf_testbed.fastmon.checks.base import CHECKS, Check, RunCheck, SubsystemCheck
from swf_testbed.fastmon.products import REGISTRY, HitProduct, Product, Trend


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

| Product | Title | From | Counts |
|---|---|---|---|
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
    return f"| `{entry.name}` | {entry.title} | {origin} | {_first_line(type(entry))} |\n"


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
