"""Scripts: whether a reader of one language can read a word of another."""

from __future__ import annotations

import unicodedata


def scripts(word: str) -> frozenset[str]:
    """Return the scripts of the letters in ``word``: ``LATIN``, ``CJK``, ``CYRILLIC``, ...

    They are the first words of Unicode's names of letters; digits and signs belong to none.
    """
    letters = (c for c in unicodedata.normalize("NFKC", word) if c.isalpha())
    return frozenset(unicodedata.name(c, "UNKNOWN").split()[0] for c in letters)
