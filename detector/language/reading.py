"""One post read: what it says in the author's own words, and which service it is about."""

from __future__ import annotations

from dataclasses import dataclass

from detector.language.lexicon import Hit, Lexicon
from detector.language.normalise import MENTION, URL, own_words
from detector.language.services import Named, Names, about
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
    faults = [hit for hit in hits if lexicon.groups[hit.group].weight > 0]
    named = names.found(own, faults)
    if service := about(named, faults, own):
        longer = _longer_name(own, faults, named, lexicon)
        return Reading(own, hits, longer or service, discovered=bool(longer))
    starts = [hit.start for hit in faults if lexicon.groups[hit.group].names]
    subject = discovered(own, starts, lexicon.subject)
    return Reading(own, hits, subject, discovered=bool(subject))


def _longer_name(own: str, faults: list[Hit], named: tuple[Named, ...], lexicon: Lexicon) -> str:
    """Return the unlisted name of which a listed one is only the beginning or end, if any.

    Only where subject and fault are the whole text: 微信读书崩了 is about 微信读书, 成都健康码崩了
    about 成都健康码; but 微信朋友圈崩了 is about 微信, and in running text nobody can tell.
    """
    whole = [h for h in faults if lexicon.groups[h.group].names and h.end >= len(own) - 1]
    subject = lexicon.subject.before(own, whole[0].start) if whole else ""
    if len(named) != 1 or not subject or not own.startswith(subject):
        return ""
    rest = own[: named[0].start] + lexicon.subject.parts.sub("", subject[named[0].end :])
    return subject if rest and named[0].end <= len(subject) else ""
