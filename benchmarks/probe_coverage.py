"""How often the 95 % intervals of a round with probes hold the truth: ``python -m benchmarks.probe_coverage``.

Each simulation makes a data set with known errors, flags some of it well or badly, judges a random part of the
flagged samples and a random sample of the rest, and asks whether the interval holds the true figure.
"""

from __future__ import annotations

import argparse

import numpy as np
from labelsift.corrections.probe_estimates import Stratum, estimates

NAMES = ("error_rate", "precision", "recall")
REGIMES = {  # flagged samples, share judged, errors among flagged; rest, probes, errors among the rest
    "small round": ((40, 150), (0.4, 0.9), (0.3, 0.95), (800, 4_000), (30, 60), (0.01, 0.15)),
    "usual": ((100, 800), (0.1, 0.6), (0.3, 0.97), (3_000, 20_000), (40, 200), (0.005, 0.1)),
    "large, clean": ((200, 2_000), (0.1, 0.5), (0.1, 0.8), (50_000, 500_000), (100, 400), (0.003, 0.05)),
    "bad data": ((300, 3_000), (0.1, 0.5), (0.5, 0.99), (2_000, 10_000), (50, 300), (0.1, 0.4)),
}


def coverage(regime: str, *, simulations: int, seed: int) -> dict[str, float]:
    """Return the share of simulations whose interval holds the truth, by figure."""
    rng = np.random.default_rng(seed)
    sizes, shares, precisions, rests, probes, missed = REGIMES[regime]
    hits = dict.fromkeys(NAMES, 0)
    for number in range(simulations):
        flagged, rest = int(rng.integers(*sizes)), int(rng.integers(*rests))
        wrong = rng.binomial(flagged, rng.uniform(*precisions))
        beyond = rng.binomial(rest, np.exp(rng.uniform(*np.log(missed))))
        judged, sampled = max(int(flagged * rng.uniform(*shares)), 10), int(rng.integers(*probes))
        intervals = estimates(
            Stratum(flagged, judged, int(rng.hypergeometric(wrong, flagged - wrong, judged))),
            Stratum(rest, sampled, int(rng.hypergeometric(beyond, rest - beyond, sampled))),
            seed=number,
            draws=4_000,
        )
        truth = ((wrong + beyond) / (flagged + rest), wrong / flagged, wrong / max(wrong + beyond, 1))
        for name, true in zip(NAMES, truth, strict=True):
            hits[name] += intervals[name].low - 1e-9 <= true <= intervals[name].high + 1e-9
    return {name: count / simulations for name, count in hits.items()}


def main() -> None:
    """Print the coverage of each regime."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    asked = parser.parse_args()
    print(f"{asked.simulations} simulations a regime and seed; the 95 % intervals hold the truth in")
    for regime in REGIMES:
        for seed in asked.seeds:
            shares = coverage(regime, simulations=asked.simulations, seed=seed)
            print(f"{regime:14s} seed {seed:4d}: " + ", ".join(f"{name} {share:.1%}" for name, share in shares.items()))


if __name__ == "__main__":
    main()
