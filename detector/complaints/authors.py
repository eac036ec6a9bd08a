"""How many people complain, which is not how many posts they write: authors, copies and links.

Four rules, each a function of the complaint and of what was said in the window before it:

1. An author counts once per service and window. Every author has a window of their own phase
   (a hash of the name), so that no wave of recounts comes at the full hour.
2. An author with more than `FLOOD` complaints in the window before is a machine and not counted.
3. Of near-identical texts (`copy_keys`) those of the first, fourth, sixteenth, ...
   author count: four times the copies add one author. Texts too short to be copied are exempt.
4. All posts with a link (not to a picture) count as copies of one another: who points elsewhere
   passes on what others say, and a press wave is no crowd of victims.

Texts are near-identical when bands of their sketches agree: MinHash over runs of four letters
(Broder 1997), banded for look-up (Leskovec, Rajaraman and Ullman, *Mining of Massive Datasets*,
2014, section 3.4). With 4 bands of 5 rows two texts of Jaccard similarity 0.9, 0.8, 0.6 and 0.5
meet with probability 0.97, 0.80, 0.28 and 0.12.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.complaints.normalise import MENTION, URL, fold_all
from detector.model.series import Ints
from detector.model.times import to_seconds

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

Bools = NDArray[np.bool_]

WINDOW = timedelta(hours=1)
_PICTURE = re.compile(r"pic\.twitter\.com|imgur\.com|\.(?:png|jpe?g|gif|webp)(?:$|\?)")
_EVEN_BITS = np.int64(0x5555555555555555)
_LINK = np.array([0x6C696E6B], dtype=np.uint64)

FLOOD = 60
"""Complaints about one service in one window that a person may write: one a minute."""


def count_authors(
    complaints: pd.DataFrame,
    *,
    width: timedelta,
    since: datetime | None = None,
    window: timedelta = WINDOW,
) -> pd.DataFrame:
    """Return how many posts and how many authors complain, per bin and service.

    Parameters
    ----------
    complaints : ``time`` (aware UTC), ``service``, ``text``, optionally ``author`` (missing or
        empty: unknown). In any order. They must reach back to ``since - window``.
    width : length of the bins, which start at 1970.
    since : left edge of the first bin to return; what is older is context. None: all bins, of
        which those in the first ``window`` may still change when earlier complaints are given.

    Returns
    -------
    DataFrame
        One row per bin and service with a complaint, by time, then service: ``time`` (left edge),
        ``service``, ``count`` (what to detect on: the voices), ``posts``, ``voices``, ``linked``
        (posts with a link) and ``counted``, which is ``posts`` where an author is unknown (rules 3
        and 4 alone then hold) and else ``voices``. A row depends only on complaints before its
        bin's right edge and less than ``window`` before it, so chunks do not matter.
    """
    ordered = in_order(complaints)
    known = _known_authors(ordered)
    heard = counts_as_author(ordered, window=window)
    step = int(width.total_seconds())
    lefts = _seconds(ordered) // step * step
    table = pd.DataFrame(
        {
            "time": pd.to_datetime(lefts, unit="s", utc=True),
            "service": ordered["service"].to_numpy(),
            "posts": np.ones(len(ordered), dtype=np.int64),
            "voices": heard.astype(np.int64),
            "linked": has_link(ordered["text"]).astype(np.int64),
            "unknown": (~known).astype(np.int64),
        }
    )
    if since is not None:
        table = table[lefts >= to_seconds(since)]
    bins = table.groupby(["time", "service"], as_index=False, sort=True).sum()
    bins.insert(2, "count", bins["voices"])
    bins["counted"] = np.where(bins.pop("unknown") > 0, "posts", "voices")
    return bins


def counts_as_author(ordered: pd.DataFrame, *, window: timedelta = WINDOW) -> Bools:
    """Return which of the complaints, as `in_order` puts them, count as an author; shape (n,)."""
    if ordered.empty:
        return np.zeros(0, dtype=bool)
    time, span = _nanoseconds(ordered), int(window.total_seconds() * 1e9)
    service = _hash(ordered["service"])
    known = _known_authors(ordered)
    # Somebody unknown is somebody else each time.
    name = np.where(known, _hash(_authors(ordered)), np.arange(len(ordered), dtype=np.uint64))
    author = _mix(name, service)
    first = _ranks(author, _windows(author, time, span)) == 0
    person = ~known | (first & (_recent(author, time, span) <= FLOOD))
    copy = _is_mere_copy(ordered["text"], service, author, time, span)
    copy |= _is_one_more_link(has_link(ordered["text"]), service, author, time, span)
    return np.asarray(person & ~copy, dtype=bool)


def has_link(texts: pd.Series[str]) -> Bools:
    """Return which texts hold a link to something other than a picture; shape (n,)."""
    return np.array(
        ["." in text and _points_elsewhere(text) for text in texts.tolist()], dtype=bool
    )


def _points_elsewhere(text: str) -> bool:
    return any(not _PICTURE.search(link) for link in URL.findall(text))


def _is_mere_copy(
    texts: pd.Series[str], service: UInts, author: UInts, time: Ints, span: int
) -> Bools:
    """Return which texts repeat others of their window without quadrupling their number."""
    keys, judged = copy_keys(texts.tolist())
    mere = np.zeros(len(texts), dtype=bool)
    if judged.any():
        bands = [_mix(keys[judged, band], service[judged]) for band in range(BANDS)]
        sayers = [_sayer(band, author[judged], time[judged], span) for band in bands]
        mere[judged] = ~_counts_still(np.max(sayers, axis=0))
    return mere


def _is_one_more_link(linked: Bools, service: UInts, author: UInts, time: Ints, span: int) -> Bools:
    """Return which posts with a link do not quadruple the number of those in the window."""
    more = linked.copy()
    if linked.any():
        nth = _sayer(_mix(service, _LINK)[linked], author[linked], time[linked], span)
        more[linked] = ~_counts_still(nth)
    return more


def _counts_still(nth: Ints) -> Bools:
    """Return which numbers are powers of four: one bit, at an even place."""
    return np.asarray(((nth & (nth - 1)) == 0) & ((nth & _EVEN_BITS) != 0), dtype=bool)


def _sayer(band: UInts, author: UInts, time: Ints, span: int) -> Ints:
    """Return the number, from one, of the author among those who say this in the window."""
    window = _windows(band, time, span)
    new = _ranks(_mix(band, author), window) == 0
    frame = pd.DataFrame({"key": band, "window": window, "new": new})
    return np.asarray(frame.groupby(["key", "window"], sort=False)["new"].cumsum(), dtype=np.int64)


def _windows(keys: UInts, time: Ints, span: int) -> Ints:
    """Return the number of the window that each row falls into; the key sets its phase."""
    phase = (keys % np.uint64(span)).astype(np.int64)
    return np.asarray((time - phase) // span, dtype=np.int64)


def _ranks(keys: UInts, windows: Ints) -> Ints:
    """Return how many earlier rows share the row's key and window."""
    frame = pd.DataFrame({"key": keys, "window": windows})
    ranks = frame.groupby(["key", "window"], sort=False).cumcount()
    return np.asarray(ranks, dtype=np.int64)


