"""Near-identical texts: sketches whose bands agree when two texts share most of their words.

MinHash over runs of four letters (Broder 1997), banded for look-up (Leskovec, Rajaraman and Ullman,
*Mining of Massive Datasets*, 2014, section 3.4): with 4 bands of 5 rows two texts of Jaccard
similarity 0.9, 0.8, 0.6 and 0.5 meet with probability 0.97, 0.80, 0.28 and 0.12.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.language.normalise import MENTION, URL, fold_all

UInts = NDArray[np.uint64]

BANDS, ROWS, SHINGLE = 4, 5, 4

ENOUGH_TO_COPY = 16.0
"""Information, in Chinese characters, under which the same words are no sign of copying.

"微信崩了" and "is wechat down?" are written by thousands independently.
"""

_BARE_PICTURE = re.compile(r"\bpic\.twitter\.com/\w+")
_LATIN_LETTER = 0.4  # a Chinese character says about what two and a half Latin letters say
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIXERS = np.random.default_rng(20130722).integers(1, 1 << 63, BANDS * ROWS, dtype=np.uint64) | 1


def copy_keys(texts: Sequence[str]) -> tuple[UInts, NDArray[np.bool_]]:
    """Return keys by which near-identical texts meet, and which texts are long enough to judge.

    Links, mentions, digits, punctuation, spaces, emoji, width, case and script do not matter.

    Returns
    -------
    keys : shape (n_texts, BANDS); two texts are taken for copies if any of their keys agrees.
    judged : shape (n_texts,), False where `ENOUGH_TO_COPY` is not reached (keys are then 0).
    """
    letters, owner = _letters(texts)
    sizes = np.where(letters >= 0x2E80, 1.0, _LATIN_LETTER)
    judged = np.bincount(owner, sizes, minlength=len(texts)) >= ENOUGH_TO_COPY
    keys = np.zeros((len(texts), BANDS), dtype=np.uint64)
    if judged.any():
        keep = judged[owner]
        keys[judged] = _bands(*_shingles(letters[keep], owner[keep]))
    return keys, judged


def _letters(texts: Sequence[str]) -> tuple[UInts, NDArray[np.intp]]:
    """Return all letters as code points, and the number of the text that each belongs to."""
    folded = MENTION.sub("", _BARE_PICTURE.sub("", URL.sub("", fold_all(texts))))
    chars = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owner = np.cumsum(chars == ord("\n"))
    is_letter = _are_letters(chars)
    return chars[is_letter].astype(np.uint64), owner[is_letter]


def _are_letters(chars: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which code points are letters; each different one is looked up once."""
    table = np.zeros(sys.maxunicode + 1, dtype=bool)
    table[chars] = True
    known = np.flatnonzero(table)
    table[known] = [chr(c).isalpha() for c in known.tolist()]
    return table[chars]


def _shingles(letters: UInts, owner: NDArray[np.intp]) -> tuple[UInts, NDArray[np.intp]]:
    """Return a hash of every run of `SHINGLE` letters of one text, and the run's text."""
    n = len(letters) - SHINGLE + 1
    hashes = np.zeros(n, dtype=np.uint64)
    for i in range(SHINGLE):
        hashes = (hashes + letters[i : i + n]) * _MULTIPLIER
    whole = owner[:n] == owner[SHINGLE - 1 :]
    return hashes[whole], owner[:n][whole]


def _bands(hashes: UInts, owner: NDArray[np.intp]) -> UInts:
    """Return one key per band and text, shape (n_owners, BANDS), texts in order."""
    firsts = np.flatnonzero(np.diff(owner, prepend=-1))
    keys = np.zeros((len(firsts), BANDS), dtype=np.uint64)
    for row, mixer in enumerate(_MIXERS):
        mixed = (hashes ^ (hashes >> np.uint64(29))) * mixer
        band = row // ROWS
        smallest = np.minimum.reduceat(mixed ^ (mixed >> np.uint64(32)), firsts)
        keys[:, band] = (keys[:, band] ^ smallest) * _MULTIPLIER
    return keys
