"""How surprising a number is: significances in standard deviations, from counts and from scatter.

All are for one number; `among` takes away what is gained by looking at many.
"""

from math import copysign, log, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def of_counts(seen: Floats, expected: Floats, spread: float = 1.0) -> Floats:
    """Of counts that scatter `spread` times as much (in variance) as independent ones would.

    The signed root of the deviance of a Poisson distribution, which also holds where few are expected and a
    Gaussian would not: a cluster of hits counts as one.
    """
    expected = np.maximum(expected, 1e-9)
    logarithm = seen * np.log(np.maximum(seen, 1e-9) / expected)
    deviance = np.maximum(2 * (logarithm - seen + expected), 0) / max(spread, 1.0)
    return np.sign(seen - expected) * np.sqrt(deviance)


def of_mean(difference: float, variance: float, learned_from: float) -> float:
    """Of a difference whose variance was learned from so many parts: Student's t made a Gaussian.

    A variance from few parts may by chance be small; the tails of Student's distribution know that.
    """
    if variance <= 0 or learned_from < 2:
        return 0.0
    freedom = learned_from - 1
    squared = difference * difference / variance
    return copysign(sqrt(freedom * log(1 + squared / freedom)), difference)


def of_scattering_chi2(ratio: float, freedom: int, mean: float, variance: float) -> float:
    """Of a chi²/ndf that has this mean and variance in good data, which is more than counts alone would have.

    What is more may come from one cause that moves all bins at once, as the mix of physics and noise does;
    then it has the long tail of a single degree of freedom, and so much is granted to it.
    """
    common = sqrt(max(variance - 2 / freedom, 0.0) / 2)
    alone = of_chi2(ratio / max(mean, 1.0), freedom)
    beyond = max(ratio - max(mean - common, 1.0), 0.0)
    return min(alone, sqrt(beyond / common)) if common else alone


def of_chi2(ratio: float, freedom: float) -> float:
    """Of a chi² over its mean, with so many degrees of freedom (Wilson and Hilferty's cube root)."""
    width = 2 / (9 * max(freedom, 1.0))
    return float((max(ratio, 0.0) ** (1 / 3) - (1 - width)) / sqrt(width))


def among(significance: float, looked_at: int) -> float:
    """The significance of the largest of so many: Bonferroni's correction, which keeps the sign.

    For probabilities as small as those of 4 standard deviations and more, multiplying by N is to take
    2 ln N from the square.
    """
    squared = significance * significance - 2 * log(max(looked_at, 1))
    return copysign(sqrt(max(squared, 0.0)), significance)


_LEAST_IN_BIN = 5.0


def two_sample_chi2(one: NDArray[np.integer], other: NDArray[np.integer]) -> tuple[float, int]:
    """The chi² between two shapes and its degrees of freedom.

    Bins where the smaller of the two would have less than 5 by the sum of both are taken together, or else a
    single hit where none was seen before would count for very much.
    """
    first, second = one.astype(np.float64), other.astype(np.float64)
    total, there = first.sum(), second.sum()
    if not total or not there:
        return 0.0, 0
    share = min(total, there) / (total + there)
    enough = (first + second) * share >= _LEAST_IN_BIN
    first, second = first[enough], second[enough]
    scale = sqrt(there / total)
    chi2 = float(((first * scale - second / scale) ** 2 / (first + second)).sum())
    bins, few, fewer = len(first), total - first.sum(), there - second.sum()
    if few + fewer:
        chi2 += float((few * scale - fewer / scale) ** 2 / (few + fewer))
        bins += 1
    return (chi2, bins - 1) if bins > 1 else (0.0, 0)
