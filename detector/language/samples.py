"""Evidence: a few complaints that stand for the rest, fit to be shown to strangers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from detector.language.normalise import MENTION, URL, fold_all
from detector.language.wording import Word, telling_words, words_of

LONGEST = 140
"""Characters of a sample; the rest is cut off."""

_LINK = re.compile(URL.pattern, re.IGNORECASE)
_MAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_NUMBER = re.compile(r"\d{5,}")
_ALIKE = 0.3  # share of common words from which two samples say the same


@dataclass(frozen=True, slots=True)
class Sample:
    """One complaint: when, and what was said, without links, mentions, addresses and numbers."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What people say in a surge.

    Attributes
    ----------
    samples : complaints of different authors that say different things, most telling first.
    words : what is said in the surge and not on ordinary days, most telling first.
    """

    samples: tuple[Sample, ...]
    words: tuple[Word, ...]


NOTHING = Evidence((), ())
"""What nobody asked for."""


def gather_evidence(
    surge: pd.DataFrame, usual: pd.DataFrame, *, limit: int = 5, words: int = 12
) -> Evidence:
    """Return at most ``limit`` samples and ``words`` words of the surge.

    Both tables hold complaints about one service (``time, text``, optionally ``author``), ``usual``
    those of ordinary days. The same rows in any order give the same evidence.
    """
    telling = telling_words(surge["text"].tolist(), usual["text"].tolist(), limit=words)
    return Evidence(tuple(_samples(surge, telling, limit)), telling)


def mask(text: str) -> str:
    """Return ``text`` on one line, cut to `LONGEST`, without what identifies or could do harm.

    Examples
    --------
    >>> mask("@ann WeChat is down, call 13800138000 https://t.co/x")
    '[user] WeChat is down, call [number] [link]'
    """
    plain = "".join(" " if unicodedata.category(c) in _HARMFUL else c for c in text)
    plain = MENTION.sub("[user]", _MAIL.sub("[mail]", _LINK.sub("[link]", plain)))
    plain = " ".join(_NUMBER.sub("[number]", plain).split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


# Control and bidirectional characters, lone surrogates, line and paragraph separators.
_HARMFUL = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def _samples(surge: pd.DataFrame, telling: Sequence[Word], limit: int) -> Iterator[Sample]:
    """Yield the most telling complaints, passing over known authors and things said already."""
    authors: set[str] = set()
    said: list[frozenset[str]] = []
    for at, author, text, words in _by_weight(surge, telling):
        if len(said) == limit:
            return
        if author in authors or any(_alike(words, other) for other in said):
            continue
        said.append(words)
        if author:
            authors.add(author)
        yield Sample(at, mask(text))


def _by_weight(
    surge: pd.DataFrame, telling: Sequence[Word]
) -> list[tuple[datetime, str, str, frozenset[str]]]:
    """Return time, author, text and words of each complaint, the most telling and short first."""
    weights = {word.text: word.z for word in telling}
    texts = surge["text"].fillna("").astype(str).tolist()
    authors = surge["author"].fillna("").astype(str) if "author" in surge else [""] * len(surge)
    bags = [words_of(line) for line in fold_all(texts).split("\n")] if texts else []
    rows = zip(surge["time"].dt.to_pydatetime(), authors, texts, bags, strict=True)

    def order(row: tuple[datetime, str, str, frozenset[str]]) -> tuple[float, datetime, str, str]:
        at, author, text, words = row
        weight = sum(weights.get(word, 0.0) for word in words) / (20 + len(text))
        return -weight, at, text, author

    return sorted(rows, key=order)


def _alike(left: frozenset[str], right: frozenset[str]) -> bool:
    return left == right or len(left & right) > _ALIKE * min(len(left), len(right))
