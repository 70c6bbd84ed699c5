"""Remakes golden.json, the values that StatisticsTests are held to: python3 golden.py > golden.json

Made with SciPy 1.17.1 and NumPy 2.4.6 on Python 3.11. Every case is drawn from the seed below.

Where SciPy has the function, it is asked: binomtest (exact McNemar, Wilson's interval), norm, binom, bootstrap. What it
has not is written here a second way, so that nothing is held to itself: Holm by its definition as a maximum over sets;
the bootstrap's whole distribution by raising the characteristic polynomial of one document to the n-th power; the power
of the exact test by a plain double sum over binom.pmf.
"""
import json
import sys

import numpy as np
import scipy
from scipy import optimize, stats

SEED = 20240501
RESAMPLES = 100_000
random = np.random.default_rng(SEED)


def mcnemar(lost, gained):
    return 1.0 if lost + gained == 0 else stats.binomtest(lost, lost + gained, 0.5).pvalue


def holm(values):
    # A value's adjusted p is the largest that any of the steps up to its own demands.
    steps = sorted(set(values))
    demands = [(p, min(1.0, p * sum(1 for other in values if other >= p))) for p in steps]
    return [max(demand for p, demand in demands if p <= value) for value in values]


def exact_interval(lost, gained, documents):
    """Quantiles of gained - lost over resamples, by the discrete Fourier transform."""
    size = 2 * documents + 1
    turn = np.exp(-2j * np.pi * np.arange(size) / size)
    rest = documents - lost - gained
    one = (lost * turn**-1 + rest + gained * turn) / documents
    masses = np.fft.ifft(one**documents).real.clip(0)
    masses = np.roll(masses, documents)  # from -documents on
    lower = int(np.argmax(np.cumsum(masses) >= 0.025)) - documents
    upper = documents - int(np.argmax(np.cumsum(masses[::-1]) >= 0.025))
    return [lower / documents, upper / documents]


def scipy_interval(differences):
    """SciPy's percentile interval, and four standard deviations of an end's Monte Carlo error."""
    result = stats.bootstrap(
        (differences,), np.mean, n_resamples=RESAMPLES, batch=1000, method="percentile", rng=random
    )
    # The deviation of a sample quantile: sqrt(q (1 - q) / R) / density, the density that of a normal mean.
    deviation = np.sqrt(0.025 * 0.975 / RESAMPLES) / stats.norm.pdf(stats.norm.ppf(0.025))
    error = 4 * deviation * np.std(differences) / np.sqrt(len(differences))
    return {
        "interval": [float(result.confidence_interval.low), float(result.confidence_interval.high)],
        "error": float(error),
    }


def paired(lost, gained, documents, drawn=True):
    differences = np.array([-1.0] * lost + [1.0] * gained + [0.0] * (documents - lost - gained))
    case = {
        "lost": lost,
        "gained": gained,
        "documents": documents,
        "p": float(mcnemar(lost, gained)),
        "interval": exact_interval(lost, gained, documents),
        "stderr": float(stats.sem(differences)) if documents > 1 else None,
    }
    if drawn and 0 < lost + gained and documents > 1:
        case["scipy"] = scipy_interval(differences)
    return case


def power(documents, share, difference):
    """The probability that binomtest rejects at 0.05."""
    total = 0.0
    likely = stats.binom(documents, share)
    first, last = int(likely.ppf(1e-13)), int(likely.ppf(1 - 1e-13))
    for discordant in range(first, last + 1):
        limit = critical(discordant)
        if limit >= 0:
            gained = stats.binom(discordant, min(1.0, (share + difference) / (2 * share)))
            total += likely.pmf(discordant) * (gained.cdf(limit) + gained.sf(discordant - limit - 1))
    return float(total)


def critical(discordant):
    limit = int(stats.binom.ppf(0.025, discordant, 0.5))
    while limit >= 0 and 2 * stats.binom.cdf(limit, discordant, 0.5) > 0.05:
        limit -= 1
    return limit


