"""One post read: what it says in the author's own words, and which service it is about."""

from __future__ import annotations

from dataclasses import dataclass

from detector.language.lexicon import Hit, Lexicon
from detector.language.normalise import MENTION, URL, own_words
from detector.language.services import Names, about
from detector.language.subjects import discovered


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known about one post before it is judged.

    Attributes
    ----------
    own : the author's own words, folded; links blanked out.
    hits : lexicon phrases in ``own``, by place.
    service : canonical name, discovered subject, or ``""``.
    discovered : whether ``service`` was not configured.
    """

    own: str
    hits: tuple[Hit, ...]
    service: str
    discovered: bool


def read(folded: str, given: str, *, names: Names, lexicon: Lexicon) -> Reading:
    """Return the reading of one folded text; a ``given`` service is kept as it is."""
    own = URL.sub("<url>", own_words(folded))
    hits = lexicon.hits(MENTION.sub(lambda m: "@" * len(m[0]), own))
    if given:
        return Reading(own, hits, given, discovered=False)
    fault = [hit for hit in hits if lexicon.groups[hit.group].weight > 0]
    if service := about(names.found(own, fault), fault, own):
        return Reading(own, hits, service, discovered=False)
    subject = discovered(own, fault, lexicon)
    return Reading(own, hits, subject, discovered=bool(subject))
