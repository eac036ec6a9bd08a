"""Facets: what fails, where and for whom, post by post."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from detector.language.components import Components, Own, components_in, parse_components
from detector.language.normalise import MENTION, URL, fold, fold_all
from detector.language.vocabulary import Vocabulary, parse_vocabulary

FACETS = ("component", "region", "platform")

SEPARATOR = ";"
"""Stands between the values of a facet: ``"pictures;text"``; no value is the empty text."""


@dataclass(frozen=True, slots=True, eq=False)
class FacetLexicon:
    """The words for components, places and platforms."""

    components: Components
    regions: Vocabulary
    platforms: Vocabulary


class Tags(NamedTuple):
    """What one post says fails, where, and on what; sorted, joined by `SEPARATOR`."""

    component: str
    region: str
    platform: str


def parse_facets(
    components_text: str, regions_text: str, platforms_text: str, own: Own | None = None
) -> FacetLexicon:
    """Return the lexicon of the three files in ``data/lexicon``, and a user's ``own`` components.

    Raises
    ------
    InputError
        If one of the texts is not TOML or has a wrong, missing or unknown key.
    """
    return FacetLexicon(
        components=parse_components(components_text, own),
        regions=parse_vocabulary(regions_text, what="the region lexicon"),
        platforms=parse_vocabulary(platforms_text, what="the platform lexicon"),
    )


def tag(posts: pd.DataFrame, lexicon: FacetLexicon) -> pd.DataFrame:
    """Return the facets of each complaint, on the index of ``posts``.

    Reads ``text`` and, if there, ``service``, ``region`` and ``platform``. Only statements count
    that say something fails: "text won't send, only voice works" is about text. Region and
    platform are those that the text names, else those of the post's own fields, in the words of
    the lexicon (a field in other words is kept as it is).

    Returns
    -------
    DataFrame
        Columns ``component, region, platform``; several values joined by `SEPARATOR`, ``""`` for
        none. Rows do not influence each other.
    """
    services = _column(posts, "service")
    texts = _statements(posts)
    in_text = [_read(text, service, lexicon) for text, service in zip(texts, services, strict=True)]
    tags = pd.DataFrame(in_text, columns=list(Tags._fields), index=posts.index, dtype=str)
    for facet, words in (("region", lexicon.regions), ("platform", lexicon.platforms)):
        named = tags[facet] != ""
        tags[facet] = tags[facet].where(named, _in_own_words(posts, facet, words))
    return tags


def _statements(posts: pd.DataFrame) -> Iterator[str]:
    folded = MENTION.sub(" ", URL.sub(" ", fold_all(posts["text"].fillna("").astype(str))))
    return iter(folded.split("\n")) if len(posts) else iter(())


def _read(folded: str, service: str, lexicon: FacetLexicon) -> Tags:
    said = lexicon.components.clauses.read(folded)
    spoken = "\n".join(said.failing)
    return Tags(
        component=_joined(components_in(said, lexicon.components.of(service))),
        region=_joined(lexicon.regions.found(spoken)),
        platform=_joined(lexicon.platforms.found(spoken)),
    )


def _in_own_words(posts: pd.DataFrame, column: str, words: Vocabulary) -> pd.Series[str]:
    """Return a field in the lexicon's words; each different value is looked up once."""
    shown = pd.Series(_column(posts, column), index=posts.index, dtype=str)
    known = {
        value: _joined(words.found(fold(value))) or value.strip().replace(SEPARATOR, ",")
        for value in shown.unique()
    }
    return shown.map(known)


def _column(posts: pd.DataFrame, name: str) -> list[str]:
    if name not in posts:
        return [""] * len(posts)
    return [str(value) for value in posts[name].fillna("")]


def _joined(values: frozenset[str]) -> str:
    return SEPARATOR.join(sorted(values))