def detectable(documents, share):
    if power(documents, 1.0, 1.0) < 0.8:
        return None
    if share == 0 or power(documents, share, share) < 0.8:
        return float(optimize.brentq(lambda d: power(documents, d, d) - 0.8, max(share, 1e-6), 1.0))
    return float(optimize.brentq(lambda d: power(documents, share, d) - 0.8, 0.0, share))


def counts():
    documents = int(random.integers(10, 3000))
    discordant = int(documents * random.uniform(0, 0.5))
    lost = int(random.binomial(discordant, random.uniform(0.3, 0.7)))
    return lost, discordant - lost, documents


def values():
    kind = random.integers(3)
    size = int(random.integers(5, 400))
    if kind == 0:
        return random.normal(-0.1, 1, size)
    if kind == 1:
        return random.exponential(1, size) - 1
    return np.round(random.standard_t(4, size), 3)


def mean(differences):
    case = {
        "differences": [float(x) for x in np.round(differences, 6)],
        "difference": float(np.mean(np.round(differences, 6))),
        "stderr": float(stats.sem(np.round(differences, 6))),
    }
    return case | scipy_interval(np.round(differences, 6))


def wilson(successes, trials):
    interval = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    return {"successes": successes, "trials": trials, "interval": [float(interval.low), float(interval.high)]}


EDGES = [(0, 0, 1), (0, 0, 50), (1, 0, 1), (0, 1, 1), (50, 0, 50), (0, 6, 100), (3, 3, 6), (1, 1, 2)]
LARGE = [(2000, 1900, 10042), (5, 900, 10042), (400, 600, 5153), (0, 1074, 2000)]


def golden():
    wilsons = [(0, 1), (1, 1), (0, 50), (50, 50), (7, 10), (5021, 10042)]
    wilsons += [(int(random.integers(0, n + 1)), int(n)) for n in random.integers(1, 12000, 20)]
    families = [[], [0.03], [0.5, 0.5, 0.5], [1.0, 0.2, 0.9], [0.01, 0.04, 0.03, 0.005], [0.0, 1.0, 0.0]]
    families += [[float(p) for p in np.round(random.beta(0.4, 2, random.integers(2, 40)), 3)] for _ in range(20)]
    effects = [(5, 0.2), (6, 0.0), (8, 0.5), (50, 0.0), (50, 0.1), (1000, 0.002), (10042, 0.1), (12000, 0.0)]
    effects += [(int(random.integers(20, 3000)), round(float(random.uniform(0.01, 0.5)), 3)) for _ in range(20)]
    probabilities = [1e-300, 1e-20, 1e-6, 0.025, 0.5, 0.975, 1 - 1e-10]
    probabilities += [float(p) for p in random.uniform(0, 1, 20)]
    masses = [(int(n), round(float(p), 4)) for n, p in zip(random.integers(1, 12000, 20), random.uniform(0, 1, 20))]
    return {
        "origin": f"golden.py, SciPy {scipy.__version__}, NumPy {np.__version__}, Python {sys.version.split()[0]}",
        "resamples": RESAMPLES,
        "paired": [paired(*case, drawn=False) for case in EDGES + LARGE] + [paired(*counts()) for _ in range(24)],
        "means": [mean(values()) for _ in range(20)],
        "wilson": [wilson(*case) for case in wilsons],
        "holm": [{"p": family, "adjusted": holm(family)} for family in families],
        "detectable": [{"documents": n, "share": s, "minimum": detectable(n, s)} for n, s in effects],
        "quantiles": [{"p": p, "value": float(stats.norm.ppf(p))} for p in probabilities],
        "binomial": [
            {
                "trials": n,
                "p": p,
                "successes": k,
                "mass": float(stats.binom.pmf(k, n, p)),
                "tail": float(stats.binom.cdf(k, n, p)),
            }
            for n, p in masses
            for k in sorted({0, int(n * p * 0.9), int(n * p), min(n, int(n * p * 1.05) + 1)})
        ],
    }


if __name__ == "__main__":
    # One case a line, so that a change shows.
    sections = [
        f"{json.dumps(key)}: "
        + (json.dumps(value) if not isinstance(value, list) else "[\n" + ",\n".join(map(json.dumps, value)) + "\n]")
        for key, value in golden().items()
    ]
    print("{\n" + ",\n".join(sections) + "\n}")