def _recent(keys: UInts, time: Ints, span: int) -> Ints:
    """Return how many earlier rows with the row's key lie less than ``span`` before it."""
    codes = pd.factorize(keys)[0]
    order = np.lexsort((time, codes))
    # Milliseconds, one block of time per key with a gap of a span between, fit into 63 bits.
    moment = (time - time[0]) // 1_000_000
    block = moment[-1] + span // 1_000_000 + 1
    place = codes[order] * block + moment[order]
    recent = np.empty(len(keys), dtype=np.int64)
    recent[order] = np.arange(len(keys)) - np.searchsorted(place, place - span // 1_000_000)
    return recent


def in_order(complaints: pd.DataFrame) -> pd.DataFrame:
    """Return time, service, text and author, ascending in time.

    Complaints of one instant stand in an order of their own content. Texts are plain objects:
    what follows reads them one by one.
    """
    columns = {
        "time": complaints["time"],
        "service": complaints["service"].astype(object),
        "text": complaints["text"].fillna("").astype(object),
        "author": _authors(complaints).astype(object),
    }
    plain = pd.DataFrame(columns, index=complaints.index)
    order = np.lexsort((_hash(plain["author"]), _hash(plain["text"]), _nanoseconds(plain)))
    return plain.iloc[order]


def _authors(complaints: pd.DataFrame) -> pd.Series[str]:
    if "author" in complaints:
        return complaints["author"].fillna("").astype(str)
    return pd.Series("", index=complaints.index, dtype=str)


def _known_authors(complaints: pd.DataFrame) -> Bools:
    return np.asarray(_authors(complaints) != "", dtype=bool)


def _hash(texts: pd.Series[str]) -> UInts:
    return pd.util.hash_array(texts.to_numpy(dtype=object), categorize=True)


def _mix(left: UInts, right: UInts) -> UInts:
    mixed = (left ^ (right * np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)


def _nanoseconds(complaints: pd.DataFrame) -> Ints:
    return pd.DatetimeIndex(complaints["time"]).as_unit("ns").asi8


def _seconds(complaints: pd.DataFrame) -> Ints:
    return _nanoseconds(complaints) // 1_000_000_000


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
