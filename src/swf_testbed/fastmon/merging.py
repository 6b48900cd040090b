"""A run's histograms, added up from parts that may come in any order and more than once."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from swf_testbed.fastmon.counts import Counts, IntArray, ProductKey, ProductSet
from swf_testbed.fastmon.products import Trend, axis_of, product

_FIRST_TREND_BINS = 64
_SCAN_FACTOR = 8
"""Looking at so many bins takes as long as sorting one of those that were touched."""


class RunHistograms:
    """The sum of parts; a part (a slice, an STF's index) counts once, whatever is delivered twice.

    Bins are kept as plain arrays, one a product and subsystem, so that adding a slice costs what the slice
    has, not what the run has; of the many bins of sparse products the system gives memory to those touched.

    Args:
        products, parts: what was saved of an earlier object by `saved` and `parts`.
    """

    def __init__(self, products: ProductSet | None = None, parts: Iterable[str] = ()) -> None:
        self.frames = 0
        self.parts: set[str] = set()
        self._bins: dict[ProductKey, IntArray] = {}
        self._touched: dict[ProductKey, list[IntArray]] = {}
        self._touches: Counter[ProductKey] = Counter()
        self._changed: set[ProductKey] = set()
        if products is not None:
            self._sum(products)
            self.parts.update(parts)

    def add(self, part: str, products: ProductSet) -> bool:
        """Add a part; false, and nothing changed, if that part has been added before.

        Args:
            part: names the part in its run, for instance `<tf_filename>/<slice_id>`.
            products: as from `hit_products` or `decode`.
        """
        if part in self.parts:
            return False
        self._sum(products)
        self.parts.add(part)
        return True

    def keys(self) -> list[ProductKey]:
        """What there are histograms of, sorted."""
        return sorted(self._bins)

    def bins(self, key: ProductKey) -> IntArray:
        """The contents of every bin and then the overflow, read-only; trends end with the last bin seen.

        Raises:
            KeyError: there is nothing of that key.
        """
        bins = self._bins[key]
        view = np.trim_zeros(bins, "b") if isinstance(product(key.product), Trend) else bins.view()
        view.flags.writeable = False
        return view

    def filled(self, key: ProductKey) -> tuple[IntArray, IntArray]:
        """The bins with content of a sparse product, and their contents; cheaper than looking through all.

        Raises:
            KeyError: there is nothing of that key, or it is not sparse.
        """
        where = self._compact(key)
        return where, self._bins[key][where]

    def total(self, product_name: str) -> int:
        """The sum of a product over all subsystems: for hit products, the number of hits."""
        return sum(int(bins.sum()) for key, bins in self._bins.items() if key.product == product_name)

    def take_changed(self) -> set[ProductKey]:
        """What has changed since this was last asked."""
        changed, self._changed = self._changed, set()
        return changed

    def saved(self) -> ProductSet:
        """All counts, to be stored (see `codec`) and begun with again."""
        counts = {}
        for key, bins in self._bins.items():
            if product(key.product).is_sparse:
                where, values = self.filled(key)
                counts[key] = Counts(values, where)
            else:
                counts[key] = Counts(bins.copy())
        return ProductSet(self.frames, counts)

    def _sum(self, products: ProductSet) -> None:
        self.frames += products.frames
        for key, counts in products.counts.items():
            highest = int(counts.where[-1]) if counts.where is not None and len(counts.where) else 0
            bins = self._bins[key] = _room(self._bins.get(key), highest + 1, key)
            if counts.where is None:
                bins += counts.values
            else:
                # One pass over memory, where indexing and `+=` make two.
                np.add.at(bins, counts.where, counts.values)
                self._touched.setdefault(key, []).append(counts.where)
                self._touches[key] += len(counts.where)
                if self._touches[key] > len(bins):
                    self._compact(key)
            self._changed.add(key)

    def _compact(self, key: ProductKey) -> IntArray:
        """The bins ever added to, each once, ascending; from all bins where that is quicker than sorting."""
        bins, touched = self._bins[key], self._touched[key]
        if len(touched) == 1:
            return touched[0]
        if _SCAN_FACTOR * self._touches[key] > len(bins):
            where = np.flatnonzero(bins != 0)
        else:
            where = np.unique(np.concatenate(touched))
        self._touched[key], self._touches[key] = [where], len(where)
        return where


def _room(bins: IntArray | None, length: int, key: ProductKey) -> IntArray:
    """Bins with room for `length`: all of the axis, but a trend grows as the run does, by doubling."""
    if bins is not None and len(bins) >= length:
        return bins
    whole = axis_of(key).bins + 1
    if not isinstance(product(key.product), Trend):
        return np.zeros(whole, np.int64)
    fresh = np.zeros(min(max(2 * length, _FIRST_TREND_BINS), whole), np.int64)
    if bins is not None:
        fresh[: len(bins)] = bins
    return fresh
