"""Independent streams of random numbers, one per purpose and month, all from one seed."""

from __future__ import annotations

import zlib

import numpy as np

from ecombi.sources.simulated.columns import Floats, Ints, integers


def stream(seed: int, purpose: str, part: int = 0) -> np.random.Generator:
    """Return the stream of that purpose and part; drawing more from one never changes another."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), part])


def choose(rng: np.random.Generator, weights: Floats, size: int) -> Ints:
    """Draw positions with probability proportional to `weights`."""
    edges = np.cumsum(weights)
    return integers(np.searchsorted(edges[:-1], rng.random(size) * edges[-1], side="right"))
