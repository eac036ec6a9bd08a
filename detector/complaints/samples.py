"""What people say in a surge: telling words, and a few complaints that stand for the rest.

Chinese has no spaces. Runs of characters are good enough to compare and to choose complaints by;
people are only shown whole words (`whole_words`): pieces such as 微信发 are no words.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from detector.complaints.lexicon import Lexicon
from detector.complaints.normalise import MENTION, URL, fold_all

PRIOR = 1000.0
"""Weight of the prior, in words: how much the shared vocabulary pulls rare words together."""

LEAST = 5
"""Posts that must contain a word before it is reported."""

_RUN = re.compile(r"[a-z][a-z'\-]+|[\u3400-\u9fff]+")
_LATIN = re.compile(r"[a-z][a-z'\-]+")
#: As on Weibo, with a second sign at its end; or up to the next blank.
_HASHTAG = re.compile(r"#([^#\s]{2,20})#|#(\w{2,20})")
_LENGTHS = (2, 3, 4)
#: Gives the words of a folded text.
Split = Callable[[str], Iterable[str]]
_NEARLY_ALWAYS = 0.8
_SMALL_WORDS = frozenset(
    (
        *("a", "an", "and", "are", "at", "be", "but", "by", "do", "for", "from", "has", "have"),
        *("i", "if", "in", "is", "it", "it's", "its", "me", "my", "no", "not"),
        *("of", "on", "or", "so"),
        *("that", "the", "their", "there", "they", "this", "to", "was", "we", "what", "when"),
        *("will", "with", "you", "your"),
    )
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a run of Chinese characters, that sets the surge apart.

    Attributes
    ----------
    text : as folded.
    z : log-odds ratio against ordinary days in standard errors; larger is more telling.
    posts, usual_posts : posts that contain it, in the surge and on ordinary days.
    """

    text: str
    z: float
    posts: int
    usual_posts: int


def words_of(folded: str) -> frozenset[str]:
    """Return the words of a folded text: Latin words, and all runs of its Chinese characters."""
    return frozenset(word for run in _RUN.findall(folded) for word in _split(run))


def _split(run: str) -> Iterator[str]:
    if run[0] < "\u3400":
        if run not in _SMALL_WORDS:
            yield run
        return
    for n in _LENGTHS:
        for start in range(len(run) - n + 1):
            yield run[start : start + n]


def whole_words(lexicon: Lexicon | None) -> Split:
    """Return what gives the words of a folded text that a person would call words.

    These are Latin words, hashtags, and of Chinese what the lexicon knows: no fragments.
    """

    def split(folded: str) -> Iterator[str]:
        yield from (word for word in _LATIN.findall(folded) if word not in _SMALL_WORDS)
        yield from (whole or open_ended for whole, open_ended in _HASHTAG.findall(folded))
        if lexicon is not None:
            yield from _fault_words(folded, lexicon)

    return split


def _fault_words(folded: str, lexicon: Lexicon) -> Iterator[str]:
    """Yield the Chinese phrases in a folded text that speak of faults."""
    for hit in lexicon.hits(folded):
        phrase = folded[hit.start : hit.end]
        if lexicon.groups[hit.group].weight > 0 and phrase[0] >= "\u3400" and len(phrase) > 1:
            yield phrase


def telling_words(
    surge: Sequence[str], usual: Sequence[str], *, limit: int = 12, split: Split = words_of
) -> tuple[Word, ...]:
    """Return the words that tell the texts of ``surge`` from those of ``usual``, best first.

    Of Chinese runs that overlap, the longest that says the same is kept. Counted once per post.
    Links and mentions are left out.

    Parameters
    ----------
    split : gives the words of a folded text.

    References
    ----------
    Monroe, Colaresi and Quinn (2008), *Fightin' Words: lexical feature selection and evaluation
    for identifying the content of political conflict*, Political Analysis, equations 16 and 22.
    """
    now, before = _posts_with(surge, split), _posts_with(usual, split)
    words = [
        Word(text, z, now[text], before[text])
        for text, z in _z_scores(now, before)
        if z > 0 and now[text] >= LEAST
    ]
    words.sort(key=lambda word: (-word.z, word.text))
    chinese = {word.text: word for word in words if word.text[0] >= "\u3400"}
    best = (_grown(word, chinese) for word in words)
    return tuple(_without_parts(best, limit))


def _posts_with(texts: Sequence[str], split: Split) -> Counter[str]:
    counts: Counter[str] = Counter()
    if texts:
        folded = MENTION.sub(" ", URL.sub(" ", fold_all(texts)))
        for line in folded.split("\n"):
            counts.update(set(split(line)))
    return counts


def _z_scores(now: Counter[str], before: Counter[str]) -> Iterator[tuple[str, float]]:
    n, m = now.total(), before.total()
    if len(now.keys() | before.keys()) < 2:
        return  # the only word there is cannot stand out
    for word, posts in now.items():
        usual = before[word]
        prior = PRIOR * (posts + usual) / (n + m)
        here, there = posts + prior, usual + prior
        ratio = math.log(here / (n + PRIOR - here)) - math.log(there / (m + PRIOR - there))
        yield word, ratio / math.sqrt(1 / here + 1 / there)


def _without_parts(words: Iterable[Word], limit: int) -> list[Word]:
    """Return the first ``limit`` words; of runs that share characters only the first."""
    kept: list[Word] = []
    for word in words:
        if len(kept) == limit:
            break
        if not any(_touch(word.text, other.text) for other in kept):
            kept.append(word)
    return kept


def _grown(word: Word, longer: Mapping[str, Word]) -> Word:
    """Return the longest run around ``word`` that nearly always stands there ("没反": "没反应")."""
    around = [
        other
        for text, other in longer.items()
        if word.text in text and other.posts >= _NEARLY_ALWAYS * word.posts
    ]
    return max(around, key=lambda other: (len(other.text), other.z, other.text), default=word)


def _touch(left: str, right: str) -> bool:
    """Return whether two Chinese runs share two characters, or one begins as the other ends."""
    if left[0] < "\u3400" or right[0] < "\u3400":
        return left == right
    pairs = {left[i : i + 2] for i in range(len(left) - 1)}
    shared = any(right[i : i + 2] in pairs for i in range(len(right) - 1))
    return shared or left[-1] == right[0] or right[-1] == left[0]


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
    words : whole words that are said in the surge and not on ordinary days, most telling first.
    """

    samples: tuple[Sample, ...]
    words: tuple[Word, ...]


NOTHING = Evidence((), ())
"""What nobody asked for."""


def gather_evidence(
    surge: pd.DataFrame,
    usual: pd.DataFrame,
    *,
    limit: int = 5,
    words: int = 12,
    lexicon: Lexicon | None = None,
) -> Evidence:
    """Return at most ``limit`` samples and ``words`` words of the surge.

    Both tables hold complaints about one service (``time, text``, optionally ``author``), ``usual``
    those of ordinary days. The same rows in any order give the same evidence.

    Parameters
    ----------
    lexicon : what is a whole word in Chinese; without it no Chinese words are given.
    """
    texts, before = surge["text"].tolist(), usual["text"].tolist()
    telling = telling_words(texts, before, limit=words)
    shown = telling_words(texts, before, limit=words, split=whole_words(lexicon))
    return Evidence(tuple(_samples(surge, telling, limit)), shown)


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
