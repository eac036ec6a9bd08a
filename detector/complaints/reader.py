"""From posts to complaints: a probability, a service and a kind for every row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from ahocorasick_rs import AhoCorasick, MatchKind
from numpy.typing import NDArray

from detector.complaints.discovered_names import TAG
from detector.complaints.languages import FaultStems, Language, build_stems, with_local_names
from detector.complaints.lexicon import Lexicon, Services
from detector.complaints.normalise import fold_all
from detector.complaints.reading import Reading, read
from detector.complaints.service_names import Names, build_names

COUNTED = ("outage", "malfunction")
"""Kinds of complaints by people who cannot use a service themselves: what is counted."""

_ALPHANUMERIC = np.array([chr(code).isalnum() for code in range(128)])
_TAGS = np.array([ord("@"), ord("#")], dtype=np.uint32)


class Judge(Protocol):
    """What tells complaints from other readings: the `Classifier` of `complaints.classification`.

    Named here as a protocol because scikit-learn takes seconds to import and counts need none.
    """

    def judge(self, readings: Sequence[Reading]) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """Return the probability of a complaint and the kind of each reading."""


@dataclass(frozen=True, slots=True, eq=False)
class Sieve:
    """Names, fault words and stems of fault words in one automaton.

    Attributes
    ----------
    is_stem : shape (n_patterns,); a stem may be the beginning of a longer word.
    """

    automaton: AhoCorasick
    is_stem: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class PostReader:
    """Everything needed to read posts; build one with `build_reader` and keep it.

    Attributes
    ----------
    names : the aliases of all services.
    lexicon : fault words, of Chinese and English by what they say.
    stems : fault words of all languages.
    classifier : the trained model, or None: then the lexicon alone judges.
    sieve : finds any alias or fault phrase in one pass; a weak alias only as a tag or handle,
        since elsewhere it counts beside fault words only.
    """

    names: Names
    lexicon: Lexicon
    stems: FaultStems
    classifier: Judge | None
    sieve: Sieve

    def canonical(self, name: str) -> str:
        """Return the canonical name of the service that people call ``name``, else ``name``."""
        return self.names.canonical(name)


def build_reader(
    services: Services,
    lexicon: Lexicon,
    classifier: Judge | None = None,
    *,
    weak: Iterable[str] = (),
    languages: Sequence[Language] = (),
) -> PostReader:
    """Return a reader for ``services`` (canonical name to aliases; ``weak``: see `Names`).

    Parameters
    ----------
    languages : what people of other languages call them, and their words for faults.
    """
    names = build_names(*with_local_names(services, weak, languages))
    faults = [p for g in lexicon.groups.values() if g.weight > 0 for p in g.phrases]
    aliases = [f"{tag}{a}" if a in names.weak else a for a in names.aliases for tag in "@#"]
    stems = build_stems(languages)
    whole = sorted({*aliases, *faults})
    # A stem that asks for a blank finds the line break as well: the reading looks closer.
    known = {stem.strip() for stem in stems.phrases} - set(whole)
    patterns = (*whole, *sorted(known))
    is_stem = np.arange(len(patterns)) >= len(whole)
    sieve = Sieve(AhoCorasick(patterns, matchkind=MatchKind.Standard), is_stem)
    return PostReader(names, lexicon, stems, classifier, sieve)


def read_posts(reader: PostReader, posts: pd.DataFrame, *, unnamed: bool = True) -> pd.DataFrame:
    """Return ``posts`` with what each says about a service.

    Reads ``text`` and, if there, ``service`` (a given one is kept). Adds or replaces

    ``complaint``  probability in [0, 1] that the author says an online service fails now;
    ``service``    canonical name, else the subject of the fault ("X崩了"), else ``""``;
    ``discovered`` whether that subject is no configured service;
    ``kind``       one of `detector.complaints.classification.classifier.KINDS`.

    Rows do not influence each other. With ``unnamed=False`` rows without a service are 0 and
    unrelated: who counts complaints per service has no use for them. Those with neither a given
    service nor an alias or fault word are then dropped before anything slow.
    """
    given = _given(posts)
    readings, rows = _candidates(reader, posts["text"], given, unnamed=unnamed)
    complaint, kind = np.zeros(len(posts)), np.full(len(posts), "unrelated", dtype=object)
    complaint[rows], kind[rows] = judge(reader, readings)
    service, is_new = given.copy(), np.zeros(len(posts), dtype=bool)
    service[rows] = np.array([r.service for r in readings], dtype=object)
    is_new[rows] = [r.discovered for r in readings]
    is_new &= given == ""
    return posts.assign(complaint=complaint, service=service, discovered=is_new, kind=kind)


def read_titles(reader: PostReader, titles: pd.DataFrame) -> pd.DataFrame:
    """Return trending ``titles`` (column ``text``) with the columns that `read_posts` adds.

    A title is a headline about a subject ("微信崩了", "Apex服务器"): the hash signs that some
    lists put around it go.
    """
    return read_posts(reader, titles.assign(text=titles["text"].str.strip("# \t")))


def judge(
    reader: PostReader, readings: Sequence[Reading]
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Return probability of a complaint and kind of each reading, shapes (n_readings,)."""
    if reader.classifier is None:
        return _judge_by_words(reader.lexicon, readings)
    return reader.classifier.judge(readings)


