"""One post read: what it says in the author's own words, and which service it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detector.complaints.discovered_names import discovered
from detector.complaints.languages import NO_STEMS, FaultStems, Stems
from detector.complaints.lexicon import Hit, Lexicon
from detector.complaints.normalise import CJK, MENTION, URL, own_words
from detector.complaints.service_names import Named, Names, about

_LONG, _LONG_LATIN = 140, 300
_PARTICLES = "吗啊吧呢啦哦呀嘛哈诶唉怎是我你什还上的登又也没在了后致导大多称进用家服炸崩搞害"
_LONGEST_PREFIX = 6
_SENTENCE = re.compile(r"(?<=[。！？!?；;…])|(?<=\.)\s|(?<=# )")


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known about one post before it is judged.

    Attributes
    ----------
    own : the author's own words, folded; links are ``<url>``; of a long text the telling part.
    hits : lexicon phrases in ``own``, by place.
    service : canonical name, discovered subject, or ``""``.
    discovered : whether the text names a service that was not configured.
    given : whether only the row named the service; a Chinese text that names one itself is read
        as if the row had not.
    place : where ``own`` names it, ``[start, end)``; ``(0, 0)`` if it does not.
    is_system : whether a discovered service is plainly a system ("报名系统", "官网").
    no_service : whether ``own`` speaks of people or mishaps.
    guarded : whether what fails is a mood, a body, a price, a machine, and no service is known.
    stems : where words of any language speak of faults.
    """

    own: str
    hits: tuple[Hit, ...]
    service: str
    discovered: bool = False
    given: bool = False
    place: tuple[int, int] = (0, 0)
    is_system: bool = False
    no_service: bool = False
    guarded: bool = False
    stems: Stems = NO_STEMS


def read(
    folded: str, given: str, *, names: Names, lexicon: Lexicon, stems: FaultStems | None = None
) -> Reading:
    """Return the reading of one folded text; a ``given`` service is kept as it is.

    Parameters
    ----------
    stems : the fault words of all languages; without them only ``lexicon`` tells of faults.
    """
    own = URL.sub("<url>", own_words(folded))
    if len(own) > (_LONG if CJK.search(own) else _LONG_LATIN):
        own = _telling_part(own, names, lexicon)
    hits, faults = _hits(own, lexicon)
    found = NO_STEMS if stems is None else stems.found(own)
    words = (*faults, *(Hit("stem", start, end) for start, end in found.faults))
    named = names.found(own, words)
    chosen = about(named, words, own)
    subject, chinese = "", bool(CJK.search(own))
    if chinese or not given:
        subject = (_longer_name if chosen else _unlisted)(own, faults, named, lexicon)
    is_named = bool(subject) or chosen is not None
    service = given or subject or (chosen.service if chosen else "")
    return Reading(
        own=own,
        hits=hits,
        service=service,
        discovered=bool(subject),
        given=bool(given) and not (chinese and is_named),
        place=_place(own, subject, chosen),
        is_system=bool(subject) and lexicon.subject.is_system(subject),
        no_service=lexicon.subject.is_no_service(own),
        guarded=not (is_named or given)
        and any(lexicon.subject.forbids(own, start) for start in _naming(faults, lexicon)),
        stems=found,
    )


def _hits(own: str, lexicon: Lexicon) -> tuple[tuple[Hit, ...], tuple[Hit, ...]]:
    """Return the lexicon's phrases outside mentions, and those of them that speak of faults."""
    hits = lexicon.hits(MENTION.sub(lambda m: "@" * len(m[0]), own))
    return hits, tuple(hit for hit in hits if lexicon.groups[hit.group].weight > 0)


def _telling_part(own: str, names: Names, lexicon: Lexicon) -> str:
    """Return the sentence of a long text that tells most, with the one before it.

    The first with a service and a fault word, else the first with a fault word, else the first:
    a service named at the top of an essay has nothing to do with a fault word at its bottom.
    """
    sentences = [part for part in _SENTENCE.split(own) if part.strip()] or [own]
    found = [_hits(part, lexicon)[1] for part in sentences]
    whole = (i for i, hits in enumerate(found) if hits and names.found(sentences[i], hits))
    part = next(whole, next((i for i, hits in enumerate(found) if hits), 0))
    start = max(found[part][0].start - _LONG // 2, 0) if found[part] else 0
    before = "" if start or part == 0 else sentences[part - 1][-_LONG // 2 :]
    return f"{before} {sentences[part][start : start + _LONG]}".strip()


def _place(own: str, subject: str, chosen: Named | None) -> tuple[int, int]:
    if subject:
        start = max(own.find(subject), 0)
        return start, start + len(subject)
    return (chosen.start, chosen.end) if chosen else (0, 0)


def _unlisted(own: str, faults: Sequence[Hit], _named: Sequence[Named], lexicon: Lexicon) -> str:
    closing = [hit for hit in faults if _closes(own, hit.end)]
    return discovered(own, _naming(closing, lexicon), lexicon.subject)


def _naming(faults: Sequence[Hit], lexicon: Lexicon) -> list[int]:
    """Return where the fault words begin that may stand right behind their subject."""
    return [hit.start for hit in faults if lexicon.groups[hit.group].names]


def _closes(own: str, end: int) -> bool:
    """Return whether a clause may end at ``own[end]``: "X崩了吗", but not "X崩了他四十亿"."""
    return not CJK.match(own[end : end + 1]) or own[end] in _PARTICLES


def _longer_name(own: str, faults: Sequence[Hit], named: Sequence[Named], lexicon: Lexicon) -> str:
    """Return the unlisted name of which a listed one is only the beginning or end, if any.

    Only where subject and fault are the whole text: 微信占卜崩了 is about 微信占卜, 成都健康码崩了
    about 成都健康码; but 微信朋友圈崩了 is about 微信 and 支付宝小程序崩了 about 支付宝, of which
    they name a part, and in running text ("难怪有一会儿我微博崩了") nobody can tell.
    """
    whole = [h for h in faults if lexicon.groups[h.group].names and h.end >= len(own) - 1]
    subject = lexicon.subject.before(own, whole[0].start) if whole else ""
    if len(named) != 1 or not subject or not own.startswith(subject):
        return ""
    before = own[: named[0].start]
    if len(before) > _LONGEST_PREFIX or lexicon.subject.function.search(before):
        return ""
    rest = before + lexicon.subject.parts.sub("", subject[named[0].end :])
    return subject if rest and named[0].end <= len(subject) else ""