def _judge_by_words(
    lexicon: Lexicon, readings: Sequence[Reading]
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    chances = [lexicon.probability(r.hits, has_service=bool(r.service)) for r in readings]
    kinds = [lexicon.kind(r.hits, p) for r, p in zip(readings, chances, strict=True)]
    return np.array(chances, dtype=np.float64), np.array(kinds, dtype=object)


def _given(posts: pd.DataFrame) -> NDArray[np.object_]:
    if "service" not in posts:
        return np.full(len(posts), "", dtype=object)
    return posts["service"].fillna("").astype(object).to_numpy()


def _candidates(
    reader: PostReader, texts: pd.Series[str], given: NDArray[np.object_], *, unnamed: bool
) -> tuple[list[Reading], NDArray[np.intp]]:
    """Return the readings of the rows worth reading, and their positions, ascending."""
    folded = fold_all(texts.fillna("").astype(str))
    lines = folded.split("\n")
    if unnamed:
        rows = np.flatnonzero([bool(line.strip()) for line in lines[: len(texts)]])
    else:
        found = np.union1d(_rows_with_hits(reader.sieve, folded), _rows_with_tags(folded))
        rows = np.union1d(np.flatnonzero(given != ""), found)
    readings = [
        read(
            lines[row],
            given[row],
            names=reader.names,
            lexicon=reader.lexicon,
            stems=reader.stems,
        )
        for row in rows.tolist()
    ]
    worth = [unnamed or bool(r.service) for r in readings]
    return [r for r, keep in zip(readings, worth, strict=True) if keep], rows[worth]


def _rows_with_hits(sieve: Sieve, folded: str) -> NDArray[np.intp]:
    """Return the numbers of the lines of ``folded`` in which the sieve finds anything alone."""
    found = sieve.automaton.find_matches_as_indexes(folded, overlapping=True)
    spans = np.array(found, dtype=np.intp).reshape(-1, 3)
    chars = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    alone = _stand_alone(chars, spans[:, 1], spans[:, 2], open_end=sieve.is_stem[spans[:, 0]])
    starts = spans[alone, 1]
    return np.unique(np.searchsorted(np.flatnonzero(chars == ord("\n")), starts))


def _rows_with_tags(folded: str) -> NDArray[np.intp]:
    """Return the numbers of the lines of ``folded`` with a hashtag like "#Xdown"."""
    starts = [match.start() for match in TAG.finditer(folded)]
    if not starts:
        return np.empty(0, dtype=np.intp)
    line_ends = [match.start() for match in re.finditer("\n", folded)]
    return np.searchsorted(np.array(line_ends, dtype=np.intp), starts)


def _stand_alone(
    chars: NDArray[np.uint32],
    starts: NDArray[np.intp],
    ends: NDArray[np.intp],
    *,
    open_end: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return `stands_alone` for many spans at once, or true where a tag or handle begins.

    Where ``open_end`` a longer word may go on behind the span.

    Only ASCII letters and digits are looked at: what else is glued on is sorted out by `read`.
    """
    letter = np.zeros(len(chars) + 1, dtype=bool)
    letter[:-1] = (chars < 128) & _ALPHANUMERIC[np.minimum(chars, 127)]
    glued_left = letter[starts] & letter[starts - 1]
    glued_right = letter[ends - 1] & letter[ends] & ~open_end
    before = np.append(chars, 0)[starts - 1]
    tagged = np.isin(before, _TAGS) | np.isin(np.append(chars, 0)[starts], _TAGS)
    return tagged | ~(glued_left | glued_right)
